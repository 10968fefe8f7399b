package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The parts of a frame that is not whole yet, as slices of their packets: they are copied together once.
final class Pieces {
    /// More than a keyframe of any live stream.
    static final int MAX_FRAME_BYTES = 8 << 20;

    static final int MAX_PIECES = 16_384;

    private final String codecName;
    private final List<Bytes> pieces = new ArrayList<>();
    private int sizeBytes;

    Pieces(String codecName) {
        this.codecName = codecName;
    }

    void add(Bytes piece) {
        if (pieces.size() == MAX_PIECES || piece.length() > MAX_FRAME_BYTES - sizeBytes) {
            throw new MalformedException(
                    "%s: frame of %d bytes in %d parts".formatted(codecName, sizeBytes, pieces.size() + 1));
        }
        sizeBytes += piece.length();
        pieces.add(piece);
    }

    int sizeBytes() {
        return sizeBytes;
    }

    void clear() {
        pieces.clear();
        sizeBytes = 0;
    }

    /// All pieces in one array of `sizeBytes + room`, from its start on.
    byte[] joined(int room) {
        byte[] frame = new byte[sizeBytes + room];
        int at = 0;
        for (Bytes piece : pieces) {
            piece.copyTo(0, frame, at, piece.length());
            at += piece.length();
        }
        return frame;
    }
}
