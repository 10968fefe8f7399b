package tapedeck.rtp.payload;

import java.util.Arrays;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The parts of a frame that is not whole yet, one behind the other in a buffer that the next frame uses again: packets
/// are only lent ([Depacketizer#packet]), and a buffer that stays in the processor's cache takes them at a fraction of
/// what new memory costs.
final class Pieces {
    /// More than a keyframe of any live stream.
    static final int MAX_FRAME_BYTES = 8 << 20;

    static final int MAX_PIECES = 16_384;

    /// What a larger frame needed is given back behind it. Keyframes of usual streams fit.
    static final int KEPT_BYTES = 256 * 1024;

    private static final int FIRST_BYTES = 2048;

    private final String codecName;
    private byte[] bytes = {};
    private int filled;
    private int count;
    /// Of what was filled, those that a codec's own framing added.
    private int framing;

    Pieces(String codecName) {
        this.codecName = codecName;
    }

    void add(Bytes piece) {
        if (count == MAX_PIECES || piece.length() > MAX_FRAME_BYTES - (filled - framing)) {
            throw new MalformedException(
                    "%s: frame of %d bytes in %d parts".formatted(codecName, filled - framing, count + 1));
        }
        reserve(piece.length());
        piece.copyTo(0, bytes, filled, piece.length());
        filled += piece.length();
        count++;
    }

    /// The lowest bytes of `value`, which were not part of any packet and do not count towards the limit.
    void addFraming(long value, int byteCount) {
        reserve(byteCount);
        for (int shift = 8 * (byteCount - 1); shift >= 0; shift -= 8) {
            bytes[filled++] = (byte) (value >> shift);
        }
        framing += byteCount;
    }

    /// Writes over four bytes.
    void patch32(int at, int value) {
        for (int i = 0; i < Integer.BYTES; i++) {
            bytes[at + i] = (byte) (value >> 24 - 8 * i);
        }
    }

    private void reserve(int more) {
        if (more > bytes.length - filled) {
            bytes = Arrays.copyOf(bytes, Math.max(filled + more, Math.max(FIRST_BYTES, 2 * bytes.length)));
        }
    }

    /// All of it, framing included.
    int sizeBytes() {
        return filled;
    }

    int count() {
        return count;
    }

    int framingBytes() {
        return framing;
    }

    /// What stays for the next frame.
    int roomBytes() {
        return bytes.length;
    }

    int u8(int at) {
        return bytes[at] & 0xFF;
    }

    /// As it was when [#sizeBytes], [#count] and [#framingBytes] were these.
    void cut(int size, int pieces, int framingBytes) {
        filled = size;
        count = pieces;
        framing = framingBytes;
    }

    void clear() {
        cut(0, 0, 0);
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[0];
        }
    }

    void copyTo(int from, byte[] target, int at, int length) {
        System.arraycopy(bytes, from, target, at, length);
    }

    /// All pieces in an array of their own, with so much room behind them.
    byte[] joined(int room) {
        byte[] frame = Arrays.copyOf(bytes, filled + room);
        // What an earlier frame left there.
        Arrays.fill(frame, filled, frame.length, (byte) 0);
        return frame;
    }
}
