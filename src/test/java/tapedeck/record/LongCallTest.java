package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.DescribedTrack;
import tapedeck.container.mp4.MovieTracks;

/// A call of many, at the rates of real ones, in processes whose heap is smaller than its index.
/// `-Dlong.seconds=14400 -Dlong.streams=50` for four hours of a hundred tracks, which are 57.6 million frames.
@Timeout(3600)
class LongCallTest {
    private static final int STREAMS = Integer.getInteger("long.streams", 25);
    private static final int SECONDS = Integer.getInteger("long.seconds", 1500);
    private static final int RECORDER_MEGABYTES = 40;

    private static final int READER_MEGABYTES = 24;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    @TempDir
    Path dir;

    @Test
    void hoursOfManyAreRecordedFinishedAndReadInLittleMemory() throws Exception {
        Path file;
        Process child = recorder();
        try (BufferedReader out = child.inputReader()) {
            assertEquals("recorded", heard(out));
            child.outputWriter().append('\n').close();
            file = Path.of(heard(out));
        }
        assertEquals(0, child.waitFor());
        assertHolds(file, LongCallChild.framesOf(STREAMS, SECONDS));
        assertTracks(said(child(READER_MEGABYTES, "tapedeck.Main", List.of("tracks", file.toString()))));
        Path cut = dir.resolve("cut.mp4");
        said(child(READER_MEGABYTES, "cut", file.toString(), cut.toString()));
        // From the keyframe before, at 20 s, on.
        assertHolds(cut, LongCallChild.framesOf(STREAMS, SECONDS - 21));
    }

    @Test
    void afterAKillTheyAreRecoveredInLittleMemoryToo() throws Exception {
        Process child = recorder();
        try (BufferedReader out = child.inputReader()) {
            assertEquals("recorded", heard(out));
        } finally {
            child.destroyForcibly().waitFor();
        }
        Path growing;
        try (var files = Files.walk(dir)) {
            growing = files.filter(path -> path.toString().endsWith(".mp4"))
                    .findFirst()
                    .orElseThrow();
        }
        assertTracks(said(child(READER_MEGABYTES, "tapedeck.Main", List.of("tracks", growing.toString()))));
        List<String> recovered = heard(child(READER_MEGABYTES, "recover", dir.toString()));
        assertEquals("1", recovered.getFirst());
        // What the last second had that was not on disk yet.
        assertHolds(Path.of(recovered.getLast()), LongCallChild.framesOf(STREAMS, SECONDS - 1));
    }

    private Process recorder() throws IOException {
        return child(
                RECORDER_MEGABYTES, "record", dir.toString(), Integer.toString(STREAMS), Integer.toString(SECONDS));
    }

    private static void assertTracks(List<String> json) {
        assertEquals(
                2 * STREAMS,
                json.stream().filter(line -> line.contains("\"trackId\"")).count());
    }

    private static void assertHolds(Path file, long leastFrames) throws Exception {
        List<String> read = heard(child(READER_MEGABYTES, "read", file.toString()));
        assertEquals(2 * STREAMS, Integer.parseInt(read.getFirst()));
        long frames = Long.parseLong(read.get(1));
        System.out.printf(
                "%s: %,d frames, %,d MB, an index of %,d MB%n",
                file.getFileName(), frames, Files.size(file) >> 20, indexBytes(file) >> 20);
        assertTrue(frames >= leastFrames && frames <= LongCallChild.framesOf(STREAMS, SECONDS), frames + " frames");
        assertEquals(LongCallChild.FRAME_BYTES * frames, Long.parseLong(read.get(2)));
        try (FileChannel channel = FileChannel.open(file)) {
            for (DescribedTrack track : MovieTracks.of(channel)) {
                DescribedTrack.Segment last = track.segments().getLast();
                assertTrue(last.startNanos() < NANOS_PER_SECOND / 10, track.toString());
                assertEquals(leastFrames / (double) LongCallChild.framesOf(STREAMS, 1), last.endNanos() / 1e9, 1.1);
            }
        }
    }

    private static long indexBytes(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer head = ByteBuffer.allocate(8);
            for (long at = 0; at < channel.size(); at += head.getInt(0) & 0xFFFF_FFFFL) {
                channel.read(head.clear(), at);
                if (head.getInt(4) == 0x6D6F6F76) {
                    return head.getInt(0) & 0xFFFF_FFFFL;
                }
            }
            return 0;
        }
    }

    private static Process child(int megabytes, String... arguments) throws IOException {
        return child(megabytes, LongCallChild.class.getName(), List.of(arguments));
    }

    private static Process child(int megabytes, String main, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx" + megabytes + "m",
                "-cp",
                System.getProperty("java.class.path"),
                main));
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static List<String> said(Process process) throws Exception {
        List<String> lines;
        try (BufferedReader out = process.inputReader()) {
            lines = out.readAllLines();
        }
        assertEquals(0, process.waitFor(), String.join("\n", lines));
        return lines;
    }

    /// What a child of ours says, without what it logs.
    private static List<String> heard(Process child) throws Exception {
        return said(child).stream()
                .filter(line -> line.startsWith(LongCallChild.SAYS))
                .map(line -> line.substring(LongCallChild.SAYS.length()))
                .toList();
    }

    private static String heard(BufferedReader child) throws IOException {
        for (String line = child.readLine(); line != null; line = child.readLine()) {
            if (line.startsWith(LongCallChild.SAYS)) {
                return line.substring(LongCallChild.SAYS.length());
            }
        }
        return "nothing";
    }
}
