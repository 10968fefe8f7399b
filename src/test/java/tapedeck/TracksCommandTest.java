package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    /// As often as it comes back, with tracks of their own.
    @Test
    void aStreamThatIsAddedAgain() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Publication[] first = new Publication[1];
            Publication[] second = new Publication[1];
            studio.at(0, () -> first[0] = joined(studio, "test"));
            studio.frames(first, 0, pictures(0, 2_320));
            studio.at(2.33, () -> first[0].close());
            studio.at(6.306, () -> second[0] = joined(studio, "test"));
            studio.frames(second, 6.306, TestMedia.interleaved(pictures(0, 1_000), sound(0, 40)));
            studio.play();
            Path file = studio.terminate();
            assertPage("""
                    [{"durationInMS": "2320",
                      "trackEdits": [{"endInMs": "2320", "type": "media", "startInMs": "0"}],
                      "trackType": "VIDEO", "trackId": "0", "width": "320", "timescale": "90000",
                      "streamName": "test", "trackCodec": "avc1", "mediaSessionId": "SESSION-0", "height": "240"},
                     {"durationInMS": "7235",
                      "trackEdits": [
                        {"endInMs": "6306", "type": "pause", "startInMs": "0"},
                        {"endInMs": "7235", "type": "media", "startInMs": "6306"}],
                      "channels": "2", "trackType": "AUDIO", "trackId": "3", "timescale": "44100",
                      "streamName": "test", "trackCodec": "mp4a", "sampleRate": "44100",
                      "mediaSessionId": "SESSION-1"},
                     {"durationInMS": "7306",
                      "trackEdits": [
                        {"endInMs": "6306", "type": "pause", "startInMs": "0"},
                        {"endInMs": "7306", "type": "media", "startInMs": "6306"}],
                      "trackType": "VIDEO", "trackId": "2", "width": "320", "timescale": "90000",
                      "streamName": "test", "trackCodec": "avc1", "mediaSessionId": "SESSION-1", "height": "240"}]""", file, sessions(first, second));
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
