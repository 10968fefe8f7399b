package tapedeck.relay;

import java.io.IOException;
import java.util.Set;
import tapedeck.stream.Publisher;

/// A protocol that can fetch a stream from another server.
public interface PullClient {
    /// Of the addresses it understands, in small letters: `rtsp`, `rtsps` …
    Set<String> schemes();

    /// What the stream counts as, for rights, settings of recording, and statistics.
    Publisher.Protocol protocol();

    /// One connection from connecting to its end, on a virtual thread of its own. Returns when the source says that the
    /// stream is over.
    ///
    /// @throws RelayRefusedException if there is no use to try again
    /// @throws IOException if it could not connect, broke, or was refused; users see the message. It is tried again
    /// @throws tapedeck.bytes.MalformedException if the source says what cannot be; counts as broken
    /// @throws InterruptedException if somebody ended the pull: the connection is closed then
    void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException;
}
