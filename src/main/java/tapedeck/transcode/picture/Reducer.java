package tapedeck.transcode.picture;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import tapedeck.transcode.NativeFailure;

/// Pictures of YUV 4:2:0 to a half or a quarter of their width and height: each pixel is the mean of those it stands
/// for. Only in a worker.
///
/// A general scaler weighs each pixel of its own; here eight of them are added at once, as four numbers of 16 bits in a
/// `long`, in loops that the JVM makes instructions for vectors of.
final class Reducer implements AutoCloseable {
    private static final ValueLayout.OfLong EIGHT = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt FOUR = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort TWO = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Every other byte.
    private static final long BYTES = 0x00FF_00FF_00FF_00FFL;
    /// Every fourth.
    private static final long FOURTH_BYTES = 0x0000_00FF_0000_00FFL;
    /// What rounds a sum of four, and of sixteen, to the nearest.
    private static final long HALF_OF_4 = 0x0002_0002_0002_0002L;
    private static final long HALF_OF_16 = 0x0000_0008_0000_0008L;

    private static final int PLANES = 3;
    private static final int BYTES_AT_ONCE = 8;

    private final int factor;
    private final long[] means;
    private final int[] fours;
    private final short[] twos;
    private final AVFrame reduced = avutil.av_frame_alloc();

    /// How far such pictures can be reduced before they are smaller than this: to a half (2), a quarter (4), or not
    /// (1).
    static int factor(AVFrame from, int toWidth, int toHeight) {
        // The same with the range of a photograph, as FFmpeg's older decoders name it.
        if (from.format() != avutil.AV_PIX_FMT_YUV420P && from.format() != avutil.AV_PIX_FMT_YUVJ420P) {
            return 1;
        }
        for (int factor = 4; factor > 1; factor /= 2) {
            // Lines of colour are whole numbers of what is read at once.
            boolean whole = from.width() % (2 * BYTES_AT_ONCE) == 0 && from.height() % (2 * factor) == 0;
            if (whole && from.width() >= factor * toWidth && from.height() >= factor * toHeight) {
                return factor;
            }
        }
        return 1;
    }

    /// @param factor of [#factor], greater than 1
    Reducer(AVFrame from, int factor) {
        this.factor = factor;
        means = new long[from.width() / BYTES_AT_ONCE];
        fours = new int[means.length];
        twos = new short[means.length];
        reduced.width(from.width() / factor).height(from.height() / factor).format(from.format());
        reduced.color_range(from.color_range());
        int code = avutil.av_frame_get_buffer(reduced, 0);
        if (code < 0) {
            close();
        }
        NativeFailure.check("reduced picture", code);
    }

    /// The small picture, which the next one overwrites.
    AVFrame reduced() {
        return reduced;
    }

    /// Makes it of one like that of the constructor.
    void reduce(AVFrame from) {
        // Whoever got the last one may have kept it.
        NativeFailure.check("reduced picture", avutil.av_frame_make_writable(reduced));
        for (int i = 0; i < PLANES; i++) {
            int rows = reduced.height() >> (i == 0 ? 0 : 1);
            int longs = from.width() / BYTES_AT_ONCE >> (i == 0 ? 0 : 1);
            int stride = from.linesize(i);
            int toStride = reduced.linesize(i);
            MemorySegment in = segment(from, i, rows * factor);
            MemorySegment out = segment(reduced, i, rows);
            for (int y = 0; y < rows; y++) {
                long at = (long) y * factor * stride;
                long to = (long) y * toStride;
                if (factor == 2) {
                    means4(in, at, stride, means, longs);
                    pack(means, fours, longs);
                    MemorySegment.copy(fours, 0, out, FOUR, to, longs);
                } else {
                    means16(in, at, stride, means, longs);
                    pack(means, twos, longs);
                    MemorySegment.copy(twos, 0, out, TWO, to, longs);
                }
            }
        }
    }

    private static MemorySegment segment(AVFrame frame, int plane, int rows) {
        return MemorySegment.ofBuffer(new BytePointer(frame.data(plane))
                .capacity((long) rows * frame.linesize(plane))
                .asByteBuffer());
    }

    /// Of two rows: four means of four pixels in each `long`.
    private static void means4(MemorySegment in, long at, long stride, long[] means, int count) {
        for (int i = 0; i < count; i++) {
            long a = in.get(EIGHT, at + (long) BYTES_AT_ONCE * i);
            long b = in.get(EIGHT, at + (long) BYTES_AT_ONCE * i + stride);
            long sums = (a & BYTES) + (a >>> 8 & BYTES) + (b & BYTES) + (b >>> 8 & BYTES);
            means[i] = sums + HALF_OF_4 >>> 2 & BYTES;
        }
    }

    /// Of four rows: two means of sixteen pixels in each `long`.
    private static void means16(MemorySegment in, long at, long stride, long[] means, int count) {
        for (int i = 0; i < count; i++) {
            long first = at + (long) BYTES_AT_ONCE * i;
            long a = in.get(EIGHT, first);
            long b = in.get(EIGHT, first + stride);
            long c = in.get(EIGHT, first + 2 * stride);
            long d = in.get(EIGHT, first + 3 * stride);
            long sums = (a & BYTES) + (a >>> 8 & BYTES) + (b & BYTES) + (b >>> 8 & BYTES);
            sums += (c & BYTES) + (c >>> 8 & BYTES) + (d & BYTES) + (d >>> 8 & BYTES);
            means[i] = sums + (sums >>> 16) + HALF_OF_16 >>> 4 & FOURTH_BYTES;
        }
    }

    private static void pack(long[] means, int[] fours, int count) {
        for (int i = 0; i < count; i++) {
            long pairs = means[i] | means[i] >>> 8;
            fours[i] = (int) (pairs & 0xFFFF | pairs >>> 16 & 0xFFFF_0000L);
        }
    }

    private static void pack(long[] means, short[] twos, int count) {
        for (int i = 0; i < count; i++) {
            twos[i] = (short) (means[i] | means[i] >>> 24);
        }
    }

    @Override
    public void close() {
        avutil.av_frame_free(reduced);
    }
}
