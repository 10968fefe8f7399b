package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;
import tapedeck.record.MultiStudio;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The recording page's examples of `--show-tracks-info`, text for text.
class TracksCommandTest {
    private static final long MILLI = 1_000_000;
    private static final long PICTURE_NANOS = 40 * MILLI;
    private static final Track SOUND = MultiStudio.audio(new Codec.Aac(Bytes.ofHex("1210"), 44_100, 2));

    @TempDir
    Path dir;

    private final Track video320 =
            TestMedia.sized("h264", "320x240", 1).getFirst().track();

    /// Whole frames of AAC.
    private static List<Frame> sound(long fromMillis, int count) {
        List<Frame> frames = new java.util.ArrayList<>();
        for (int i = 0; i < count; i++) {
            long at = fromMillis * MILLI + Math.round(i * 1024 * 1e9 / 44_100);
            frames.add(new Frame(SOUND, at, at, true, Bytes.ofHex("21100405")));
        }
        return frames;
    }

    private List<Frame> pictures(long fromMillis, long untilMillis) {
        // NAL units of nothing, but whole ones.
        return MultiStudio.frames(video320, fromMillis * MILLI, PICTURE_NANOS, untilMillis * MILLI).stream()
                .map(frame -> new Frame(
                        frame.track(),
                        frame.dtsNanos(),
                        frame.ptsNanos(),
                        frame.keyframe(),
                        Bytes.ofHex(frame.keyframe() ? "00000002658f" : "00000002418f")))
                .toList();
    }

    private static void assertPage(String expected, Path file, List<String> sessions) throws Exception {
        String text = expected;
        for (int i = 0; i < sessions.size(); i++) {
            text = text.replace("SESSION-" + i, sessions.get(i));
        }
        assertEquals(text.replaceAll("\\s+", ""), TracksCommand.json(file).replaceAll("\\s+", ""));
    }

    /// But that two pauses in a row are one.
    @Test
    void twoParticipants() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Publication[] one = new Publication[1];
            Publication[] two = new Publication[1];
            studio.at(0, () -> one[0] = joined(studio, "room-09f012-user1-e6ff"));
            studio.frames(one, 0, TestMedia.interleaved(pictures(0, 37_336), sound(14, 1605)));
            studio.at(21.434, () -> two[0] = joined(studio, "room-09f012-user2-f746"));
            studio.frames(two, 21.434, TestMedia.interleaved(pictures(0, 17_869), sound(100, 764)));
            studio.play();
            Path file = studio.terminate();
            assertPage("""
                    [{"durationInMS": "37282",
                      "trackEdits": [
                        {"endInMs": "14", "type": "pause", "startInMs": "0"},
                        {"endInMs": "37282", "type": "media", "startInMs": "14"}],
                      "channels": "2", "trackType": "AUDIO", "trackId": "1", "timescale": "44100",
                      "streamName": "room-09f012-user1-e6ff", "trackCodec": "mp4a", "sampleRate": "44100",
                      "mediaSessionId": "SESSION-0"},
                     {"durationInMS": "37336",
                      "trackEdits": [{"endInMs": "37336", "type": "media", "startInMs": "0"}],
                      "trackType": "VIDEO", "trackId": "0", "width": "320", "timescale": "90000",
                      "streamName": "room-09f012-user1-e6ff", "trackCodec": "avc1",
                      "mediaSessionId": "SESSION-0", "height": "240"},
                     {"durationInMS": "39274",
                      "trackEdits": [
                        {"endInMs": "21534", "type": "pause", "startInMs": "0"},
                        {"endInMs": "39274", "type": "media", "startInMs": "21534"}],
                      "channels": "2", "trackType": "AUDIO", "trackId": "3", "timescale": "44100",
                      "streamName": "room-09f012-user2-f746", "trackCodec": "mp4a", "sampleRate": "44100",
                      "mediaSessionId": "SESSION-1"},
                     {"durationInMS": "39303",
                      "trackEdits": [
                        {"endInMs": "21434", "type": "pause", "startInMs": "0"},
                        {"endInMs": "39303", "type": "media", "startInMs": "21434"}],
                      "trackType": "VIDEO", "trackId": "2", "width": "320", "timescale": "90000",
                      "streamName": "room-09f012-user2-f746", "trackCodec": "avc1",
                      "mediaSessionId": "SESSION-1", "height": "240"}]""", file, sessions(one, two));
        }
    }

    /// The page's example, whose third track is cut off there. Its two tracks of the stream that left have a
    /// `durationInMS` that is 16,558 ms behind the end of their last edit. All others of the page end with it, as
    /// ISO/IEC 14496-12 8.3.2 has it: here every track does.
    private static final String ADDED_AGAIN = """
            [{"durationInMS": "78978",
              "trackEdits": [
                {"endInMs": "63050", "type": "pause", "startInMs": "0"},
                {"endInMs": "78978", "type": "media", "startInMs": "63050"}],
              "channels": "2", "trackType": "AUDIO", "trackId": "3", "timescale": "44100",
              "streamName": "test", "trackCodec": "mp4a", "sampleRate": "44100",
              "mediaSessionId": "fbbf5b50-20ee-11ec-bf06-ef6ec6048b2c"},
             {"durationInMS": "39708",
              "trackEdits": [{"endInMs": "23150", "type": "media", "startInMs": "0"}],
              "channels": "2", "trackType": "AUDIO", "trackId": "1", "timescale": "44100",
              "streamName": "test", "trackCodec": "mp4a", "sampleRate": "44100",
              "mediaSessionId": "c7bc1460-20ee-11ec-bf06-ef6ec6048b2c"},
             {"durationInMS": "39791",
              "trackEdits": [{"endInMs": "23233", "type": "media", "startInMs": "0"}]}]""";

    /// As often as it comes back, with tracks of their own.
    @Test
    void aStreamThatIsAddedAgain() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Publication[] first = new Publication[1];
            Publication[] second = new Publication[1];
            studio.at(0, () -> first[0] = joined(studio, "test"));
            studio.frames(first, 0, TestMedia.interleaved(pictures(0, 23_233), sound(0, 997)));
            studio.at(23.3, () -> first[0].close());
            // 686 frames of sound are 15,928.9 ms: what begins at 63,049.5 ends at 78,978.4.
            studio.at(63.0495, () -> second[0] = joined(studio, "test"));
            studio.frames(second, 63.0495, TestMedia.interleaved(pictures(0, 15_960), sound(0, 686)));
            studio.play();
            Path file = studio.terminate();
            JsonMapper mapper = JsonMapper.builder().build();
            JsonNode page = mapper.readTree(ADDED_AGAIN);
            Map<String, JsonNode> ours = new LinkedHashMap<>();
            mapper.readTree(TracksCommand.json(file))
                    .forEach(track -> ours.put(track.path("trackId").stringValue(), track));
            assertEquals(List.of("1", "0", "3", "2"), List.copyOf(ours.keySet()));
            List<String> sessions = sessions(first, second);
            assertTrack(page.get(0), ours.get("3"), "78978", sessions.get(1));
            assertTrack(page.get(1), ours.get("1"), "23150", sessions.get(0));
            assertTrack(page.get(2), ours.get("0"), "23233", sessions.get(0));
            assertEquals("VIDEO", ours.get("2").path("trackType").stringValue());
            assertEquals(
                    page.get(0).propertyNames(), ours.get("3").propertyNames(), "the same fields, in the same order");
        }
    }

    /// That all which the page says of this track is said of ours, but for what is no part of the example's media.
    private static void assertTrack(JsonNode page, JsonNode ours, String durationMillis, String session) {
        for (Map.Entry<String, JsonNode> field : page.properties()) {
            JsonNode said = ours.path(field.getKey());
            switch (field.getKey()) {
                case "durationInMS" -> assertEquals(durationMillis, said.stringValue());
                case "mediaSessionId" -> assertEquals(session, said.stringValue());
                default -> assertEquals(field.getValue(), said, field.getKey());
            }
        }
    }

    private static Publication joined(MultiStudio studio, String name) throws Exception {
        Publication publication = studio.publish(name);
        studio.multi().add(MultiStudio.URI, publication.stream().mediaSessionId());
        return publication;
    }

    private static List<String> sessions(Publication[] one, Publication[] two) {
        return List.of(one[0].stream().mediaSessionId(), two[0].stream().mediaSessionId());
    }

    /// Exit codes of the page's tool, which is asked before anything is built.
    @Test
    void aMissingFileIs64() throws Exception {
        Process process = new ProcessBuilder(
                        "bash",
                        "tools/offline_mixer_tool.sh",
                        "--show-tracks-info",
                        dir.resolve("none.mp4").toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        assertEquals(64, process.exitValue(), said);
        assertEquals(false, Files.exists(dir.resolve("none.mp4")));
    }

    @Test
    void aMatroskaIsShownTheSameWay() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, "multi_record_format=mkv")) {
            studio.multi().start(MultiStudio.URI);
            Publication[] one = new Publication[1];
            studio.at(0, () -> one[0] = joined(studio, "one"));
            studio.frames(one, 0, pictures(0, 5_000));
            Publication[] two = new Publication[1];
            studio.at(2, () -> two[0] = joined(studio, "two"));
            studio.frames(two, 2, pictures(0, 3_000));
            studio.play();
            Path file = studio.terminate();
            assertPage(
                    """
                    [{"durationInMS": "5000",
                      "trackEdits": [{"endInMs": "5000", "type": "media", "startInMs": "0"}],
                      "trackType": "VIDEO", "trackId": "0", "width": "320", "timescale": "1000", "streamName": "one",
                      "trackCodec": "V_MPEG4/ISO/AVC", "mediaSessionId": "SESSION-0", "height": "240"},
                     {"durationInMS": "5000",
                      "trackEdits": [
                        {"endInMs": "2000", "type": "pause", "startInMs": "0"},
                        {"endInMs": "5000", "type": "media", "startInMs": "2000"}],
                      "trackType": "VIDEO", "trackId": "2", "width": "320", "timescale": "1000", "streamName": "two",
                      "trackCodec": "V_MPEG4/ISO/AVC", "mediaSessionId": "SESSION-1", "height": "240"}]
                    """,
                    file,
                    List.of(one[0].stream().mediaSessionId(), two[0].stream().mediaSessionId()));
        }
    }
}
