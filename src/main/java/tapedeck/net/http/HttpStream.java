package tapedeck.net.http;

import tapedeck.bytes.Bytes;

/// An answer that goes on as long as there is something to say: its parts are written from any thread, one after the
/// other, and no call blocks.
public interface HttpStream {
    /// Told when a part was taken; perhaps before [#write] returns. Must not block.
    interface Taken {
        void taken();

        /// The peer is gone, or took nothing for too long: nothing more can be written.
        void gone();
    }

    /// Sends a part. The next one may follow when this one was taken.
    void write(Bytes part, Taken taken);

    /// Ends the answer as a whole one; not while a part is being written.
    void end();

    /// Closes the connection in the middle of the answer, so that the peer sees that something is missing. What is
    /// being written is told to be [Taken#gone].
    void cut();
}
