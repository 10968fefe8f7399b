package tapedeck.protocol.webrtc.transport;

/// The turns of the loop that a port and its sessions live on, and the clock that they go by: of a [PeerPort], or one
/// that tests turn by hand.
public interface Turns {
    /// The monotonic clock of all sessions.
    long now();

    /// Runs `task` on the loop, but never at once: for callers that hold a lock, or walk through a list.
    void later(Runnable task);

    /// Runs `task` on the loop when this time has passed.
    void after(long nanos, Runnable task);

    /// Sends what was written.
    void flush();
}
