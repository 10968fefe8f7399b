package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Await;
import tapedeck.peers.Chromium;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TestServer;
import tapedeck.record.FinishedRecording;
import tapedeck.stream.StreamName;

/// A publisher that says how its picture is turned: real readers of the recording turn it back.
@Tag("peer")
@Tag("realtime")
@Timeout(120)
class TurnedPictureTest {
    @TempDir
    private Path folder;

    private TestServer server;

    private void open(String... settings) throws Exception {
        server = new TestServer(folder.resolve("data"), settings);
    }

    @BeforeEach
    void open() throws Exception {
        open("record_formats=h264-mp4,vp8-webm");
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    private static List<Frame> turned(List<Frame> frames, int degrees) {
        return frames.stream()
                .map(frame -> new Frame(
                        new Track(frame.track().id(), frame.track().codec(), degrees),
                        frame.dtsNanos(),
                        frame.ptsNanos(),
                        frame.keyframe(),
                        frame.data()))
                .toList();
    }

    private void publish(String name, List<Frame> frames) throws Exception {
        try (WhipClient client = new WhipClient(
                URI.create(server.httpUrl("/whip/" + name)),
                WhipClient.Options.of(frames.getFirst().track().codec()))) {
            client.play(frames);
            client.delete();
        }
    }

    /// The hash of the first picture, as players show it (turned by what the file says) or with a filter instead.
    private static String picture(Path file, String rotation, String filter) {
        return Ffmpeg.ffmpeg(
                        "-v",
                        "error",
                        rotation,
                        "-i",
                        file.toString(),
                        "-frames:v",
                        "1",
                        "-vf",
                        filter,
                        "-f",
                        "framemd5",
                        "-")
                .text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .findFirst()
                .orElseThrow()
                .replaceAll(".*, *", "");
    }

    private static void assertTurned(int degrees, Path file) {
        String back = switch (degrees) {
            case 90 -> "transpose=clock";
            case 180 -> "hflip,vflip";
            case 270 -> "transpose=cclock";
            default -> "null";
        };
        assertEquals("", Ffmpeg.decodeErrors(file));
        assertEquals(
                picture(file, "-noautorotate", back), picture(file, "-autorotate", "null"), "turned by " + degrees);
    }

    @ParameterizedTest
    @CsvSource({"90, h264", "270, h264", "90, vp8", "180, vp8"})
    void aRecordingIsTurnedAsThePublisherSays(int degrees, String codec) throws Exception {
        List<Frame> frames = codec.equals("h264") ? TestMedia.h264(2) : TestMedia.vp8(2);
        publish("turned", turned(frames, degrees));
        Path file = server.awaitRecordingOf("turned");
        assertTurned(degrees, file);
        assertTrue(
                !picture(file, "-noautorotate", "null").equals(picture(file, "-autorotate", "null")), "turned at all");
    }

    /// A phone that is turned while it publishes: each file can say one rotation, so the next one begins.
    @ParameterizedTest
    @CsvSource({"h264", "vp8"})
    void whenThePictureIsTurnedInMidStreamTheNextPartBegins(String codec) throws Exception {
        List<Frame> all = codec.equals("h264") ? TestMedia.h264(6) : TestMedia.vp8(6);
        List<Frame> frames = new ArrayList<>(all.subList(0, all.size() / 2));
        frames.addAll(turned(all.subList(all.size() / 2, all.size()), 270));
        publish("phone", frames);
        server.awaitRecordingOf("phone");
        List<FinishedRecording> parts = new ArrayList<>();
        Await.await("two parts", () -> {
            parts.clear();
            parts.addAll(server.server().recordings().finished());
            return parts.size() == 2;
        });
        parts.sort(Comparator.comparing(FinishedRecording::fileName));
        List<Path> files = new ArrayList<>();
        for (FinishedRecording part : parts) {
            files.add(server.server().recordings().file(part.fileName()).orElseThrow());
        }
        files.sort(Comparator.comparing(file -> file.getFileName().toString().length()));
        assertTurned(0, files.getFirst());
        assertTurned(270, files.getLast());
        long pictures = 0;
        for (Path file : files) {
            pictures += Long.parseLong(Ffmpeg.ffprobe(
                            "-v",
                            "error",
                            "-select_streams",
                            "v",
                            "-count_packets",
                            "-show_entries",
                            "stream=nb_read_packets",
                            "-of",
                            "csv=p=0",
                            file.toString())
                    .text()
                    .strip()
                    .replaceAll("\\D", ""));
        }
        assertEquals(frames.size(), pictures, "none is lost");
    }

    private static void show(WebRtcHouse house, String name) {
        Path page = Path.of("src/test/resources/tapedeck/protocol/webrtc/%s.html".formatted(name));
        house.routes.add(
                "GET",
                "/" + name,
                exchange -> exchange.respond(200, "text/html", Bytes.wrap(Files.readAllBytes(page))));
    }

    /// Chromium's own idea of it, on both sides of the server.
    @Test
    void chromiumSaysItAndChromiumTurnsItBack() throws Exception {
        try (WebRtcHouse house = new WebRtcHouse();
                Chromium chromium = new Chromium()) {
            show(house, "publish");
            show(house, "play");
            String url = "http://127.0.0.1:" + house.httpPort();
            Page publisher = chromium.open(url + "/publish?name=cam&codec=VP8&picture=turned");
            Await.await("turned track", () -> {
                publisher.waitForTimeout(50);
                return house.streams
                        .find(new StreamName("cam"))
                        .map(stream -> stream.tracks().stream().anyMatch(track -> track.rotationDegrees() == 90))
                        .orElse(false);
            });
            Page viewer = chromium.open(url + "/play?name=cam&audio=no");
            Await.await("an upright picture", () -> {
                publisher.waitForTimeout(50);
                return viewer.evaluate("[video.videoWidth, video.videoHeight].join()")
                        .equals("240,320");
            });
        }
    }

    /// A transport stream cannot say it: the picture stays as it was sent, in one file.
    @Test
    void aTransportStreamGoesOn() throws Exception {
        server.close();
        open("record_formats=h264-ts");
        List<Frame> all = TestMedia.h264(4);
        List<Frame> frames = new ArrayList<>(all.subList(0, all.size() / 2));
        frames.addAll(turned(all.subList(all.size() / 2, all.size()), 90));
        publish("ts", frames);
        Path file = server.awaitRecordingOf("ts");
        assertEquals("", Ffmpeg.decodeErrors(file));
        assertEquals(1, server.server().recordings().finished().size());
    }
}
