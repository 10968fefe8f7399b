package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// How much larger a finished MP4 is than what ffmpeg makes of the same packets, whether its server lived to finish it
/// or the next one did.
@Tag("peer")
class RecordingSizeTest {
    private static final double VIDEO_SHARE = 0.005;
    private static final double AUDIO_SHARE = 0.05;
    /// What the heads of the fragments cost beyond the index, whatever the bit rate: more than the share only below
    /// 650 kbit/s.
    private static final int BYTES_PER_SECOND = 400;

    private static final int FIXED_BYTES = 64 << 10;
    private static final int PART_SECONDS = 20;
    private static final int TORN_BYTES = 1_000;

    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({"h264b+aac,20", "h264b+aac,300", "h264b+aac,1800", "h264+opus,300", "aac,20", "aac,300", "aac,1800"})
    void anMp4IsHardlyLargerThanFfmpegsOfTheSamePackets(String name, int seconds) throws Exception {
        boolean video = name.startsWith("h264");
        List<Frame> part = TestMedia.of(name, PART_SECONDS);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < seconds / PART_SECONDS; i++) {
            // A tenth of a second between the parts, because sound is a little longer than its pictures.
            frames.addAll(TestMedia.shifted(part, i * (PART_SECONDS * TestStudio.SECOND + TestStudio.SECOND / 10)));
        }
        Path killed = dir.resolve("killed");
        try (TestStudio studio = new TestStudio(dir.resolve("ended"), "record_mp4_audio=copy")) {
            var publication = studio.publish("a");
            studio.feed(publication, frames);
            leaveAsAKillDoes(studio.tmp, killed);
            studio.end(publication);
            judge(name + " ended", studio.file("a.mp4"), seconds, video);
        }
        try (TestStudio next = new TestStudio(killed, "record_mp4_audio=copy")) {
            assertEquals(1, next.recordings.recover());
            judge(name + " killed", next.file("a.mp4"), seconds, video);
        }
    }

    /// The growing file and its journal, in the folder of the next server; the last fragment is torn.
    private static void leaveAsAKillDoes(Path growing, Path killed) throws Exception {
        Path next = Files.createDirectories(killed.resolve("growing"));
        try (var files = Files.newDirectoryStream(growing, ".tapedeck-*")) {
            for (Path file : files) {
                Path copy = Files.copy(file, next.resolve(file.getFileName()));
                if (copy.toString().endsWith(".mp4")) {
                    try (FileChannel torn = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                        torn.truncate(torn.size() - TORN_BYTES);
                    }
                }
            }
        }
    }

    private void judge(String name, Path recorded, int seconds, boolean video) throws Exception {
        Path plain = dir.resolve(name + ".mp4");
        Ffmpeg.ffmpeg("-v", "error", "-i", recorded.toString(), "-map", "0", "-c", "copy", plain.toString());
        long ours = Files.size(recorded);
        long theirs = Files.size(plain);
        System.out.printf(
                "%s, %d s: %d bytes, ffmpeg's %d, %+.2f %%%n",
                name, seconds, ours, theirs, 100.0 * (ours - theirs) / theirs);
        double share = Math.max(theirs * (video ? VIDEO_SHARE : AUDIO_SHARE), seconds * BYTES_PER_SECOND);
        double allowed = theirs + share + FIXED_BYTES;
        assertTrue(ours <= allowed, "%s, %d s: %d bytes, %.0f allowed".formatted(name, seconds, ours, allowed));
    }
}
