package tapedeck.transcode.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Here its native code runs in the process of the tests.
class ReducerTest {
    private static final long SEED = 20_261_122;

    private final AVFrame picture = avutil.av_frame_alloc();

    @AfterEach
    void free() {
        avutil.av_frame_free(picture);
    }

    private static ByteBuffer plane(AVFrame frame, int plane) {
        int rows = frame.height() >> (plane == 0 ? 0 : 1);
        return new BytePointer(frame.data(plane))
                .capacity((long) rows * frame.linesize(plane))
                .asByteBuffer();
    }

    private AVFrame noise(int width, int height, int format) {
        picture.width(width).height(height).format(format);
        assertEquals(0, avutil.av_frame_get_buffer(picture, 0));
        Random random = new Random(SEED);
        for (int i = 0; i < 3; i++) {
            ByteBuffer bytes = plane(picture, i);
            byte[] values = new byte[bytes.capacity()];
            random.nextBytes(values);
            bytes.put(values);
        }
        return picture;
    }

    /// The mean of so many pixels, to the nearest.
    private static int mean(AVFrame from, int plane, int x, int y, int factor) {
        ByteBuffer bytes = plane(from, plane);
        int sum = 0;
        for (int i = 0; i < factor * factor; i++) {
            int at = (y * factor + i / factor) * from.linesize(plane) + x * factor + i % factor;
            sum += bytes.get(at) & 0xFF;
        }
        return (sum + factor * factor / 2) / (factor * factor);
    }

    private static void assertMeans(AVFrame from, AVFrame small, int factor) {
        assertEquals(from.width() / factor, small.width());
        assertEquals(from.height() / factor, small.height());
        for (int i = 0; i < 3; i++) {
            ByteBuffer bytes = plane(small, i);
            int shift = i == 0 ? 0 : 1;
            for (int y = 0; y < small.height() >> shift; y++) {
                for (int x = 0; x < small.width() >> shift; x++) {
                    assertEquals(
                            mean(from, i, x, y, factor),
                            bytes.get(y * small.linesize(i) + x) & 0xFF,
                            "plane %d, %d, %d".formatted(i, x, y));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"640, 360, 2", "640, 360, 4", "16, 8, 2", "16, 8, 4", "1920, 1080, 2", "208, 120, 4"})
    void eachPixelIsTheMeanOfThoseThatItStandsFor(int width, int height, int factor) {
        AVFrame from = noise(width, height, avutil.AV_PIX_FMT_YUV420P);
        assertEquals(factor, Reducer.factor(from, width / factor, height / factor));
        try (Reducer reducer = new Reducer(from, factor)) {
            reducer.reduce(from);
            assertMeans(from, reducer.reduced(), factor);
        }
    }

    /// The brightest and the darkest do not run over.
    @ParameterizedTest
    @CsvSource({"2, 255", "4, 255", "2, 0", "4, 0"})
    void whatIsEvenStaysAsItIs(int factor, int value) {
        AVFrame from = noise(64, 32, avutil.AV_PIX_FMT_YUV420P);
        for (int i = 0; i < 3; i++) {
            ByteBuffer bytes = plane(from, i);
            for (int at = 0; at < bytes.capacity(); at++) {
                bytes.put(at, (byte) value);
            }
        }
        try (Reducer reducer = new Reducer(from, factor)) {
            reducer.reduce(from);
            assertMeans(from, reducer.reduced(), factor);
            assertEquals(value, plane(reducer.reduced(), 0).get(0) & 0xFF);
        }
    }

    /// Sizes that do not fit are left to a scaler, as are other forms.
    @ParameterizedTest
    @CsvSource({
        "1280, 720, 426, 240, 2",
        "1280, 720, 641, 360, 1",
        "1280, 720, 320, 181, 2",
        "1280, 720, 100, 50, 4",
        "1272, 720, 320, 180, 1",
        "1280, 716, 320, 178, 2",
        "1280, 718, 320, 178, 1"
    })
    void isReducedAsFarAsItCanBe(int width, int height, int toWidth, int toHeight, int factor) {
        assertEquals(factor, Reducer.factor(noise(width, height, avutil.AV_PIX_FMT_YUV420P), toWidth, toHeight));
    }

    @Test
    void otherFormsAreNotReduced() {
        assertEquals(1, Reducer.factor(noise(640, 360, avutil.AV_PIX_FMT_YUV444P), 160, 90));
    }

    private static double mean(AVFrame frame) {
        double sum = 0;
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                sum += plane(frame, 0).get(y * frame.linesize(0) + x) & 0xFF;
            }
        }
        return sum / frame.width() / frame.height();
    }

    /// What remains is the scaler's; of pictures with the range of a photograph also that.
    @ParameterizedTest
    @CsvSource({"320, 180, false, false", "214, 120, false, false", "320, 180, true, false", "320, 180, true, true"})
    void theScalerDoesTheRest(int toWidth, int toHeight, boolean full, boolean named) {
        AVFrame from = noise(640, 360, named ? avutil.AV_PIX_FMT_YUVJ420P : avutil.AV_PIX_FMT_YUV420P);
        from.color_range(full ? avutil.AVCOL_RANGE_JPEG : avutil.AVCOL_RANGE_MPEG);
        try (Scaler scaler = new Scaler(from, toWidth, toHeight)) {
            for (int i = 0; i < 2; i++) {
                AVFrame scaled = scaler.scale(from);
                assertTrue(scaled != null, "nothing came");
                assertEquals(toWidth, scaled.width());
                assertEquals(toHeight, scaled.height());
                double expected = full ? 16 + mean(from) * 219 / 255 : mean(from);
                assertEquals(expected, mean(scaled), 1);
            }
        }
    }
}
