package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.MuxerOptions;
import tapedeck.container.SparseFile;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;

/// What finishing costs, on files whose media is a hole.
class Mp4CostTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    @Test
    void finishingReadsTheMoofsAndWritesTheIndexAndMovesNoMedia() throws IOException {
        // 2.5 Mbit/s of video with sound: 55 minutes are 1.05 GB
        Bytes picture = Bytes.wrap(new byte[10_500]);
        for (int seconds : List.of(300, 3300)) {
            int reserve = seconds < 3300 ? 64 << 10 : 4 << 20;
            try (SparseFile file = new SparseFile(folder.resolve(reserve + ".mp4"), picture)) {
                write(file, picture, seconds, 30, reserve);
                long size = file.size();
                assertTrue(size > seconds * 300_000L, size + " bytes");
                long before = cpuNanos();
                Mp4Finisher.finish(file);
                double cpuMillis = (cpuNanos() - before) / 1e6;
                long index = indexBytes(file);
                System.out.printf(
                        "finish %d MB, reserve %d KiB: %.0f ms CPU, %d reads of %d kB, %d writes of %d kB%n",
                        size >> 20,
                        reserve >> 10,
                        cpuMillis,
                        file.reads(),
                        file.bytesRead() / 1000,
                        file.writes(),
                        file.bytesWritten() / 1000);
                // A window for each fragment, and the media of the last one for its checksum.
                assertTrue(file.bytesRead() < seconds * 5000L + (1 << 20), file.bytesRead() + " bytes read");
                assertTrue(file.bytesWritten() <= index + 64, file.bytesWritten() + " written, index " + index);
                assertTrue(file.size() <= size + index);
            }
        }
    }

    @Test
    void offsetsBehindFourGigabytesAreExact() throws IOException {
        Bytes picture = Bytes.wrap(new byte[4 << 20]);
        try (SparseFile file = new SparseFile(folder.resolve("large.mp4"), picture)) {
            write(file, picture, 36, 30, 64 << 10);
            assertTrue(file.size() > 4L << 30);
            Mp4Finisher.finish(file);
            Mp4Reader reader = Mp4Frames.reader(file);
            assertEquals(36 * SECOND, Mp4Reader.summary(file).durationNanos());
            Mp4Reader.ReadTrack sound = reader.tracks().getLast();
            for (int i = 0; i < sound.samples().count(); i++) {
                assertEquals(
                        Bytes.ofUtf8("sound %06d".formatted(i)),
                        reader.frame(sound, i).data());
            }
        }
    }

    private static void write(SparseFile file, Bytes picture, int seconds, int perSecond, int reserve)
            throws IOException {
        Track video = TestMedia.h264(1).getFirst().track();
        Track audio = new Track(Track.AUDIO, new Codec.Opus(2, 312));
        MuxerOptions options = new MuxerOptions(Mp4Cases.STARTED_AT, reserve, "large");
        int sounds = 0;
        try (Mp4Muxer muxer = new Mp4Muxer(file, List.of(video, audio), options)) {
            for (long second = 0; second < seconds; second++) {
                for (int i = 0; i < perSecond; i++) {
                    long nanos = second * SECOND + i * SECOND / perSecond;
                    muxer.write(new Frame(video, nanos, nanos, i == 0, picture));
                }
                for (int i = 0; i < 50; i++) {
                    long nanos = second * SECOND + i * 20_000_000L;
                    muxer.write(new Frame(audio, nanos, nanos, true, Bytes.ofUtf8("sound %06d".formatted(sounds++))));
                }
                muxer.flush();
            }
        }
    }

    private static long indexBytes(SparseFile file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        FileBoxes.TopBox box = boxes.at(0);
        while (box != null && !box.type().equals("moov")) {
            box = boxes.at(box.end());
        }
        if (box == null) {
            throw new AssertionError("no moov");
        }
        return box.size();
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
