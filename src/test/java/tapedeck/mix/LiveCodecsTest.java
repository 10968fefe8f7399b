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
import tapedeck.peers.MultiRecorderRest;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;

/// Who has another codec, no picture or no sound in a live mix, which is pushed on to another server: recorded here and
/// there, and judged by decoding.
@Tag("peer")
@Tag("realtime")
@Timeout(240)
class LiveCodecsTest {
    /// How long all of them are there together at the end.
    private static final int SECONDS = 6;
    /// In which who comes late finds his place.
    private static final int SETTLING_SECONDS = 5;
    /// Of the five or six flashes in them that are judged.
    private static final int LEAST = 4;

    private static final List<Flasher> SOURCES = List.of(
            new Flasher(
                    "h265",
                    List.of("libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=none"),
                    1000),
            new Flasher("av1", List.of("libaom-av1", "-usage", "realtime", "-cpu-used", "8"), 1500),
            new Flasher("sound", List.of(), 2500),
            new Flasher("vp9", List.of("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), 2000),
            new Flasher("picture", List.of("libx264", "-preset", "ultrafast"), 0));

    @TempDir
    private Path folder;

    private static JsonNode found(MultiRecorderRest mixer) {
        try {
            return mixer.found();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isThere(TestServer server, String name) {
        return server.server().streams().find(new StreamName(name)).isPresent();
    }

    private static void push(TestServer from, TestServer to) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(from.httpUrl("/rest-api/push/startup")))
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"streamName\": \"mix\", \"rtmpUrl\": \"%s\", \"rtmpTransponderFullUrl\": true}"
                                .formatted(to.rtmpUrl("pushed"))))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer.body());
        }
    }

    @Test
    void everyCodecAndWhoHasOnlySoundOrPictureIsInTheMixAndWhereItIsPushed() throws Exception {
        List<Process> publishers = new ArrayList<>();
        try (TestServer there = new TestServer(folder.resolve("there"));
                TestServer here = new TestServer(
                        folder.resolve("here"),
                        "record_flash_published_streams=false",
                        "record_other_streams=mixer",
                        "pull_allow=loopback")) {
            MultiRecorderRest mixer = new MultiRecorderRest(here, "mixer", "mixer://room");
            mixer.start(", \"localStreamName\": \"mix\", \"width\": 640, \"height\": 360, \"fps\": %d"
                            .formatted(Flasher.FPS)
                    + ", \"mixerDisplayStreamName\": false");
            for (Flasher source : SOURCES) {
                publishers.add(source.publish(here));
                Await.await(source.name(), () -> isThere(here, source.name()));
                mixer.addAs(", \"remoteStreamName\": \"%s\"".formatted(source.name()));
            }
            for (int i = 0; i < SOURCES.size(); i++) {
                int number = i;
                Await.await(
                        SOURCES.get(i) + " is live",
                        () -> found(mixer)
                                .path("sources")
                                .path(number)
                                .path("state")
                                .asString("")
                                .equals("live"));
            }
            push(here, there);
            Await.await("the pushed mix", () -> isThere(there, "pushed"));
            long until = found(mixer).path("pictures").asLong() + (SETTLING_SECONDS + SECONDS) * Flasher.FPS;
            Await.await("pictures", () -> found(mixer).path("pictures").asLong() >= until);
            mixer.terminate();
            judge(here.awaitRecording("mix.mp4"));
            judge(there.awaitRecording("pushed.mp4"));
        } finally {
            publishers.forEach(Process::destroy);
        }
    }

    /// Four tiles: who has no picture has none.
    private static void judge(Path file) {
        assertEquals("", Ffmpeg.decodeErrors(file));
        Look look = Look.overTime(file, Flasher.FPS);
        double end = (double) look.pictures() / Flasher.FPS;
        together(file, "H.265", last(look.flashes(0.25, 0.25), end), last(look.beeps(1000), end));
        together(file, "AV1", last(look.flashes(0.75, 0.25), end), last(look.beeps(1500), end));
        together(file, "VP9", last(look.flashes(0.25, 0.75), end), last(look.beeps(2000), end));
        everySecond("pictures alone", last(look.flashes(0.75, 0.75), end));
        often("sound alone", last(look.beeps(2500), end));
    }

    /// A tone that a busy machine brings in two pieces is one.
    private static List<Double> last(List<Double> moments, double end) {
        List<Double> last = new ArrayList<>();
        for (double moment : moments) {
            boolean again = !last.isEmpty() && moment - last.getLast() < 0.3;
            if (moment > end - SECONDS && moment < end - 0.5 && !again) {
                last.add(moment);
            }
        }
        return last;
    }

    private static void together(Path file, String who, List<Double> flashes, List<Double> beeps) {
        everySecond(who + " is seen", flashes);
        often(who + " is heard", beeps);
        Flasher.assertTogether(who + " in " + file.getFileName(), flashes, beeps, LEAST);
    }

    /// Nobody else has this tone. Where it is among the others, [Flasher#assertTogether] looks: who is late on a busy
    /// machine is mixed later for a while.
    private static void often(String who, List<Double> moments) {
        assertTrue(moments.size() >= LEAST && moments.size() <= SECONDS + 1, who + ": " + moments);
    }

    /// Whole seconds apart, so that a tile is not somebody else's. What is late on a busy machine is left out, and
    /// ffmpeg makes up for what it is late by five per cent.
    private static void everySecond(String who, List<Double> moments) {
        often(who, moments);
        for (int i = 1; i < moments.size(); i++) {
            double apart = moments.get(i) - moments.get(i - 1);
            long seconds = Math.max(1, Math.round(apart));
            assertEquals(seconds, apart, 0.1 * seconds + 2.0 / Flasher.FPS, who + ": " + moments);
        }
    }
}
