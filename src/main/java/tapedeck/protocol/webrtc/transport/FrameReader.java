package tapedeck.protocol.webrtc.transport;

import io.netty.buffer.ByteBuf;
import tapedeck.bytes.MalformedException;

/// Takes the frames of RFC 4571 2 out of a TCP connection's bytes, however these are cut.
///
/// ```
/// | length (16) | datagram … | length (16) | datagram …
/// ```
final class FrameReader {
    static final int LENGTH_BYTES = 2;
    /// As for UDP: what is longer was not made for a network.
    static final int MAX_FRAME_BYTES = UdpSocket.MAX_DATAGRAM_BYTES;

    private static final byte[] NONE = {};

    private final Receiver receiver;
    /// Made with the first bytes.
    private byte[] frame = NONE;
    /// Of the frame that is being read; -1 while its length is not known.
    private int length = -1;
    private int have;

    /// Takes one datagram, at `[0, length)` of an array that is used again.
    interface Receiver {
        void received(byte[] bytes, int length);
    }

    FrameReader(Receiver receiver) {
        this.receiver = receiver;
    }

    /// Takes all of `bytes`. An empty frame says nothing and is skipped, RFC 4571 2.
    void read(ByteBuf bytes) {
        if (frame.length == 0) {
            frame = new byte[MAX_FRAME_BYTES];
        }
        while (bytes.isReadable()) {
            int wanted = length < 0 ? LENGTH_BYTES : length;
            int count = Math.min(wanted - have, bytes.readableBytes());
            bytes.readBytes(frame, have, count);
            have += count;
            if (have < wanted) {
                return;
            }
            have = 0;
            if (length < 0) {
                length = frameLength();
            } else {
                length = -1;
                receiver.received(frame, wanted);
            }
        }
    }

    private int frameLength() {
        int announced = (frame[0] & 0xFF) << 8 | frame[1] & 0xFF;
        if (announced > MAX_FRAME_BYTES) {
            throw new MalformedException(
                    "RFC 4571 frame of %d bytes, at most %d allowed".formatted(announced, MAX_FRAME_BYTES));
        }
        return announced == 0 ? -1 : announced;
    }
}
