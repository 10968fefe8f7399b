package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;

/// Who asks for a transport stream while others have fragments long since waits for two groups of pictures, not for the
/// rest of a segment and a whole one.
class HlsTransportWaitTest {
    private static final long SECOND_NANOS = 1_000_000_000L;

    @Test
    void segmentsAreShortUntilThereIsOne() throws Exception {
        List<Frame> frames = TestMedia.of("h264b+aac", 12);
        List<Long> keyframes = frames.stream()
                .filter(frame -> frame.track().isVideo() && frame.keyframe())
                .map(Frame::dtsNanos)
                .toList();
        long groupNanos = LongStream.range(1, keyframes.size())
                .map(i -> keyframes.get((int) i) - keyframes.get((int) i - 1))
                .max()
                .orElseThrow();
        HlsWindow window = new HlsWindow(1, new KeptBytes(Long.MAX_VALUE).open().orElseThrow());
        try (LiveHouse house = new LiveHouse();
                Publication publication = house.publish("a")) {
            HlsSegmenter segmenter =
                    new HlsSegmenter(window, publication.stream(), TestMedia.tracks(frames), 0, () -> groupNanos);
            long askedNanos = 5 * SECOND_NANOS + SECOND_NANOS / 5;
            long thereNanos = -1;
            for (Frame frame : frames) {
                if (frame.dtsNanos() >= askedNanos) {
                    window.wantTransportStreams();
                }
                segmenter.write(new Item.Media(frame, frame.track().isVideo() && frame.keyframe()));
                if (thereNanos < 0 && !window.transportPlaylist("").isEmpty()) {
                    thereNanos = frame.dtsNanos();
                }
            }
            assertTrue(thereNanos > askedNanos, "there is one");
            // What is written in the order of its times comes a little later.
            assertTrue(
                    thereNanos - askedNanos <= 2 * groupNanos + SECOND_NANOS / 5,
                    "after %.2f s, groups of %.2f s".formatted((thereNanos - askedNanos) / 1e9, groupNanos / 1e9));
            segmenter.finish();
        }
        window.end();
        String late = window.transportPlaylist("");
        List<Double> seconds = late.lines()
                .filter(line -> line.startsWith("#EXTINF:"))
                .map(line -> Double.parseDouble(line.substring(8, line.indexOf(','))))
                .toList();
        assertTrue(seconds.get(1) > 1.8, "from then on they are as long as all others: " + seconds);
    }
}
