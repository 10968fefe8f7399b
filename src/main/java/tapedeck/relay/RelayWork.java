package tapedeck.relay;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tapedeck.stream.Publisher;
import tapedeck.stream.SessionReport;

/// What a [Relay] does again and again: fetch or send.
sealed interface RelayWork permits Pull, Push {
    Set<String> schemes();

    Publisher.Protocol protocol();

    RelayReport.Direction direction();

    /// Waits until there is a reason to connect.
    ///
    /// @return false if there will be none
    boolean awaitReason() throws InterruptedException;

    /// One connection. Returns when the stream is over.
    void connect(RelayTarget target) throws IOException, InterruptedException;

    /// There is no connection, for so long or more: what would be kept over a short while may end.
    ///
    /// @return after how many nanoseconds it would do something, if nothing changes; [Long#MAX_VALUE] for nothing
    long idle(long nowNanos);

    /// What can be done with the connection of the moment.
    default Optional<PullControls> controls() {
        return Optional.empty();
    }

    /// The stream that it is about now; "" for none.
    String mediaSessionId();

    List<SessionReport.TrackReport> tracks();

    /// There will be no more connections.
    void close(String reason);
}
