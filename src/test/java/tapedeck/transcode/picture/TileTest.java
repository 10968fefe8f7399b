package tapedeck.transcode.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.junit.jupiter.api.Test;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.NativeFailure;

/// Here its native code runs in the process of the tests.
class TileTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int WIDTH = 320;
    private static final int HEIGHT = 240;

    private final List<Frame> media = TestMedia.of("h264", 2).stream()
            .filter(frame -> frame.track().isVideo())
            .toList();

    private PictureSource opened() {
        PictureSource source = new PictureSource();
        source.source(CodedSource.of(media.getFirst().track().codec()));
        media.forEach(frame -> source.packet(frame.ptsNanos(), frame.data()));
        return source;
    }

    private void advance(PictureSource source, int picture) {
        assertTrue(source.advance(media.get(picture).ptsNanos(), media.size(), SECOND));
    }

    private static byte[] luma(Canvas canvas) {
        byte[] pixels = new byte[HEIGHT * canvas.frame().linesize(0)];
        new BytePointer(canvas.frame().data(0)).get(pixels);
        return pixels;
    }

    /// Where it stood, elsewhere, turned, smaller and not at all: what is painted is what it would be without.
    @Test
    void whatIsPreparedIsPaintedAsItWouldBeOtherwise() {
        List<Area> places = List.of(
                new Area(0, 0, 160, 120),
                new Area(0, 0, 160, 120),
                new Area(160, 120, 160, 120),
                new Area(0, 0, 60, 80),
                new Area(0, 0, 106, 80),
                new Area(0, 0, 320, 240));
        try (PictureSource source = opened();
                PictureSource other = opened();
                Tile prepared = new Tile(source, 0);
                Tile plain = new Tile(other, 0);
                Canvas one = new Canvas(WIDTH, HEIGHT, 0);
                Canvas two = new Canvas(WIDTH, HEIGHT, 0)) {
            for (int i = 0; i < places.size(); i++) {
                advance(source, 5 * i);
                advance(other, 5 * i);
                prepared.prepare();
                prepared.prepare();
                if (i == 3) {
                    prepared.turn(90);
                    plain.turn(90);
                }
                assertTrue(prepared.isStale(), "it is not painted yet");
                prepared.paint(one, places.get(i));
                plain.paint(two, places.get(i));
                assertFalse(prepared.isStale());
                assertArrayEquals(luma(two), luma(one), "picture " + i);
            }
        }
    }

    /// That is said where it is painted, and costs no more than that.
    @Test
    void whatCannotBeScaledIsNotPrepared() {
        try (PictureSource source = opened();
                Tile tile = new Tile(source, 0);
                Canvas canvas = new Canvas(WIDTH, HEIGHT, 0)) {
            Area beyond = new Area(0, 0, 1 << 20, 1 << 20);
            advance(source, 0);
            tile.paint(canvas, new Area(0, 0, 160, 120));
            advance(source, 5);
            assertThrows(NativeFailure.class, () -> tile.paint(canvas, beyond));
            advance(source, 10);
            tile.prepare();
            tile.paint(canvas, new Area(0, 0, 160, 120));
            assertFalse(tile.isStale());
        }
    }
}
