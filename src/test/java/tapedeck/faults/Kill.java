package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tapedeck.faults.KillCrowd.Sent;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.ServerProcess;
import tools.jackson.databind.JsonNode;

/// F1: `kill -9` at a random moment, over and over, in one folder. Each start of the server finishes what the last one
/// left, while the next streams come in; the files are judged meanwhile.
final class Kill implements AutoCloseable {
    /// As in row F1: 20 by RTMP and 10 each by WHIP, RTSP and MPEG-TS. In `./check` a fifth of them.
    private static final int STREAMS = 50;
    private static final int FEW_STREAMS = 10;
    private static final double MOST_LOST_SECONDS = 1.0;
    private static final double GOP_SECONDS = 1.0;
    /// As far as a machine that is busy may have delayed the first packets.
    private static final double MOST_STRETCHED_MILLIS = 200;
    private static final int SHORTEST_MILLIS = 500;
    private static final int LONGEST_MILLIS = 2_500;
    /// One file of so many is also shown to readers that are not ours, before and after it is finished.
    private static final int SAMPLE = 50;
    private static final int PROGRESS_ROUNDS = 5;
    /// Each H.264 container with each that VP8 can have.
    private static final String[] FORMATS = {
        "h264-mp4, vp8-webm", "h264-mkv, vp8-webm", "h264-ts, vp8-mkv", "h264-mp4, vp8-mkv"
    };

    private final Trial trial;
    private final Path folder;
    private final Path records;
    private final Path notes;
    private final Path hook;
    private final int streams;
    private final KillCrowd.Media media = new KillCrowd.Media();
    private final ExecutorService judge =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    private final List<Future<?>> judged = new ArrayList<>();
    private final List<Double> lost = Collections.synchronizedList(new ArrayList<>());
    private final List<Double> lostConverted = Collections.synchronizedList(new ArrayList<>());
    /// Whose sound becomes AAC on the way.
    private final Set<String> converted = ConcurrentHashMap.newKeySet();
    private final AtomicInteger holes = new AtomicInteger();
    private final Map<String, Integer> byKind = Collections.synchronizedMap(new TreeMap<>());

    private Kill(Trial trial) throws Exception {
        this.trial = trial;
        folder = trial.folder("killed");
        records = folder.resolve("records");
        notes = folder.resolve("notes");
        hook = Scene.hook(folder, notes);
        streams = Integer.getInteger("kill.streams", trial.thorough() ? STREAMS : FEW_STREAMS);
    }

    static void run(Trial trial) throws Exception {
        try (Kill kill = new Kill(trial)) {
            kill.rounds();
        }
    }

    private void rounds() throws Exception {
        long start = System.nanoTime();
        List<Sent> before = List.of();
        for (int round = 0; round <= trial.rounds(); round++) {
            boolean last = round == trial.rounds();
            try (ServerProcess server = new ServerProcess(folder.resolve("data"), settings(round))) {
                List<Sent> sent = last ? List.of() : publishAndKill(server, round, before);
                if (last) {
                    checkRecovered(server, before);
                    server.stop();
                }
                before = sent;
            } catch (AssertionError e) {
                throw new AssertionError("round " + round + ": " + e.getMessage(), e);
            }
            if (round > 0 && round % PROGRESS_ROUNDS == 0) {
                progress("after %d rounds, %.0f s: ".formatted(round, (System.nanoTime() - start) / 1e9));
            }
        }
        progress("");
        assertEquals(streams * trial.rounds(), lost.size() + lostConverted.size());
    }

    private void progress(String prefix) throws Exception {
        for (Future<?> one : judged) {
            one.get();
        }
        judged.clear();
        trial.result(
                "%s%d recordings killed, %s, all finished, listed, told once; lost %s; with converted sound %s; %d"
                        + " pictures never came (UDP)",
                prefix, lost.size() + lostConverted.size(), byKind, figures(lost), figures(lostConverted), holes.get());
        List<Double> all = new ArrayList<>(lost);
        all.addAll(lostConverted);
        assertTrue(Collections.max(all) <= MOST_LOST_SECONDS, "more than a second was lost");
    }

    private static String figures(List<Double> lost) {
        List<Double> sorted = new ArrayList<>(lost);
        sorted.sort(null);
        return sorted.isEmpty()
                ? "nothing"
                : "%.2f s in the middle, %.2f s in 99 of 100, %.2f s at most"
                        .formatted(
                                sorted.get(sorted.size() / 2), sorted.get(sorted.size() * 99 / 100), sorted.getLast());
    }

    /// Opus in MP4 is stored as it is, but for some rounds; in TS it is always converted.
    private static boolean converts(int round) {
        String formats = FORMATS[round % FORMATS.length];
        return formats.contains("h264-ts") || formats.contains("h264-mp4") && round / FORMATS.length % 4 == 3;
    }

    private String[] settings(int round) {
        return Scene.recording(
                "record_dir=" + records,
                "record_rtsp_streams=true",
                "record_other_streams=mpegts",
                "record_formats=" + FORMATS[round % FORMATS.length],
                "webrtc_pre_init=true",
                "record_mp4_audio=" + (converts(round) ? "aac" : "copy"),
                "on_record_hook_script=" + hook);
    }

    private List<Sent> publishAndKill(ServerProcess server, int round, List<Sent> before) throws Exception {
        try (KillCrowd crowd = new KillCrowd(server, media)) {
            for (int i = 0; i < streams; i++) {
                crowd.add("r%d-%d".formatted(round, i), i);
            }
            checkRecovered(server, before);
            long until = SHORTEST_MILLIS + trial.random().nextInt(LONGEST_MILLIS - SHORTEST_MILLIS);
            Scene.await("every stream to send", crowd::allSend);
            TimeUnit.MILLISECONDS.sleep(until);
            List<Sent> sent = crowd.sent();
            server.kill();
            for (Sent one : sent) {
                if (one.opus() && converts(round)) {
                    converted.add(one.name());
                }
            }
            judgeUnfinished(round);
            return sent;
        }
    }

    /// What lies there right after the kill opens in two readers that are not ours: one file of many.
    private void judgeUnfinished(int round) throws Exception {
        if (trial.thorough() && round % (Math.max(1, SAMPLE / streams)) != 0) {
            return;
        }
        List<Path> open = new ArrayList<>();
        try (var files = Files.newDirectoryStream(records, ".tapedeck-*.{mp4,webm,mkv,ts}")) {
            for (Path file : files) {
                // One that was opened a moment ago has nothing in it yet.
                if (Files.size(file) > 0) {
                    open.add(file);
                }
            }
        }
        if (open.isEmpty()) {
            // No recording was old enough.
            return;
        }
        Path file = open.get(trial.random().nextInt(open.size()));
        Ffmpeg.Result ffprobe = Ffmpeg.ffprobe("-v", "error", "-show_entries", "format=format_name", file.toString());
        assertEquals(0, ffprobe.exitCode(), file + ": " + ffprobe.err());
        Ffmpeg.Result mediainfo = Ffmpeg.run(List.of("mediainfo", "--Inform=General;%VideoCount%", file.toString()));
        assertEquals("1", mediainfo.text().strip(), file.toString());
    }

    /// The server finishes what the one before it left before it opens its ports: all is in place now, and listed.
    private void checkRecovered(ServerProcess server, List<Sent> before) throws Exception {
        if (before.isEmpty()) {
            return;
        }
        Map<String, JsonNode> listed = new HashMap<>();
        Scene scene = new Scene(server);
        for (JsonNode file : scene.rest("recording/find_all", "")) {
            listed.put(stem(file.path("fileName").stringValue()), file);
        }
        // What was not a second old may have had nothing on disk.
        List<Sent> kept = new ArrayList<>(before);
        kept.removeIf(sent -> !listed.containsKey(sent.name()));
        before.stream().filter(sent -> !kept.contains(sent)).forEach(sent -> {
            byKind.merge(sent.way() + " nothing yet", 1, Integer::sum);
            lost(sent, sent.name(), sent.seconds() - (sent.missedStart() ? GOP_SECONDS : 0));
        });
        Scene.await("every hook", () -> told().size() >= kept.size());
        Path judgedFolder = folder.resolve("judge");
        Files.createDirectories(judgedFolder);
        List<String> told = told();
        Files.deleteIfExists(notes);
        assertEquals(kept.size(), told.size(), told::toString);
        for (Sent sent : kept) {
            JsonNode file = listed.get(sent.name());
            assertTrue(file != null, () -> sent.name() + " is not listed: " + listed.keySet() + server.log());
            String fileName = file.path("fileName").stringValue();
            assertTrue(file.path("durationMillis").longValue() >= 0, file::toString);
            Path path = records.resolve(fileName);
            assertTrue(told.contains(sent.name() + " " + path.toAbsolutePath() + " recovered"), told::toString);
            Path moved = Files.move(path, judgedFolder.resolve(fileName), StandardCopyOption.ATOMIC_MOVE);
            judged.add(judge.submit(() -> {
                judge(moved, sent);
                return null;
            }));
        }
    }

    private List<String> told() throws IOException {
        return Files.exists(notes) ? Files.readAllLines(notes) : List.of();
    }

    private static String stem(String fileName) {
        return fileName.substring(0, fileName.lastIndexOf('.'));
    }

    private void judge(Path file, Sent sent) throws Exception {
        RecordedFile read = RecordedFile.read(file);
        List<Integer> pictures =
                read.video().stream().map(RecordedFile.Sample::crc).toList();
        assertTrue(!pictures.isEmpty(), file + " holds no picture");
        int first = sent.pictures().indexOf(pictures.getFirst());
        assertTrue(first >= 0, file + " begins with a picture that was sent");
        double zero = read.video().getFirst().ptsMillis();
        int last = first - 1;
        for (RecordedFile.Sample sample : read.video()) {
            int place = first + (int) Math.round((sample.ptsMillis() - zero) / sent.frameMillis());
            // Over RTP the server learns the sender's clock from its reports and when packets come: times may stretch.
            int index = sent.way() == KillCrowd.Way.RTSP ? sent.pictures().indexOf(sample.crc()) : place;
            assertTrue(
                    index > last
                            && sent.pictures().get(index) == (int) sample.crc()
                            && Math.abs(index - place) * sent.frameMillis() <= MOST_STRETCHED_MILLIS,
                    () -> "%s: picture %d, at %.1f ms of the first, is number %d of those that were sent"
                            .formatted(
                                    file,
                                    place,
                                    sample.ptsMillis() - zero,
                                    sent.pictures().indexOf(sample.crc())));
            last = index;
        }
        holes.addAndGet(last - first + 1 - pictures.size());
        lost(sent, file.getFileName().toString(), sent.seconds() - last * sent.frameMillis() / 1e3);
        String name = file.getFileName().toString();
        byKind.merge(sent.way() + " " + name.substring(name.lastIndexOf('.') + 1), 1, Integer::sum);
        if (lost.size() % (trial.thorough() ? SAMPLE : streams) == 1) {
            Scene.foreignReadersAgree(file);
        }
        Files.delete(file);
    }

    private void lost(Sent sent, String name, double seconds) {
        (converted.contains(sent.name()) ? lostConverted : lost).add(Math.max(0, seconds));
        if (seconds > MOST_LOST_SECONDS) {
            trial.result(
                    "%s lost %.2f s%s",
                    name, seconds, converted.contains(sent.name()) ? " (its sound is converted)" : "");
        }
    }

    @Override
    public void close() {
        judge.shutdownNow();
    }
}
