package tapedeck.relay;

import java.io.IOException;
import java.util.Set;
import tapedeck.stream.Publisher;

/// A protocol that can send a stream to another server.
public interface PushClient {
    /// Of the addresses it understands, in small letters: `rtmp`, `rtmps` …
    Set<String> schemes();

    /// What the connection counts as in statistics.
    Publisher.Protocol protocol();

    /// One connection from connecting to its end, on a virtual thread of its own. Returns when the stream is over and
    /// the target knows.
    ///
    /// @throws RelayRefusedException if there is no use to try again
    /// @throws IOException if it could not connect, broke, or was refused; users see the message. It is tried again
    /// @throws tapedeck.bytes.MalformedException if the target says what cannot be; counts as broken
    /// @throws InterruptedException if somebody ended the push: the connection is closed then
    void push(RelayTarget target, PushSource source) throws IOException, InterruptedException;
}
