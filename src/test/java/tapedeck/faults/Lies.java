package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.Publisher;
import tapedeck.peers.webrtc.ServerCost;

/// M9: publishers whose pictures are not what they seem, all at once beside an honest one. A round is ten seconds.
final class Lies {
    private static final int FEED_SECONDS = 2;
    private static final int PICTURES = 60;
    private static final int KBIT_PER_SECOND = 400;
    private static final int HUGE = 16_384;
    private static final int MACROBLOCK = 16;
    /// What several changes of a picture's size may begin at once, and then one in two seconds.
    private static final int MOST_FILES_AT_ONCE = 10;

    private static final double MOST_HEAP_MIB = 30;
    private static final int DATA_MESSAGES = 200;

    private Lies() {}

    static void run(Trial trial) throws Exception {
        int seconds = 10 * trial.rounds();
        Feed honest = NetworkScene.h264();
        Map<String, List<Feed>> liars = liars(seconds);
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name())) {
            Publisher truth = scene.publish("honest", Fleet.Options.PLAIN, honest, NetworkScene.opus());
            truth.start();
            Scene.run(2_000);
            double heapBefore = ServerCost.liveHeapMib(scene.server.pid());
            Map<String, Publisher> publishers = new LinkedHashMap<>();
            for (Map.Entry<String, List<Feed>> liar : liars.entrySet()) {
                Publisher publisher =
                        scene.fleet.publish(scene.uri("/whip/" + liar.getKey()), liar.getValue(), Fleet.Options.PLAIN);
                publisher.start();
                publishers.put(liar.getKey(), publisher);
            }
            String data = dataAlone(scene);
            Scene.run(seconds * 1_000L / 2);
            // Somebody who comes in mid-stream, where no keyframe comes.
            var viewer = scene.fleet.view(
                    scene.uri("/whep/once"),
                    List.of(liars.get("once").getFirst().codec()),
                    Fleet.Options.PLAIN);
            Scene.run(seconds * 1_000L / 2);
            long shown = viewer.wholePictures();
            viewer.delete();
            double heap = ServerCost.liveHeapMib(scene.server.pid()) - heapBefore;
            for (Publisher publisher : publishers.values()) {
                publisher.end();
                publisher.awaitEnd();
            }
            Scene.run(1_000);
            for (Map.Entry<String, Publisher> liar : publishers.entrySet()) {
                liar.getValue().delete();
                judge(trial, scene, liar.getKey(), liar.getValue(), seconds);
            }
            scene.end(truth);
            Pictures pictures = Pictures.of(scene.recording("honest"), truth, honest, 0);
            trial.result(
                    "data alone: %s; a viewer who came in between keyframes saw %d pictures; heap %+.1f MiB; the honest one"
                            + " beside them: %s",
                    data, shown, heap, pictures);
            assertEquals(0, pictures.missing() + pictures.wrong(), pictures.toString());
            assertTrue(heap <= MOST_HEAP_MIB, heap + " MiB");
        }
    }

    private static Map<String, List<Feed>> liars(int seconds) {
        List<Frame> plain = TestMedia.noise("libx264", FEED_SECONDS, KBIT_PER_SECOND, FEED_SECONDS);
        List<Frame> once = TestMedia.noise("libx264", seconds + 5, KBIT_PER_SECOND, seconds + 5);
        Map<String, List<Feed>> liars = new LinkedHashMap<>();
        liars.put("huge", List.of(sizes(plain, HUGE / MACROBLOCK - PICTURES), NetworkScene.opus()));
        liars.put("changing", List.of(sizes(plain, 20), NetworkScene.opus()));
        liars.put("bframes", List.of(of(TestMedia.h264WithBFrames(FEED_SECONDS)), NetworkScene.opus()));
        liars.put("never", List.of(of(plain.subList(1, plain.size())).deaf(), NetworkScene.opus()));
        liars.put(
                "once",
                List.of(Feed.of(once, TimeUnit.SECONDS.toNanos(seconds + 5)).deaf(), NetworkScene.opus()));
        liars.put("sound", List.of(NetworkScene.opus()));
        return liars;
    }

    private static Feed of(List<Frame> frames) {
        return Feed.of(frames, TimeUnit.SECONDS.toNanos(FEED_SECONDS));
    }

    /// Each picture a keyframe, and each of another size.
    private static Feed sizes(List<Frame> plain, int macroblocks) {
        Codec.H264 codec = (Codec.H264) plain.getFirst().track().codec();
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            int side = (macroblocks + i) * MACROBLOCK;
            Track track = new Track(
                    plain.getFirst().track().id(),
                    new Codec.H264(List.of(sps(macroblocks + i)), codec.pps(), side, side));
            Frame time = plain.get(i);
            frames.add(new Frame(
                    track,
                    time.dtsNanos(),
                    time.dtsNanos(),
                    true,
                    plain.getFirst().data()));
        }
        return of(frames);
    }

    /// ISO/IEC 14496-10 7.3.2.1.1, baseline, so many macroblocks wide and high.
    private static Bytes sps(int macroblocks) {
        String bits = ue(0) + ue(0) + ue(2) + ue(1) + "0" + ue(macroblocks - 1) + ue(macroblocks - 1) + "1" + "1" + "0"
                + "0" + "1";
        String padded = bits + "0".repeat((8 - bits.length() % 8) % 8);
        StringBuilder hex = new StringBuilder("6742c01e");
        for (int i = 0; i < padded.length(); i += 8) {
            hex.append("%02x".formatted(Integer.parseInt(padded.substring(i, i + 8), 2)));
        }
        return Bytes.ofHex(hex.toString());
    }

    private static String ue(int value) {
        String code = Integer.toBinaryString(value + 1);
        return "0".repeat(code.length() - 1) + code;
    }

    /// Connects without media and sends what is no SCTP.
    private static String dataAlone(NetworkScene scene) throws Exception {
        Publisher publisher;
        try {
            publisher = scene.fleet.publish(scene.uri("/whip/data"), List.of(), Fleet.Options.PLAIN);
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).contains(": 4"), String.valueOf(e.getMessage()));
            return "refused";
        }
        for (int i = 0; i < DATA_MESSAGES; i++) {
            publisher.sendData(new byte[1 + i]);
        }
        Scene.run(500);
        publisher.delete();
        assertEquals(0, scene.recordedBytes("data"), "bytes recorded of data");
        return "connected, nothing recorded";
    }

    private static void judge(Trial trial, NetworkScene scene, String name, Publisher publisher, int seconds)
            throws Exception {
        Scene.run(500);
        List<Path> files = scene.recordings(name);
        long bytes = 0;
        int pictures = 0;
        int sounds = 0;
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            bytes += Files.size(file);
            pictures += read.video().size();
            sounds += read.audio().size();
        }
        int sent = publisher.sentFrames(0).length;
        trial.result(
                "%s: %d frames sent in the first track, %d pictures and %d frames of sound in %d files of %.1f MB,"
                        + " %d keyframes asked for",
                name, sent, pictures, sounds, files.size(), bytes / 1e6, publisher.keyframeRequests());
        assertTrue(files.size() <= MOST_FILES_AT_ONCE + seconds / 2, files.size() + " files of " + name);
        assertTrue(bytes <= publisher.bytes() + 100_000L * files.size(), bytes + " bytes of " + name);
        assertTrue(publisher.keyframeRequests() <= 4L * (seconds + 5), publisher.keyframeRequests() + " requests");
        assertTrue(sounds > 0, "no sound of " + name);
        switch (name) {
            case "once" -> {
                assertEquals(sent, pictures, name);
                assertEquals("", Ffmpeg.decodeErrors(files.getFirst()), name);
            }
            // All there, but shown when they are decoded: RTP does not say when that is.
            case "bframes" -> assertEquals(sent, pictures, name);
            case "huge", "never", "sound" -> assertEquals(0, pictures, name);
            default -> assertTrue(pictures < sent, name);
        }
    }
}
