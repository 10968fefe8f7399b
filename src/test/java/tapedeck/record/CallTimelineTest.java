package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.MovieNotes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a recording of many streams says of what happened in it.
@Timeout(120)
class CallTimelineTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir
    Path dir;

    private static List<String> told(JsonNode events) {
        List<String> told = new ArrayList<>();
        for (JsonNode event : events) {
            String line = "%s %s %s"
                    .formatted(
                            Math.round(event.path("timeMs").longValue() / 100.0) / 10.0,
                            event.path("event").stringValue(),
                            event.path("streamName").stringValue());
            if (event.has("trackId")) {
                line += " %d %s %s"
                        .formatted(
                                event.path("trackId").intValue(),
                                event.path("trackType").stringValue(),
                                event.path("codec").stringValue());
            }
            told.add(line + (event.has("text") ? " " + event.path("text").stringValue() : ""));
        }
        return told;
    }

    @Test
    void joinsLeavesMutesAndMessagesAreInTheFileAndBesideIt() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Publication[] one = new Publication[1];
            Publication[] two = new Publication[1];
            studio.at(0, () -> one[0] = joined(studio, "one"));
            // Pictures stop for five seconds while the sound goes on.
            studio.frames(one, 0, pictures(0, 4));
            studio.frames(one, 0, pictures(9, 12));
            studio.frames(one, 0, sound(0, 12));
            studio.at(3, () -> two[0] = joined(studio, "two"));
            studio.frames(two, 3, sound(0, 4));
            studio.at(
                    5,
                    () -> two[0].message(new Item.Message("chat", "", "two", true, 0, Bytes.ofUtf8("grüß \"euch\""))));
            studio.at(7, () -> two[0].close());
            studio.play();
            Path file = studio.terminate();
            JsonNode timeline = JsonMapper.builder()
                    .build()
                    .readTree(Files.readAllBytes(file.resolveSibling(file.getFileName() + ".timeline.json")));
            assertEquals(MultiStudio.URI, timeline.path("recorderUri").stringValue());
            assertEquals(
                    List.of(
                            "0.0 join one",
                            "0.0 track one 0 VIDEO vp8",
                            "0.0 track one 1 AUDIO opus",
                            "3.0 join two",
                            "3.0 track two 3 AUDIO opus",
                            "4.0 mute one 0 VIDEO vp8",
                            "5.0 message two grüß \"euch\"",
                            "7.0 leave two",
                            "9.0 unmute one 0 VIDEO vp8"),
                    told(timeline.path("events")).stream().sorted().toList());
            try (FileChannel channel = FileChannel.open(file)) {
                assertEquals(
                        timeline.path("events").size(), MovieNotes.of(channel).size());
            }
            assertTrue(studio.recordings
                    .messages(file.getFileName() + Recordings.TIMELINE_SUFFIX)
                    .isPresent());
            assertDisturbsNobody(file);
        }
    }

    private static void assertDisturbsNobody(Path file) {
        Ffmpeg.Result seen = Ffmpeg.ffprobe(
                "-v",
                "quiet",
                "-show_entries",
                "stream=codec_type,codec_tag_string",
                "-of",
                "csv=p=0",
                file.toString());
        assertEquals(0, seen.exitCode());
        assertEquals(
                List.of("video,vp08", "audio,Opus", "audio,Opus", "data,mett"),
                seen.text().lines().toList());
    }

    @Test
    void itIsMadeOfWhatACrashLeft() throws Exception {
        Path growing;
        Path saved = dir.resolve("saved");
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            studio.participant("one", 0, sound(0, 3));
            studio.play();
            growing = studio.recordings
                    .multi()
                    .growing()
                    .values()
                    .iterator()
                    .next()
                    .file()
                    .path();
            Files.createDirectories(saved);
            Journals journals = new Journals(growing.getParent());
            String id = journals.ids().getFirst();
            for (String name : List.of(Journals.PREFIX + id + ".json", Journals.PREFIX + id + ".mp4")) {
                Files.copy(growing.resolveSibling(name), saved.resolve(name));
            }
        }
        Path later = dir.resolve("later");
        try (MultiStudio studio = new MultiStudio(later, "record_tmp_dir=" + saved)) {
            assertEquals(1, studio.recordings.recover());
            Path file = studio.files().getFirst();
            String timeline = Files.readString(file.resolveSibling(file.getFileName() + ".timeline.json"));
            assertTrue(timeline.contains("\"join\""), timeline);
            assertFalse(Files.list(later.resolve("records"))
                    .anyMatch(left -> left.toString().contains(".tapedeck-")));
        }
    }

    private static Publication joined(MultiStudio studio, String name) throws Exception {
        Publication publication = studio.publish(name);
        studio.multi().add(MultiStudio.URI, publication.stream().mediaSessionId());
        return publication;
    }

    private static List<Frame> pictures(int from, int until) {
        return MultiStudio.frames(
                MultiStudio.video(new Codec.Vp8(320, 240)), from * SECOND, 40_000_000, until * SECOND);
    }

    private static List<Frame> sound(int from, int until) {
        return MultiStudio.frames(MultiStudio.audio(new Codec.Opus(2, 312)), from * SECOND, 20_000_000, until * SECOND);
    }
}
