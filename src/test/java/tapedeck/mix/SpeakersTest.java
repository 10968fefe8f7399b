package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.CodedTrack;
import tapedeck.container.FileLine;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Codec;

/// Whose tile is large when his pictures have holes.
class SpeakersTest {
    private static final long SECOND = 1_000_000_000L;

    /// Ten pictures a second, but for some seconds.
    private record Pictures(List<Long> times) implements FileLine.Samples {
        @Override
        public FileLine.Walk open() {
            return new Walk(times.iterator());
        }

        @Override
        public CodedTrack coded() {
            throw new IllegalStateException("nobody looks at them");
        }
    }

    private static final class Walk implements FileLine.Walk {
        private final Iterator<Long> times;
        private long now;

        private Walk(Iterator<Long> times) {
            this.times = times;
        }

        @Override
        public boolean next() {
            boolean there = times.hasNext();
            now = there ? times.next() : now;
            return there;
        }

        @Override
        public boolean isSync() {
            return true;
        }

        @Override
        public long dtsNanos() {
            return now;
        }

        @Override
        public long ptsNanos() {
            return now;
        }

        @Override
        public Bytes data() {
            return Bytes.EMPTY;
        }
    }

    private static List<FileLine> line(int track, String name, Codec codec, int awayFrom, int awayUntil)
            throws IOException {
        List<Long> times = new ArrayList<>();
        for (long at = 0; at < 12 * SECOND; at += SECOND / 10) {
            if (at < awayFrom * SECOND || at >= awayUntil * SECOND) {
                times.add(at);
            }
        }
        FileLine.Said said = new FileLine.Said(track, codec, new TrackIdentity(name, name), 0);
        return FileLine.of(said, new Pictures(times), 0, 12 * SECOND);
    }

    @Test
    void whoComesBackIsLargeAgainInHisOldPlace() throws IOException {
        List<FileLine> lines = new ArrayList<>();
        lines.addAll(line(1, "anna", new Codec.Vp8(320, 180), 3, 7));
        lines.addAll(line(2, "anna", new Codec.Opus(2, 0), 0, 0));
        lines.addAll(line(3, "boris", new Codec.Vp8(320, 180), 0, 0));
        lines.addAll(line(4, "boris", new Codec.Opus(2, 0), 0, 0));
        assertEquals(
                List.of("anna", "anna", "anna", "boris", "boris"),
                lines.stream().map(FileLine::name).toList());
        Map<Integer, List<Integer>> faces = OfflineMixer.faces(lines);
        assertEquals(Map.of(2, List.of(0, 1), 4, List.of(3)), faces);
        // Loudest before, in and behind the time without pictures.
        assertEquals(
                List.of(new Ask.Speaker(SECOND, 0), new Ask.Speaker(7 * SECOND, 1)),
                OfflineMixer.speaking(lines, faces.get(2), SECOND, 12 * SECOND));
        assertEquals(
                List.of(new Ask.Speaker(5 * SECOND, 0), new Ask.Speaker(7 * SECOND, 1)),
                OfflineMixer.speaking(lines, faces.get(2), 5 * SECOND, 12 * SECOND));
        assertEquals(
                List.of(new Ask.Speaker(5 * SECOND, 0)),
                OfflineMixer.speaking(lines, faces.get(2), 5 * SECOND, 6 * SECOND));
        assertEquals(
                List.of(new Ask.Speaker(8 * SECOND, 1)),
                OfflineMixer.speaking(lines, faces.get(2), 8 * SECOND, 12 * SECOND));
    }
}
