package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

class TestMediaTest {
    @Test
    void twoSecondsOfVideoAreSixtyFramesWithTwoKeyframes() {
        for (List<Frame> frames : List.of(
                TestMedia.h264(2),
                TestMedia.h264WithBFrames(2),
                TestMedia.vp8(2),
                TestMedia.vp9(2),
                TestMedia.av1(2))) {
            String name = frames.getFirst().track().codec().name();
            assertEquals(60, frames.size(), name);
            assertEquals(2, frames.stream().filter(Frame::keyframe).count(), name);
            Codec.Video codec = (Codec.Video) frames.getFirst().track().codec();
            assertEquals(List.of(320, 180), List.of(codec.width(), codec.height()), name);
            assertEquals(0, frames.getFirst().dtsNanos());
            assertEquals(1967, Math.round(frames.getLast().dtsNanos() / 1e6), name);
        }
        assertTrue(TestMedia.h264WithBFrames(2).stream().anyMatch(frame -> frame.ptsNanos() > frame.dtsNanos()));
    }

    @Test
    void soundComesInFramesWithoutHoles() {
        assertEquals(List.of(44_100, 2), rateAndChannels(TestMedia.aac(2)));
        assertEquals(List.of(48_000, 2), rateAndChannels(TestMedia.opus(2)));
        assertEquals(List.of(44_100, 2), rateAndChannels(TestMedia.mp3(2)));
        for (List<Frame> frames : List.of(TestMedia.aac(2), TestMedia.opus(2), TestMedia.mp3(2))) {
            for (int i = 1; i < frames.size(); i++) {
                long step = frames.get(i).dtsNanos() - frames.get(i - 1).dtsNanos();
                assertTrue(step > 19e6 && step < 28e6, "step of " + step);
            }
        }
    }

    private static List<Integer> rateAndChannels(List<Frame> frames) {
        Codec.Audio codec = (Codec.Audio) frames.getFirst().track().codec();
        return List.of(codec.sampleRateHz(), codec.channels());
    }
}
