package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What an authentic publisher may not do: flood, and lie about its pictures.
class InboundLimitsTest {
    private static final long SECOND = 1_000_000_000;

    private static Frame frame(int side, long nanos, boolean keyframe) {
        return new Frame(new Track(Track.VIDEO, new Codec.Vp8(side, side)), nanos, nanos, keyframe, Bytes.ofU8(1));
    }

    @Test
    void aFloodOfAMinuteIsCutToTheLimitAndTheSenderGoesOn() {
        FloodLimit limit = new FloodLimit();
        long passed = 0;
        long sent = 10 * FloodLimit.MAX_PACKETS_PER_SECOND * 60;
        for (long i = 0; i < sent; i++) {
            passed += limit.admits(100, i * 60 * SECOND / sent) ? 1 : 0;
        }
        assertTrue(passed <= 61 * FloodLimit.MAX_PACKETS_PER_SECOND, passed + " passed");
        assertTrue(passed >= 60 * FloodLimit.MAX_PACKETS_PER_SECOND, passed + " passed");
        assertEquals(sent - passed, limit.dropped());
        assertTrue(limit.admits(1_200, 62 * SECOND));
    }

    @Test
    void bytesAreLimitedToo() {
        FloodLimit limit = new FloodLimit();
        long bytes = 0;
        for (int i = 0; i < 70_000; i++) {
            bytes += limit.admits(1_500, i * SECOND / 7_000) ? 1_500 : 0;
        }
        assertTrue(bytes <= 11 * FloodLimit.MAX_BITS_PER_SECOND / 8, bytes + " bytes");
    }

    @Test
    void aFourKPictureWithItsKeyframesPasses() {
        FloodLimit limit = new FloodLimit();
        for (int second = 0; second < 10; second++) {
            // 30 Mbit/s, of which a third in one burst.
            for (int i = 0; i < 3_000; i++) {
                long nanos = second * SECOND + (i < 1_000 ? 0 : (i - 1_000) * SECOND / 2_000);
                assertTrue(limit.admits(1_250, nanos));
            }
        }
    }

    @Test
    void aPictureThatChangesWithEachFrameIsHeldBack() {
        List<Frame> out = new ArrayList<>();
        TrackGuard guard = new TrackGuard(out::add);
        for (int i = 0; i < 60 * 30; i++) {
            guard.write(frame(16 + i % 512, i * SECOND / 30, true));
        }
        long limit = TrackGuard.MAX_CHANGES_AT_ONCE + 60 * SECOND / TrackGuard.CHANGE_NANOS;
        long changes = out.stream().map(Frame::track).distinct().count();
        assertTrue(changes <= limit, changes + " changes");
        assertEquals(60 * 30, out.size() + guard.refused());
    }

    @Test
    void behindWhatWasLeftOutOnlyAKeyframeGoesOn() {
        List<Frame> out = new ArrayList<>();
        TrackGuard guard = new TrackGuard(out::add);
        guard.write(frame(320, 0, true));
        guard.write(frame(16_384, 1, true));
        guard.write(frame(320, 2, false));
        guard.write(frame(320, 3, true));
        guard.write(frame(320, 4, false));
        assertEquals(List.of(0L, 3L, 4L), out.stream().map(Frame::dtsNanos).toList());
        assertEquals(2, guard.refused());
    }

    @Test
    void aFewChangesInARowAreACameraThatTurns() {
        List<Frame> out = new ArrayList<>();
        TrackGuard guard = new TrackGuard(out::add);
        for (int i = 0; i < TrackGuard.MAX_CHANGES_AT_ONCE; i++) {
            guard.write(frame(100 + i, i * SECOND / 30, true));
        }
        assertEquals(TrackGuard.MAX_CHANGES_AT_ONCE, out.size());
    }
}
