package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Publisher.RecordWish;

/// A recording costs the same memory after hours as after a minute.
@Timeout(300)
class LongRecordingTest {
    private static final long MINUTE = 60 * TestStudio.SECOND;
    private static final int HOURS = 8;
    private static final long VIDEO_NANOS = 40_000_000;
    private static final long AUDIO_NANOS = 20_000_000;
    /// Of CPU time, for the whole process.
    private static final double MOST_FINISHING_SECONDS = 2;

    private static final long TOLERATED_BYTES = 1 << 20;

    @TempDir
    Path dir;

    private final Track audio = new Track(Track.AUDIO, new Codec.Opus(2, 312));
    private final Bytes data = Bytes.wrap(new byte[60]);
    private long atNanos;

    @Test
    void memoryIsFlatOverHours() throws Exception {
        Codec.H264 h264 = new Codec.H264(
                List.of(Bytes.ofHex("6742c01fda014016e9b808080a000003000200000300790d8c0065")),
                List.of(Bytes.ofHex("68ce3c80")),
                1280,
                720);
        for (Codec.Video codec : new Codec.Video[] {new Codec.Vp8(640, 360), h264}) {
            atNanos = 0;
            try (TestStudio studio = new TestStudio(dir)) {
                Publication publication = studio.publish(codec.name(), RecordWish.YES, Expects.BOTH);
                Track video = new Track(Track.VIDEO, codec);
                feedUntil(studio, publication, video, MINUTE);
                long afterMinute = usedHeapBytes();
                feedUntil(studio, publication, video, HOURS * 60 * MINUTE);
                long grown = usedHeapBytes() - afterMinute;
                assertEquals(0, studio.recordings.active().getFirst().gapFrames());
                long cpuBefore = processCpuNanos();
                studio.end(publication);
                double finishingSeconds = (processCpuNanos() - cpuBefore) / 1e9;
                FinishedRecording file = studio.recordings.finished().getFirst();
                assertEquals(HOURS * 3600.0, file.durationNanos() / 1e9, 0.1);
                System.out.printf(
                        "%s: %d hours, %d MB, heap after them %+d bytes against the first minute, finished in %.2f s of CPU%n",
                        codec.name(), HOURS, file.sizeBytes() >> 20, grown, finishingSeconds);
                assertTrue(finishingSeconds < MOST_FINISHING_SECONDS, finishingSeconds + " s of CPU to finish");
                assertTrue(grown < TOLERATED_BYTES, codec.name() + " grew by " + grown);
            }
        }
    }

    private void feedUntil(TestStudio studio, Publication publication, Track video, long endNanos)
            throws InterruptedException {
        for (; atNanos < endNanos; atNanos += AUDIO_NANOS) {
            if (atNanos % VIDEO_NANOS == 0) {
                publication.write(new Frame(video, atNanos, atNanos, atNanos % (2 * TestStudio.SECOND) == 0, data));
            }
            publication.write(new Frame(audio, atNanos, atNanos, true, data));
            if (atNanos % (4 * TestStudio.SECOND) == 0) {
                studio.settle();
            }
        }
        studio.settle();
    }

    private static long processCpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
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
