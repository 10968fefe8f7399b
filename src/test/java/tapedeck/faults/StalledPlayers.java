package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;

/// N6 and N7: ffmpeg plays over every protocol but WebRTC and is stopped for ten seconds and more (SIGSTOP), while so
/// much comes that no socket holds it. It misses pictures, goes on at a keyframe and hears the end; the publisher, its
/// recording and a player beside them miss nothing. A round is one stop of each.
final class StalledPlayers {
    private static final int BITS_PER_SECOND = 10_000_000;
    private static final int BEFORE_MILLIS = 3_000;
    private static final int STOPPED_MILLIS = 12_000;
    private static final int AFTER_MILLIS = 6_000;
    private static final int MOST_SECONDS = 300;
    private static final long DEADLINE_SECONDS = 120;
    private static final int PICTURES_PER_GROUP = 25;
    /// Afterwards it has to go on for so long at least.
    private static final int FEWEST_AFTERWARDS = 2 * PICTURES_PER_GROUP;

    private final Scene scene;
    private final Path folder;
    private final List<FlvFile.Tag> tags = Clip.tags(MOST_SECONDS, BITS_PER_SECOND);
    /// Which picture of the loop it is, by what is in it.
    private final Map<Integer, Integer> loop = new LinkedHashMap<>();
    private final List<Player> players = new ArrayList<>();

    /// @param datagrams whether what it misses is lost by the kernel, in the middle of pictures
    private record Player(String name, Process process, Path pictures, Path log, boolean datagrams) {
        void signal(String signal) {
            Disk.run(List.of("kill", "-" + signal, Long.toString(process.pid())));
        }
    }

    private StalledPlayers(Scene scene, Path folder) {
        this.scene = scene;
        this.folder = folder;
        for (FlvFile.Tag tag : Scene.pictures(tags, Integer.MAX_VALUE)) {
            loop.putIfAbsent(Clip.slices(tag.data()), loop.size());
        }
    }

    static void run(Trial trial) throws Exception {
        for (int round = 0; round < trial.rounds(); round++) {
            Path data = trial.folder("stopped-" + round);
            try (Scene scene = new Scene(new ServerProcess(data, Scene.recording("pull_allow=127.0.0.1")))) {
                new StalledPlayers(scene, data).round(trial);
            }
        }
    }

    private void play(String name, boolean datagrams, String... input) throws IOException {
        Path pictures = folder.resolve(name + ".h264");
        Path log = folder.resolve(name + ".log");
        List<String> command = new ArrayList<>(List.of(Ffmpeg.ffmpeg(), "-nostdin", "-v", "error"));
        command.addAll(List.of(input));
        command.addAll(List.of("-map", "0:v", "-c", "copy", "-flush_packets", "1", "-f", "h264", pictures.toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        players.add(new Player(name, process, pictures, log, datagrams));
    }

    private void playAll() throws Exception {
        String rtsp = "rtsp://127.0.0.1:%d/live/fat".formatted(scene.server.port("RTSP"));
        play("rtsp", false, "-rtsp_transport", "tcp", "-i", rtsp);
        play("rtsp-udp", true, "-rtsp_transport", "udp", "-i", rtsp);
        play("rtsp-http", false, "-rtsp_transport", "http", "-i", rtsp);
        play("rtmp", false, "-i", "rtmp://127.0.0.1:%d/live/fat".formatted(scene.server.port("RTMP")));
        play("ts", false, "-i", scene.uri("/live/fat.ts").toString());
        play("flv", false, "-i", scene.uri("/live/fat.flv").toString());
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String address = "tcp://127.0.0.1:" + port;
        play("ts-pushed", false, "-f", "mpegts", "-i", address + "?listen=1");
        scene.rest(
                "push/startup",
                "{\"streamName\": \"fat\", \"rtmpUrl\": \"%s\", \"rtmpTransponderFullUrl\": true}".formatted(address));
    }

    private void round(Trial trial) throws Exception {
        Scene.Publisher publisher = scene.publish("fat", tags);
        Scene.await("the stream", () -> !scene.rest("stream/find_all", "").isEmpty());
        try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "fat")) {
            playAll();
            for (Player player : players) {
                Scene.await(
                        "pictures of " + player.name(),
                        () -> Files.exists(player.pictures()) && Files.size(player.pictures()) > 0);
            }
            Scene.run(BEFORE_MILLIS);
            players.forEach(player -> player.signal("STOP"));
            Scene.run(STOPPED_MILLIS);
            players.forEach(player -> player.signal("CONT"));
            Scene.run(AFTER_MILLIS);
            int sent = publisher.sentMillis() / Clip.FRAME_MILLIS;
            scene.endAll();
            List<String> seen = new ArrayList<>();
            for (Player player : players) {
                seen.add(judge(player, sent));
            }
            assertEquals(0, viewer.missing(), "pictures that a viewer beside them misses");
            Path file = Scene.files(folder.resolve("records")).getFirst();
            Scene.foreignReadersAgree(file);
            assertEquals(0, Scene.missing(RecordedFile.read(file), tags, 0), file.toString());
            trial.result(
                    "players stopped for %d s at %d Mbit/s went on at a keyframe and heard the end: %s; a viewer beside"
                            + " them missed 0 of %d pictures, the recording none",
                    STOPPED_MILLIS / 1_000, BITS_PER_SECOND / 1_000_000, String.join(", ", seen), viewer.pictures());
        } finally {
            players.forEach(player -> player.process().destroyForcibly());
        }
    }

    /// That it ended by itself, and that what it has is what was sent, with holes that end at keyframes.
    private String judge(Player player, int sent) throws Exception {
        boolean over = player.process().waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS);
        String said = Files.readString(player.log());
        assertTrue(over, player.name() + " hears the end: " + said);
        assertEquals(0, player.process().exitValue(), player.name() + ": " + said);
        List<Integer> pictures = slices(Files.readAllBytes(player.pictures()));
        int holes = 0;
        int damaged = 0;
        int sinceHole = 0;
        int last = -1;
        for (int crc : pictures) {
            Integer index = loop.get(crc);
            if (index == null) {
                assertTrue(player.datagrams(), "%s: a picture that nobody sent".formatted(player.name()));
                damaged++;
                last = -1;
                continue;
            }
            boolean follows = last >= 0 && index == (last + 1) % loop.size();
            if (!follows && !player.datagrams()) {
                assertEquals(0, index % PICTURES_PER_GROUP, player.name() + " goes on at a keyframe");
            }
            holes += follows ? 0 : 1;
            sinceHole = follows ? sinceHole + 1 : 1;
            last = index;
        }
        String what = "%s %d of %d pictures, %d times from a keyframe, %d damaged"
                .formatted(player.name(), pictures.size() - damaged, sent, holes, damaged);
        assertTrue(sinceHole >= FEWEST_AFTERWARDS, what);
        assertTrue(holes > 1, what + ": it was not stopped for long enough to miss anything");
        return what;
    }

    /// ISO/IEC 14496-10 Annex B: each picture of the clip is one slice.
    private static List<Integer> slices(byte[] bytes) {
        List<Integer> slices = new ArrayList<>();
        int begin = -1;
        for (int at = 0; at <= bytes.length; at++) {
            boolean start = at + 3 <= bytes.length && bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == 1;
            if (!start && at < bytes.length) {
                continue;
            }
            if (begin >= 0 && begin < at) {
                int end = at;
                while (end > begin && bytes[end - 1] == 0) {
                    end--;
                }
                slice(Arrays.copyOfRange(bytes, begin, end)).ifPresent(slices::add);
            }
            begin = at + 3;
            at += start ? 2 : 0;
        }
        return slices;
    }

    private static Optional<Integer> slice(byte[] unit) {
        int type = unit.length == 0 ? 0 : unit[0] & 0x1F;
        if (type != 1 && type != 5) {
            return Optional.empty();
        }
        CRC32 crc = new CRC32();
        crc.update(unit);
        return Optional.of((int) crc.getValue());
    }
}
