package tapedeck.codec.vp9;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.BitReader;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The frames of one moment, VP9 bitstream specification annex B: one, or several with an index behind them. Of a
/// picture with spatial layers they are its layers, the smallest first, and each depends on none that follows.
///
/// ```
/// | frame 0 | frame 1 | … | 110 size bytes - 1, frames - 1 | size 0 | size 1 | … | the same mark again |
/// ```
public record Vp9Superframe(List<Bytes> frames) {
    /// frames_in_superframe_minus_1 has three bits.
    public static final int MAX_FRAMES = 8;

    private static final int MARK = 0xC0;
    private static final int MARK_BITS = 0xE0;
    /// Sizes of four bytes.
    private static final int OUR_SIZE_BYTES = 4;

    private static final int REFERENCES = 3;

    public Vp9Superframe {
        frames = List.copyOf(frames);
    }

    /// A frame that says nothing of an index is alone.
    public static Vp9Superframe parse(Bytes data) {
        if (data.isEmpty()) {
            throw new MalformedException("VP9 frame without a byte");
        }
        int mark = data.u8(data.length() - 1);
        int count = (mark & 7) + 1;
        int sizeBytes = (mark >> 3 & 3) + 1;
        int indexBytes = 2 + count * sizeBytes;
        int end = data.length() - indexBytes;
        if ((mark & MARK_BITS) != MARK || end < 0 || data.u8(end) != mark) {
            return new Vp9Superframe(List.of(data));
        }
        ByteReader in = data.slice(end + 1, data.length() - 1).reader();
        List<Bytes> frames = new ArrayList<>(count);
        int at = 0;
        for (int i = 0; i < count; i++) {
            long size = 0;
            for (int shift = 0; shift < 8 * sizeBytes; shift += 8) {
                size |= (long) in.u8() << shift;
            }
            if (size == 0 || size > end - at) {
                throw new MalformedException(
                        "VP9 superframe: a frame of %d bytes at %d of %d".formatted(size, at, end));
            }
            frames.add(data.slice(at, at + (int) size));
            at += (int) size;
        }
        return new Vp9Superframe(frames);
    }

    /// How long the index of so many frames is; nothing for one.
    public static int indexBytes(int count) {
        return count == 1 ? 0 : 2 + count * OUR_SIZE_BYTES;
    }

    /// Writes the index of frames of these sizes.
    public static void putIndex(List<Integer> sizes, byte[] out, int start) {
        int at = start;
        int mark = MARK | OUR_SIZE_BYTES - 1 << 3 | sizes.size() - 1;
        out[at++] = (byte) mark;
        for (int size : sizes) {
            for (int shift = 0; shift < 8 * OUR_SIZE_BYTES; shift += 8) {
                out[at++] = (byte) (size >> shift);
            }
        }
        out[at] = (byte) mark;
    }

    /// How many bytes the first frames have.
    public int bytes(int count) {
        int bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += frames.get(i).length();
        }
        return bytes;
    }

    /// The same without the frames behind the first ones.
    public Bytes first(int count) {
        List<Bytes> kept = frames.subList(0, count);
        if (count == 1) {
            return kept.getFirst();
        }
        List<Integer> sizes = kept.stream().map(Bytes::length).toList();
        int length = bytes(count);
        byte[] out = new byte[length + indexBytes(count)];
        int at = 0;
        for (Bytes frame : kept) {
            frame.copyTo(0, out, at, frame.length());
            at += frame.length();
        }
        putIndex(sizes, out, length);
        return Bytes.wrap(out);
    }

    /// The size of a picture.
    public record Size(int width, int height) {
        static final Size UNKNOWN = new Size(0, 0);
    }

    /// Of a keyframe: how large the picture is with the first frame, with the first two and so on, where each of them
    /// makes it larger. One size for any other.
    public List<Size> layers() {
        Vp9Header header = Vp9Header.parse(frames.getFirst());
        List<Size> sizes = new ArrayList<>(frames.size());
        sizes.add(new Size(header.width(), header.height()));
        for (Bytes frame : frames.subList(1, frames.size())) {
            Size size = size(frame);
            if (size.width() <= sizes.getLast().width()
                    || size.height() <= sizes.getLast().height()) {
                return sizes.subList(0, 1);
            }
            sizes.add(size);
        }
        return sizes;
    }

    /// As an interframe says it (6.2, 6.2.4 `frame_size_with_refs`), or unknown where it is that of another.
    private static Size size(Bytes frame) {
        BitReader in = new BitReader(frame);
        in.skip(2);
        int profile = in.u(1) | in.u(1) << 1;
        in.skip(profile == 3 ? 1 : 0);
        boolean again = in.flag();
        boolean interframe = in.flag();
        boolean shown = in.flag();
        boolean resilient = in.flag();
        if (again || !interframe || !shown && in.flag()) {
            return Size.UNKNOWN;
        }
        // reset_frame_context, refresh_frame_flags, ref_frame_idx and ref_frame_sign_bias.
        in.skip((resilient ? 0 : 2) + 8 + 4 * REFERENCES);
        for (int i = 0; i < REFERENCES; i++) {
            if (in.flag()) {
                return Size.UNKNOWN;
            }
        }
        return new Size(in.u(16) + 1, in.u(16) + 1);
    }
}
