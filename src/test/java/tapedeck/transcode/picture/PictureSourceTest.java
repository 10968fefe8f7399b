package tapedeck.transcode.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.transcode.CodedSource;

/// Here its native code runs in the process of the tests.
class PictureSourceTest {
    private static final long SECOND = 1_000_000_000L;

    /// Pictures of 25 a second.
    private final List<Frame> media = TestMedia.of("h264", 2).stream()
            .filter(frame -> frame.track().isVideo())
            .toList();

    private PictureSource opened() {
        PictureSource source = new PictureSource();
        source.source(CodedSource.of(media.getFirst().track().codec()));
        assertFalse(source.advance(0, 1, SECOND), "nothing came yet");
        return source;
    }

    @Test
    void picturesAreDecodedWhenTheyAreDue() {
        try (PictureSource source = opened()) {
            for (Frame frame : media) {
                source.packet(SECOND + frame.ptsNanos(), frame.data());
            }
            assertFalse(source.advance(SECOND / 2, media.size(), SECOND));
            assertEquals(media.size(), source.waiting(), "none is decoded before its time");
            assertTrue(source.advance(SECOND + media.get(10).ptsNanos(), media.size(), SECOND));
            assertEquals(SECOND + media.get(10).ptsNanos(), source.currentNanos());
            assertTrue(source.waiting() > 0 && source.waiting() < media.size() - 10, "waiting " + source.waiting());
            assertEquals(0, source.damaged());
        }
    }

    /// One that is due may stand behind as many as a codec holds back. Further ahead nobody looks, however many wait.
    @Test
    void whatIsDueIsLookedForAsFarAsCodecsReorder() {
        for (boolean near : new boolean[] {true, false}) {
            try (PictureSource source = opened()) {
                int ahead = near ? PictureSource.MAX_REORDERED : PictureSource.MAX_REORDERED + 1;
                for (int i = 0; i < ahead; i++) {
                    source.packet(SECOND + media.get(i).ptsNanos(), media.get(i).data());
                }
                source.packet(0, media.get(ahead).data());
                source.advance(0, 1, SECOND);
                assertEquals(near, source.waiting() < ahead + 1, "waiting " + source.waiting());
            }
        }
    }
}
