package tapedeck.protocol.mpegts;

import java.net.InetSocketAddress;

/// Whoever sends a transport stream. Everything runs on its event loop.
interface TsPeer {
    InetSocketAddress address();

    /// Its address and port in words.
    String name();

    /// Runs the task on the peer's event loop, after what runs there now; from any thread. Dropped after the end.
    void execute(Runnable task);

    /// True reads on a tick from now on, false at once.
    void paced(boolean tick);

    /// Ends the conversation; [TsIngest#ended] is called then.
    void end(String reason);
}
