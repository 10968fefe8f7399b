package tapedeck.stream;

/// Who publishes a stream, and what is known of it before the first frame.
///
/// @param address the peer's address and port
/// @param sessionId unique to the peer's connection
/// @param login the user's name, or one made at random where the peer gave none
/// @param recording whether this publisher wants to be recorded
/// @param expects the kinds of track that the peer announced: a recorder waits for them a little while
public record Publisher(
        Protocol protocol, String address, String sessionId, String login, RecordWish recording, Expects expects) {

    public enum Protocol {
        RTMP,
        RTSP,
        WEBRTC,
        RTP,
        MPEGTS,
        LIVEFLV,
        HTTP
    }

    public enum RecordWish {
        AS_CONFIGURED,
        YES,
        NO
    }

    public enum Expects {
        VIDEO,
        AUDIO,
        BOTH,
        UNKNOWN;

        public boolean video() {
            return this == VIDEO || this == BOTH;
        }

        public boolean audio() {
            return this == AUDIO || this == BOTH;
        }
    }

    Publisher expecting(Expects kinds) {
        return new Publisher(protocol, address, sessionId, login, recording, kinds);
    }
}
