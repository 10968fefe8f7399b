package tapedeck.relay;

import java.time.Instant;
import tapedeck.stream.StreamName;

/// How one pull or push does.
///
/// @param id unique on the server; that of its session too
/// @param address without password, values of parameters and, where RTMP is sent to, the last part of the path
/// @param mediaSessionId of the stream that is live because of a pull, or that is pushed now; "" where there is none
/// @param attempts connections that were tried so far
/// @param lastError why the last connection failed, "" where none did
/// @param leftOut which codecs of the stream the last connection did not take along, in words; "" where it took all
/// @param since when it got into this state
/// @param configured whether a setting asked for it, and not somebody over REST
public record RelayReport(
        String id,
        Direction direction,
        StreamName stream,
        String address,
        String mediaSessionId,
        State state,
        long attempts,
        String lastError,
        String leftOut,
        Instant startedAt,
        Instant since,
        boolean configured) {

    public enum Direction {
        PULL,
        PUSH
    }

    public enum State {
        /// On the way to the other side.
        CONNECTING,
        /// Media flows.
        ACTIVE,
        /// For the next try, or for the stream that is to be pushed.
        WAITING,
        ENDED
    }
}
