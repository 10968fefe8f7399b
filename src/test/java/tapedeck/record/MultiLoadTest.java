package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publication;

/// What a recording of many streams costs.
@Timeout(300)
class MultiLoadTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int STREAMS = 25;
    private static final int HOURS = Integer.getInteger("multi.hours", 4);
    /// Pictures a second of each stream, and twice as many packets of sound; real ones are 25 and more.
    private static final int PICTURES_PER_SECOND = Integer.getInteger("multi.pictures", 1);

    private static final long VIDEO_NANOS = SECOND / PICTURES_PER_SECOND;
    private static final long AUDIO_NANOS = VIDEO_NANOS / 2;
    private static final long TOLERATED_BYTES = 1 << 20;
    /// An index of 24 MB, where nearly each frame is a chunk of its own: the first 8 MiB of it are made in memory.
    private static final long TOLERATED_WHILE_FINISHING_BYTES = 20 << 20;

    @TempDir
    Path dir;

    private static final long LOOK_MILLIS = 100;

    private final Track video = MultiStudio.video(new Codec.Vp8(640, 360));
    private final Track audio = MultiStudio.audio(new Codec.Opus(2, 312));
    private final Bytes data = Bytes.wrap(new byte[] {(byte) 0xFC, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    private final List<Publication> publications = new ArrayList<>();

    private void start(MultiStudio studio, int streams) throws Exception {
        studio.multi().start(MultiStudio.URI);
        for (int i = 0; i < streams; i++) {
            publications.add(studio.publish("user-" + i));
            studio.multi().add(MultiStudio.URI, publications.getLast().stream().mediaSessionId());
        }
    }

    private void feed(MultiStudio studio, long fromNanos, long untilNanos) throws Exception {
        for (long at = fromNanos; at < untilNanos; at += AUDIO_NANOS) {
            studio.clock.set(at);
            for (Publication publication : publications) {
                if (at % VIDEO_NANOS == 0) {
                    publication.write(new Frame(video, at, at, at % (10 * SECOND) == 0, data));
                }
                publication.write(new Frame(audio, at, at, true, data));
            }
            if (at % SECOND == 0) {
                studio.settle();
            }
        }
        studio.settle();
    }

    @Test
    void fiftyTracksForFourHoursTakeTheMemoryOfAMinute() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            start(studio, STREAMS);
            feed(studio, 0, 60 * SECOND);
            long afterMinute = usedHeapBytes();
            feed(studio, 60 * SECOND, HOURS * 3600 * SECOND);
            long grown = usedHeapBytes() - afterMinute;
            CompletableFuture<Path> finishing = CompletableFuture.supplyAsync(() -> finished(studio));
            long finishingGrown = 0;
            while (!finishing.isDone()) {
                // Each look collects the heap, which stops who finishes.
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                finishingGrown = Math.max(finishingGrown, usedHeapBytes() - afterMinute);
            }
            Path file = finishing.get();
            try (FileChannel channel = FileChannel.open(file)) {
                List<DescribedTrack> tracks = MovieTracks.of(channel);
                assertEquals(2 * STREAMS, tracks.size());
                for (DescribedTrack track : tracks) {
                    assertEquals(1, track.segments().size(), track.toString());
                    assertEquals(HOURS * 3600.0, track.endNanos() / 1e9, 1);
                }
            }
            System.out.printf(
                    "%d tracks, %d hours, %d pictures/s: heap %+d against the first minute, %+d while finishing%n",
                    2 * STREAMS, HOURS, PICTURES_PER_SECOND, grown, finishingGrown);
            assertTrue(grown < TOLERATED_BYTES, "grew by " + grown);
            assertTrue(finishingGrown < TOLERATED_WHILE_FINISHING_BYTES, "grew by " + finishingGrown);
        }
    }

    private static Path finished(MultiStudio studio) {
        try {
            return studio.terminate();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /// Eight streams are one fragment a second, and one write: `bench/multi` has the CPU time.
    @Test
    void eightStreamsAreFewerWritesThanEightFiles() throws Exception {
        long one;
        try (MultiStudio studio = new MultiStudio(dir.resolve("one"))) {
            start(studio, 8);
            feed(studio, 0, 60 * SECOND);
            studio.terminate();
            one = studio.recordings.statistics().writeCalls();
        }
        publications.clear();
        long many;
        try (MultiStudio studio =
                new MultiStudio(dir.resolve("many"), "record_streams=true", "record_whip_streams=true")) {
            for (int i = 0; i < 8; i++) {
                publications.add(studio.publishRecorded("user-" + i));
            }
            feed(studio, 0, 60 * SECOND);
            publications.forEach(Publication::close);
            studio.awaitFinished();
            many = studio.recordings.statistics().writeCalls();
        }
        System.out.printf("8 streams, a minute: %d writes into one file, %d into 8%n", one, many);
        assertTrue(one <= 60 * 3 + 10, one + " writes");
        assertTrue(one < many / 4, one + " writes, " + many + " into a file each");
    }

    private static long usedHeapBytes() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(
                    least,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }
}
