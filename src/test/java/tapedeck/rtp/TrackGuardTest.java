package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What a publisher may not do: lie about its pictures.
class TrackGuardTest {
    private static final long SECOND = 1_000_000_000;

    private static Frame frame(int side, long nanos, boolean keyframe) {
        return new Frame(new Track(Track.VIDEO, new Codec.Vp8(side, side)), nanos, nanos, keyframe, Bytes.ofU8(1));
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
