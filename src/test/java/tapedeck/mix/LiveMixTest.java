package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Real publishers in a live mix, which is recorded and judged by decoding the recording: everything in its own time.
@Tag("peer")
@Tag("realtime")
@Timeout(240)
class LiveMixTest {
    private static final String MIXER = "\"uri\": \"mixer://room\"";
    private static final int FPS = Flasher.FPS;
    /// What is behind the tiles: brighter than a dark tile, darker than a flash.
    private static final int GROUND = 64;

    @TempDir
    private Path folder;

    private static HttpResponse<String> call(TestServer server, String name, String members) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/mixer/" + name)))
                .POST(HttpRequest.BodyPublishers.ofString("{%s}".formatted(members)))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    private static void ask(TestServer server, String name, String members) throws Exception {
        HttpResponse<String> answer = call(server, name, members);
        assertEquals(200, answer.statusCode(), answer.body());
    }

    private static JsonNode mixer(TestServer server) {
        try {
            return new JsonMapper()
                    .readTree(call(server, "find_all", "").body())
                    .path(0);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String state(TestServer server, int source) {
        return mixer(server).path("sources").path(source).path("state").asString("");
    }

    private static long pictures(TestServer server) {
        return mixer(server).path("pictures").asLong();
    }

    private static void awaitPictures(TestServer server, long seconds) {
        long until = pictures(server) + seconds * FPS;
        Await.await("more pictures of the mix", () -> pictures(server) >= until);
    }

    private static void join(TestServer server, String name) throws Exception {
        Await.await(
                name, () -> server.server().streams().find(new StreamName(name)).isPresent());
        ask(server, "add", MIXER + ", \"remoteStreamName\": \"%s\"".formatted(name));
    }

    /// One who publishes without an end; whatever happens, he is gone afterwards, also if he was stopped.
    private record Publishing(Process process) implements AutoCloseable {
        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    private static void killWorkers(TestServer server) {
        List<ProcessHandle> killed = MixWorkers.all();
        assertEquals(2, killed.size());
        killed.forEach(ProcessHandle::destroyForcibly);
        Await.await("new workers", () -> mixer(server).path("restartedWorkers").asLong() == 2);
        awaitPictures(server, 1);
    }

    @Test
    void everybodyHasATileAsLongAsHeIsThereAndAKilledWorkerCostsLittle() throws Exception {
        try (TestServer server = new TestServer(folder, "record_other_streams=mixer")) {
            ask(
                    server,
                    "startup",
                    MIXER + ", \"width\": 320, \"height\": 180, \"fps\": %d".formatted(FPS)
                            + ", \"bitrate\": \"600\", \"mixerDisplayStreamName\": false, \"background\": \"#404040\""
                            + ", \"localStreamName\": \"mix\"");
            Await.await("the background", () -> pictures(server) > FPS);
            try (Publishing anna = new Publishing(Flasher.of("anna", 1000).publish(server))) {
                join(server, "anna");
                Await.await("Anna", () -> state(server, 0).equals("live"));
                awaitPictures(server, 2);
                try (Publishing boris = new Publishing(Flasher.of("boris", 2000).publish(server))) {
                    join(server, "boris");
                    Await.await("Boris", () -> state(server, 1).equals("live"));
                    awaitPictures(server, 3);
                    killWorkers(server);
                    MixWorkers.signal(boris.process.pid(), "STOP");
                    Await.await("Boris is away", () -> state(server, 1).equals("away"));
                    awaitPictures(server, 1);
                    MixWorkers.signal(boris.process.pid(), "CONT");
                    Await.await("Boris is back", () -> state(server, 1).equals("live"));
                    awaitPictures(server, 2);
                    // ffmpeg ends its streams in order.
                    anna.process.destroy();
                    boris.process.destroy();
                    Await.await(
                            "both are gone",
                            () -> state(server, 0).equals("gone")
                                    && state(server, 1).equals("gone"));
                }
            }
            awaitPictures(server, 1);
            System.out.println("the live mix: " + mixer(server));
            ask(server, "terminate", MIXER);
            Await.await("no workers", () -> MixWorkers.all().isEmpty());
            judge(server.awaitRecording("mix.mp4"));
            for (String name : List.of("anna", "boris")) {
                whole(server.awaitRecording(name + ".mp4"));
            }
        }
    }

    /// A publisher's own recording, in which every second is there.
    private static void whole(Path file) {
        assertEquals("", Ffmpeg.decodeErrors(file));
        List<Double> flashes = Look.at(file, FPS).flashes(0.5, 0.5);
        assertTrue(flashes.size() > 5, file + ": " + flashes);
        for (int i = 1; i < flashes.size(); i++) {
            assertEquals(1, flashes.get(i) - flashes.get(i - 1), 0.001, file + ": " + flashes);
        }
    }

    /// What is to be seen at the upper edge: the background beside two tiles or without any, else Anna's picture.
    private static List<Boolean> grounds(Look look) {
        List<Boolean> grounds = new ArrayList<>();
        for (int i = 0; i < look.pictures(); i++) {
            grounds.add(Math.abs(look.brightness(i, 0.5, 0.04) - GROUND) < 20);
        }
        return grounds;
    }

    /// But those for a moment, when a new worker has not yet everybody's picture.
    private static List<Double> changes(List<Boolean> grounds) {
        List<Double> changes = new ArrayList<>();
        for (int i = 1; i < grounds.size(); i++) {
            if (!grounds.get(i).equals(grounds.get(i - 1))) {
                double at = (double) i / FPS;
                if (changes.isEmpty() || at - changes.getLast() > 0.2) {
                    changes.add(at);
                } else {
                    changes.removeLast();
                }
            }
        }
        return changes;
    }

    private static void judge(Path file) throws Exception {
        assertEquals("", Ffmpeg.decodeErrors(file));
        Look look = Look.overTime(file, FPS);
        List<Boolean> grounds = grounds(look);
        List<Double> changes = changes(grounds);
        System.out.println("the live mix changes at " + changes);
        // Nobody, Anna alone, both, Anna alone, both, and then perhaps one of them for a moment, nobody.
        assertTrue(grounds.getFirst() && grounds.getLast(), "nobody is there at first and at last");
        assertTrue(changes.size() == 4 || changes.size() == 6, "changes at " + changes);
        double two = changes.get(1);
        double away = changes.get(2);
        double back = changes.get(3);
        List<Double> hers = look.flashes(0.25, 0.5);
        List<Double> his = look.flashes(0.75, 0.5).stream()
                .filter(at -> at > two && at < away || at > back + 1)
                .toList();
        double last = his.stream().filter(at -> at < away).reduce((_, b) -> b).orElseThrow();
        double stays = away - last;
        // He flashes once a second; his last picture came up to a second behind his last flash.
        assertTrue(stays > 5 - 0.1 && stays < 6 + 0.3, "his last picture stays %.2f s".formatted(stays));
        Flasher.assertTogether("Anna", hers, look.beeps(1000), 8);
        Flasher.assertTogether("Boris", his, look.beeps(2000), 3);
    }

    @Test
    void withoutAnybodyBackgroundAndSilenceGoOn() throws Exception {
        try (TestServer server = new TestServer(folder, "record_other_streams=mixer")) {
            ask(server, "startup", MIXER + ", \"width\": 320, \"height\": 180, \"background\": \"#404040\"");
            Await.await("the background", () -> pictures(server) > 2 * FPS);
            server.server().streams().find(new StreamName("room")).orElseThrow().terminate("for the test");
            Look look = Look.overTime(server.awaitRecording("room.mp4"), FPS);
            assertTrue(look.soundSeconds() > 1, "silence");
            assertTrue(look.peak() < 100, "silence: " + look.peak());
            assertTrue(grounds(look).stream().allMatch(each -> each), "the background");
            assertEquals(404, call(server, "terminate", MIXER).statusCode());
        }
    }
}
