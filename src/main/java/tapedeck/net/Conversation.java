package tapedeck.net;

import io.netty.buffer.ByteBuf;

/// One peer's conversation on a [Connection], fed by its event loop and by no other thread.
///
/// A [tapedeck.bytes.MalformedException] out of any of these ends the connection with its message as the reason; any
/// other exception is a bug: it ends the connection too, and its stack is logged.
public interface Conversation {
    /// Bytes of the peer. The buffer is the loop's and is used again: all of it is consumed before this returns.
    void received(ByteBuf bytes);

    /// All that was there has been received, for now.
    default void receivedAll() {}

    /// The connection takes more bytes again after [Connection#isWritable()] was false.
    default void writable() {}

    /// Called once a second: the place for deadlines.
    void swept(long nowNanos);

    /// The last call, exactly one.
    void ended(String reason);
}
