package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.protocol.webrtc.WhipClient;

/// `kill -9` in the middle of twenty recordings: every file opens at once in two independent readers and has lost at
/// most a second; after the next start each is finished, listed and handed to the hook once.
@Tag("peer")
@Tag("crash")
@Timeout(value = 6, unit = TimeUnit.HOURS) // of a thousand rounds
class CrashTest {
    private static final int ROUNDS = Integer.getInteger("tapedeck.crash.rounds", 10);
    /// All four containers, in turn.
    private static final List<String> FORMATS = List.of("h264-mp4, vp8-webm", "h264-mkv, vp8-mkv", "h264-ts, vp8-webm");
    private static final int RTMP_STREAMS = 10;
    private static final int WHIP_STREAMS = 10;
    private static final double MOST_LOST_SECONDS = 1.0;
    private static final long HOOKS_DEADLINE_SECONDS = 60;

    @TempDir
    private Path folder;

    private final List<Frame> vp8 = TestMedia.interleaved(TestMedia.vp8(12), TestMedia.opus(12));
    private final List<Frame> h264 = TestMedia.interleaved(TestMedia.h264(12), TestMedia.opus(12));
    private final Random random = new Random(Long.getLong("tapedeck.crash.seed", System.nanoTime()));

    @Test
    void nothingIsLostButTheLastSecond() throws Exception {
        List<FlvFile.Tag> tags = clip();
        List<Double> lost = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            lost.addAll(round(folder.resolve("round" + round), tags, FORMATS.get(round % FORMATS.size())));
        }
        Collections.sort(lost);
        System.out.printf(
                "%d recordings killed in %d rounds: lost %.2f s in the middle, %.2f s at most%n",
                lost.size(), ROUNDS, lost.get(lost.size() / 2), lost.getLast());
        assertEquals(ROUNDS * (RTMP_STREAMS + WHIP_STREAMS), lost.size());
        assertTrue(lost.getLast() <= MOST_LOST_SECONDS, "lost " + lost.getLast() + " s");
    }

    private List<Double> round(Path data, List<FlvFile.Tag> tags, String formats) throws Exception {
        Path hookLog = data.resolve("hook.log");
        Files.createDirectories(data);
        String[] settings = {
            "record_flash_published_streams=true",
            "record_whip_streams=true",
            "record_formats=" + formats,
            "stream_record_policy_template={streamName}",
            "file_recorder_min_space=1m",
            "on_record_hook_script=" + hook(data, hookLog)
        };
        Map<String, Double> sentSeconds;
        try (ServerProcess server = new ServerProcess(data, settings)) {
            sentSeconds = publishAndKill(server, tags);
        }
        List<Path> open = files(data.resolve("records"));
        assertEquals(sentSeconds.size(), open.size(), "open files: " + open);
        List<Double> lost = new ArrayList<>();
        for (Path file : open) {
            String journal = Files.readString(Path.of(file.toString().replaceAll("\\.\\w+$", ".json")));
            String name = sentSeconds.keySet().stream()
                    .filter(stream -> journal.contains('"' + stream + '"'))
                    .findFirst()
                    .orElseThrow();
            opensInTwoReaders(file);
            lost.add(sentSeconds.get(name) - lastSecond(file));
        }
        try (ServerProcess server = new ServerProcess(data, settings)) {
            awaitHooks(hookLog, sentSeconds.size());
            server.stop();
        }
        judgeFinished(data.resolve("records"), sentSeconds, hookLog);
        delete(data);
        return lost;
    }

    /// Publishes until a random moment, kills the server, and gives what each stream had sent by then.
    private Map<String, Double> publishAndKill(ServerProcess server, List<FlvFile.Tag> tags) throws Exception {
        Map<String, LiveSender> senders = new HashMap<>();
        List<AutoCloseable> clients = new ArrayList<>();
        Map<String, RtmpClient> rtmp = new HashMap<>();
        for (int i = 0; i < RTMP_STREAMS; i++) {
            String name = "rtmp-" + i + "-";
            rtmp.put(name, RtmpClient.connected(server.port("RTMP")).publish(name));
        }
        Map<String, WhipClient> whip = new HashMap<>();
        for (int i = 0; i < WHIP_STREAMS; i++) {
            String name = "whip-" + i + "-";
            URI uri = URI.create("http://127.0.0.1:%d/whip/%s".formatted(server.port("HTTP"), name));
            Codec[] codecs =
                    TestMedia.tracks(frames(name)).stream().map(Track::codec).toArray(Codec[]::new);
            whip.put(name, new WhipClient(uri, WhipClient.Options.of(codecs)));
        }
        clients.addAll(rtmp.values());
        clients.addAll(whip.values());
        long start = System.nanoTime();
        rtmp.forEach((name, client) -> senders.put(name, new LiveSender.OfRtmp(client, tags, start)));
        whip.forEach((name, client) -> senders.put(name, new LiveSender.OfWhip(client, frames(name), start)));
        List<Thread> threads = new ArrayList<>();
        for (LiveSender sender : senders.values()) {
            threads.add(Thread.ofPlatform().daemon().start(sender));
        }
        TimeUnit.MILLISECONDS.sleep(3_000 + random.nextInt(4_000));
        Map<String, Double> sent = new HashMap<>();
        senders.forEach((name, sender) -> sent.put(name, sender.sentNanos() / 1e9));
        server.kill();
        for (LiveSender sender : senders.values()) {
            sender.stop();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (AutoCloseable client : clients) {
            client.close();
        }
        return sent;
    }

    /// Every other WHIP stream is VP8.
    private List<Frame> frames(String whipName) {
        return Integer.parseInt(whipName.replaceAll("\\D", "")) % 2 == 0 ? vp8 : h264;
    }

    private static void opensInTwoReaders(Path file) {
        Ffmpeg.Result ffprobe = Ffmpeg.ffprobe("-v", "error", "-show_entries", "format=format_name", file.toString());
        assertEquals(0, ffprobe.exitCode(), file + ": " + ffprobe.err());
        Ffmpeg.Result mediainfo = Ffmpeg.run(List.of("mediainfo", "--Inform=General;%VideoCount%", file.toString()));
        assertEquals("1", mediainfo.text().strip(), file.toString());
    }

    private static double lastSecond(Path file) {
        String times = Ffmpeg.ffprobe(
                        "-v",
                        "quiet",
                        "-select_streams",
                        "v:0",
                        "-show_entries",
                        "packet=pts_time",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text();
        double last = 0;
        for (String line : times.split("\n")) {
            String time = line.replace(",", "").strip();
            if (!time.isEmpty() && !time.equals("N/A")) {
                last = Math.max(last, Double.parseDouble(time));
            }
        }
        // A transport stream begins at 1.4 s.
        return file.toString().endsWith(".ts") ? last - 1.4 : last;
    }

    private static void judgeFinished(Path records, Map<String, Double> sentSeconds, Path hookLog) throws IOException {
        List<Path> finished = files(records);
        assertEquals(sentSeconds.size(), finished.size(), finished.toString());
        for (Path file : finished) {
            String name = file.getFileName().toString().replaceAll("\\.\\w+$", "");
            double lost = sentSeconds.get(name) - lastSecond(file);
            assertTrue(lost <= MOST_LOST_SECONDS, file + " lost " + lost + " s");
            assertEquals("", Ffmpeg.decodeErrors(file));
        }
        List<String> hooked = Files.readAllLines(hookLog).stream().sorted().toList();
        List<String> expected = finished.stream()
                .map(file -> file.getFileName().toString().replaceAll("\\.\\w+$", "") + " " + file + " recovered")
                .sorted()
                .toList();
        assertEquals(expected, hooked);
    }

    private static void awaitHooks(Path hookLog, int count) throws Exception {
        for (long left = HOOKS_DEADLINE_SECONDS * 20; left > 0; left--) {
            if (Files.exists(hookLog) && Files.readAllLines(hookLog).size() >= count) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new AssertionError("hooks: " + (Files.exists(hookLog) ? Files.readString(hookLog) : "none"));
    }

    private static Path hook(Path data, Path log) throws IOException {
        Path hook = data.resolve("hook.sh");
        Files.writeString(hook, "#!/bin/sh\necho \"$1 $2 $REASON\" >> " + log + "\n");
        Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
        return hook;
    }

    /// The media files, growing or finished, without what else lies there.
    private static List<Path> files(Path records) throws IOException {
        try (var walk = Files.walk(records)) {
            return walk.filter(file ->
                            Files.isRegularFile(file) && file.toString().matches(".*\\.(mp4|webm|mkv|ts)(\\.\\w+)?$"))
                    .sorted()
                    .toList();
        }
    }

    private static void delete(Path data) throws IOException {
        try (var walk = Files.walk(data)) {
            for (Path file : walk.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private List<FlvFile.Tag> clip() {
        Path file = folder.resolve("clip.flv");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=320x180:r=25",
                "-f",
                "lavfi",
                "-i",
                "sine=f=440:r=44100",
                "-t",
                "20",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-bf",
                "0",
                "-g",
                "50",
                "-c:a",
                "aac",
                "-f",
                "flv",
                file.toString());
        return FlvFile.read(file).tags();
    }
}
