package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.SizeChange;
import tapedeck.container.matroska.MatroskaBlock;
import tapedeck.container.matroska.MatroskaReader;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.container.mp4.Mp4Frames;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.Streams;

/// The process that records a call is killed at any moment, while somebody joins all the time.
@Tag("crash")
@Timeout(300)
class MultiCrashTest {
    private static final int ROUNDS = 3;
    private static final long MAX_LOSS_NANOS = 1_000_000_000L;
    private static final int SPREAD_MILLIS = 2_400;

    @TempDir
    Path dir;

    private final List<Long> lostMillis = new ArrayList<>();

    @Test
    void whoeverJoinedIsThereAfterAKill() throws Exception {
        kill("mp4");
    }

    @Test
    void whoeverJoinedAMatroskaIsThereAfterAKill() throws Exception {
        kill("mkv");
    }

    /// What it logs comes before.
    private static void awaitPublishing(BufferedReader out) throws IOException {
        for (String line = out.readLine(); !"publishing".equals(line); line = out.readLine()) {
            assertTrue(line != null, "it ended before it published");
        }
    }

    private void kill(String format) throws Exception {
        Random random = new Random(6);
        for (int round = 0; round < ROUNDS; round++) {
            Path folder = Files.createDirectory(dir.resolve("round" + round));
            Path notes = folder.resolve("notes");
            TestStudio.notingHook(folder, notes);
            Process child = child(folder, format);
            try (BufferedReader out = child.inputReader()) {
                awaitPublishing(out);
                Await.await("something is on disk", () -> isGrowing(folder));
                assertTrue(!child.waitFor(random.nextInt(SPREAD_MILLIS), TimeUnit.MILLISECONDS));
            } finally {
                child.destroyForcibly().waitFor();
            }
            assertOpensAsItIs(folder);
            try (Recordings recordings = MultiCrashChild.recordings(folder, new Streams(), format)) {
                assertEquals(1, recordings.recover());
                assertHoldsAll(
                        folder,
                        recordings.file("multi-recorder__test-record." + format).orElseThrow());
                Await.await("the hook ran", () -> !TestStudio.lines(notes).isEmpty());
            }
            try (Recordings recordings = MultiCrashChild.recordings(folder, new Streams(), format)) {
                assertEquals(0, recordings.recover(), "nothing is left to do");
            }
            assertEquals(1, TestStudio.lines(notes).size());
        }
        Collections.sort(lostMillis);
        System.out.printf(
                "%d participants in %d killed calls: lost %d ms in the middle, %d ms at most%n",
                lostMillis.size(), ROUNDS, lostMillis.get(lostMillis.size() / 2), lostMillis.getLast());
    }

    private static boolean isGrowing(Path folder) {
        try {
            Journals journals = new Journals(folder.resolve("growing"));
            List<String> ids = journals.ids();
            return !ids.isEmpty() && journals.mediaSize(journals.read(ids.getFirst())) > 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertOpensAsItIs(Path folder) throws IOException {
        Journals journals = new Journals(folder.resolve("growing"));
        Path media = journals.media(journals.read(journals.ids().getFirst()));
        Ffmpeg.Result ffprobe =
                Ffmpeg.ffprobe("-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", media.toString());
        assertEquals(0, ffprobe.exitCode(), ffprobe.err());
        assertTrue(ffprobe.text().lines().count() >= 2, ffprobe.text());
    }

    private void assertHoldsAll(Path folder, Path file) throws Exception {
        LongBuffer written = CrashChild.written(folder, MultiCrashChild.MAX_PARTICIPANTS);
        Map<String, List<Bytes>> found = new HashMap<>();
        Map<Integer, String> keys = new HashMap<>();
        try (FileChannel channel = FileChannel.open(file)) {
            boolean matroska = MatroskaTracks.isMatroska(channel);
            for (DescribedTrack track : matroska ? MatroskaTracks.of(channel) : MovieTracks.of(channel)) {
                keys.put(track.id(), key(track.identity().streamName(), track.isVideo()));
            }
            if (matroska) {
                blocks(channel, keys, found);
            } else {
                for (Frame frame : Mp4Frames.of(channel)) {
                    found.computeIfAbsent(keys.get(frame.track().id()), _ -> new ArrayList<>())
                            .add(frame.data());
                }
            }
        }
        assertEquals("", Ffmpeg.decodeErrors(file));
        List<Frame> loop = CrashChild.loop(MultiCrashChild.NAME);
        for (int i = 0; i < MultiCrashChild.MAX_PARTICIPANTS && written.get(i) > 0; i++) {
            assertHolds(MultiCrashChild.NAME + i, loop, (int) written.get(i), found);
        }
    }

    private static void blocks(FileChannel channel, Map<Integer, String> keys, Map<String, List<Bytes>> found)
            throws IOException {
        MatroskaReader reader = MatroskaReader.open(channel);
        Optional<MatroskaBlock> block = reader.next();
        while (block.isPresent()) {
            String key = keys.get(block.get().trackNumber());
            if (key != null) {
                found.computeIfAbsent(key, _ -> new ArrayList<>())
                        .add(block.get().data());
            }
            block = reader.next();
        }
    }

    private static String key(String name, boolean video) {
        return name + (video ? " video" : " audio");
    }

    private void assertHolds(String name, List<Frame> loop, int written, Map<String, List<Bytes>> found) {
        long lastHeldNanos = 0;
        long lastSentNanos = 0;
        Map<String, Integer> counted = new HashMap<>();
        for (int i = 0; i < written; i++) {
            Frame sent = CrashChild.frame(loop, i);
            lastSentNanos = sent.dtsNanos();
            String key = key(name, sent.track().isVideo());
            int number = counted.merge(key, 1, Integer::sum) - 1;
            List<Bytes> held = found.getOrDefault(key, List.of());
            if (number < held.size()) {
                assertEquals(SizeChange.GOES_ON.stored(sent).data(), held.get(number), key + " frame " + number);
                lastHeldNanos = sent.dtsNanos();
            }
        }
        long lost = lastSentNanos - lastHeldNanos;
        lostMillis.add(lost / 1_000_000);
        assertTrue(
                lost <= MAX_LOSS_NANOS,
                "%s lost %d ms of %d".formatted(name, lost / 1_000_000, lastSentNanos / 1_000_000));
    }

    private static Process child(Path folder, String format) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MultiCrashChild.class.getName(),
                        folder.toString(),
                        format)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
