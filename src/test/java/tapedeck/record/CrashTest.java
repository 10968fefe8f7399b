package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.SizeChange;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.Streams;

/// Real processes that die while they record, while they finish, and while they recover.
@Tag("peer")
@Tag("crash")
@Timeout(600)
class CrashTest {
    private static final int ROUNDS = Integer.getInteger("crash.rounds", 3);
    private static final long MAX_LOSS_NANOS = 1_000_000_000L;
    private static final long SEED = Long.getLong("crash.seed", 20260729);

    @TempDir
    Path dir;

    private final List<Long> lostMillis = new ArrayList<>();

    @Test
    void killedAtARandomMomentNoRecordingLosesMoreThanASecond() throws Exception {
        Random random = new Random(SEED);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            names.addAll(List.of("mp4-" + i, "webm-" + i, "mkv-" + i, "ts-" + i, "audio-" + i));
            names.add(CrashChild.SIZES + "-" + i);
        }
        for (int round = 0; round < ROUNDS; round++) {
            Path folder = Files.createDirectory(dir.resolve("round" + round));
            Path notes = folder.resolve("notes");
            TestStudio.notingHook(folder, notes);
            Process child = child("record", folder, "none", names);
            LongBuffer written = CrashChild.written(folder, names.size());
            Await.await("it publishes", () -> written.get(0) > 0);
            TimeUnit.MILLISECONDS.sleep(random.nextInt(400, 5_000));
            child.destroyForcibly().waitFor();

            int growing = assertOpensAsItIs(folder);
            Streams streams = new Streams();
            try (Recordings recordings = CrashChild.recordings(folder, streams, "none")) {
                assertEquals(growing, recordings.recover(), "round " + round);
                for (int i = 0; i < names.size(); i++) {
                    assertHoldsWhatWasWritten(recordings, names.get(i), (int) written.get(i));
                }
                assertEquals(growing, recordings.finished().size());
                Await.await("the hooks ran", () -> TestStudio.lines(notes).size() >= growing);
            }
            assertToldOnce(notes, growing);
            try (Recordings recordings = CrashChild.recordings(folder, streams, "none")) {
                assertEquals(0, recordings.recover(), "nothing is left to do");
            }
            assertToldOnce(notes, growing);
        }
        Collections.sort(lostMillis);
        System.out.printf(
                "%d recordings killed in %d rounds: lost %d ms in the middle, %d ms at most%n",
                lostMillis.size(), ROUNDS, lostMillis.get(lostMillis.size() / 2), lostMillis.getLast());
    }

    @Test
    void killedBetweenAnyTwoStepsOfFinishingAFileIsThereAndToldOnce() throws Exception {
        for (FinishStep step : FinishStep.values()) {
            Path folder = Files.createDirectory(dir.resolve(step.name()));
            Path notes = folder.resolve("notes");
            TestStudio.notingHook(folder, notes);
            // One hook at a time: a process that dies at the step of one could have just started another, and would
            // not have noted it yet.
            List<String> names = List.of(step.ordinal() % 2 == 0 ? "mp4-a" : "webm-a");
            assertTrue(child("once", folder, step.name(), names).waitFor() != 0, step + " was reached");
            // Dies again while it recovers, each time a step later.
            for (FinishStep later : FinishStep.values()) {
                child("recover", folder, later.name(), List.of()).waitFor();
            }
            try (Recordings recordings = CrashChild.recordings(folder, new Streams(), "none")) {
                recordings.recover();
                for (String name : names) {
                    List<Frame> loop = CrashChild.loop(name);
                    assertHoldsWhatWasWritten(recordings, name, loop.size());
                }
                assertEquals(names.size(), recordings.finished().size(), step.name());
                Await.await(
                        "the hooks ran: " + step, () -> TestStudio.lines(notes).size() >= names.size());
            }
            assertToldOnce(notes, names.size());
            try (var left = Files.list(folder.resolve("growing"))) {
                assertEquals(List.of(folder.resolve("growing").resolve(FolderLock.NAME)), left.toList(), step.name());
            }
        }
    }

    /// Every growing file opens in two readers before anything repairs it. Returns how many there are.
    private static int assertOpensAsItIs(Path folder) throws IOException {
        Journals journals = new Journals(folder.resolve("growing"));
        int growing = 0;
        for (String id : journals.ids()) {
            Journal journal = journals.read(id);
            if (journals.mediaSize(journal) > 0) {
                growing++;
                Path media = journals.media(journal);
                Ffmpeg.Result ffprobe = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-count_packets",
                        "-show_entries",
                        "stream=nb_read_packets",
                        "-of",
                        "csv=p=0",
                        "" + media);
                assertEquals(0, ffprobe.exitCode(), media + ffprobe.err());
                assertTrue(
                        ffprobe.text()
                                .lines()
                                .filter(line -> !line.isBlank())
                                .allMatch(line -> Integer.parseInt(line.replace(",", "")) > 0),
                        "" + media + ffprobe.text());
                // 1 is a warning: the last fragment is torn.
                int mkvmerge = Ffmpeg.run(List.of("timeout", "30", "mkvmerge", "-J", media.toString()))
                        .exitCode();
                assertTrue(mkvmerge <= 1, media + ": mkvmerge says " + mkvmerge);
            }
        }
        return growing;
    }

    private void assertHoldsWhatWasWritten(Recordings recordings, String name, int written) {
        List<Frame> loop = CrashChild.loop(name);
        List<Frame> sent = new ArrayList<>();
        // One more may be there: it was killed after it gave that one away, and before it noted it.
        for (int i = 0; i <= written; i++) {
            sent.add(CrashChild.frame(loop, i));
        }
        long lastNanos = written == 0 ? 0 : sent.get(written - 1).dtsNanos();
        boolean sizes = name.startsWith(CrashChild.SIZES);
        String fileName = name + (name.startsWith("audio") || sizes ? ".mp4" : "." + name.split("-")[0]);
        Path file = recordings.file(fileName).orElse(null);
        if (file == null) {
            assertTrue(lastNanos <= MAX_LOSS_NANOS, "%s: %d ms and no file".formatted(name, lastNanos / 1_000_000));
            return;
        }
        Map<String, Integer> found = new HashMap<>();
        Judge.packets(file).forEach((kind, packets) -> found.put(kind, packets.size()));
        List<Frame> held = new ArrayList<>();
        Map<String, Integer> counted = new HashMap<>();
        for (Frame frame : sent) {
            String kind = frame.track().isVideo() ? "video" : "audio";
            if (counted.merge(kind, 1, Integer::sum) <= found.getOrDefault(kind, 0)) {
                held.add(sizes ? SizeChange.GOES_ON.stored(frame) : frame);
            }
        }
        Judge.assertHolds(file, held);
        long lostNanos = Math.max(0, lastNanos - held.getLast().dtsNanos());
        lostMillis.add(lostNanos / 1_000_000);
        assertTrue(lostNanos <= MAX_LOSS_NANOS, "%s lost %d ms".formatted(name, lostNanos / 1_000_000));
    }

    private static void assertToldOnce(Path notes, int files) {
        List<String> lines = TestStudio.lines(notes);
        List<String> told = lines.stream()
                .map(line -> line.substring(line.indexOf(' ')))
                .distinct()
                .toList();
        assertEquals(files, lines.size(), lines.toString());
        assertEquals(files, told.size(), lines.toString());
    }

    private static Process child(String what, Path folder, String step, List<String> names) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                CrashChild.class.getName(),
                what,
                folder.toString(),
                step));
        command.addAll(names);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Thread.ofVirtual().start(() -> print(process));
        return process;
    }

    private static void print(Process process) {
        try (BufferedReader out = process.inputReader()) {
            out.lines().forEach(line -> System.out.println("child: " + line));
        } catch (IOException | java.io.UncheckedIOException _) {
            // It was killed.
        }
    }
}
