package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;

/// What is said while a stream is recorded, in its file beside the recording.
@Timeout(120)
class MessageLogTest {
    @TempDir
    Path dir;

    private static Item.Message text(String text) {
        return new Item.Message("chat", "", "whip-1", true, 0, Bytes.ofUtf8(text));
    }

    /// The messages as a reader has them, with their times.
    private static List<Item.Message> heard(Reader reader) {
        List<Item> items = new ArrayList<>();
        reader.drainTo(items);
        return items.stream()
                .filter(Item.Message.class::isInstance)
                .map(Item.Message.class::cast)
                .toList();
    }

    private static Reader listener(Publication publication) {
        return publication.stream()
                .subscribe(new ReaderOptions(
                        "listener", false, false, Long.MAX_VALUE / 2, Long.MAX_VALUE / 2, 0, () -> {}));
    }

    private static List<String> lines(Path file) throws Exception {
        return Files.readAllLines(file);
    }

    @Test
    void eachMessageIsALineBesideTheRecording() throws Exception {
        List<Frame> frames = TestMedia.vp8(2);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            Reader listener = listener(publication);
            publication.message(text("before the first picture"));
            studio.feed(publication, frames.subList(0, 30));
            publication.message(text("a \"quoted\" line\nand another: grüß Gott 🎥"));
            publication.message(new Item.Message("data", "p", "whep-2", false, 0, Bytes.ofHex("00ff80")));
            studio.feed(publication, frames.subList(30, frames.size()));
            studio.end(publication);
            List<Long> millis = heard(listener).stream()
                    .map(message -> message.nanos() / 1_000_000)
                    .toList();
            assertEquals(
                    List.of(
                            "{\"timeMs\":%d,\"label\":\"chat\",\"protocol\":\"\",\"sender\":\"whip-1\",\"text\":\"before the first picture\"}"
                                    .formatted(millis.get(0)),
                            "{\"timeMs\":%d,\"label\":\"chat\",\"protocol\":\"\",\"sender\":\"whip-1\",\"text\":\"a \\\"quoted\\\" line\\nand another: grüß Gott 🎥\"}"
                                    .formatted(millis.get(1)),
                            "{\"timeMs\":%d,\"label\":\"data\",\"protocol\":\"p\",\"sender\":\"whep-2\",\"base64\":\"AP+A\"}"
                                    .formatted(millis.get(2))),
                    lines(studio.records.resolve("a.webm.messages.jsonl")));
            assertEquals(List.of("a.webm", "a.webm.messages.jsonl"), studio.allFiles());
            assertEquals(1, studio.recordings.finished().size(), "it is not a recording of its own");
        }
    }

    @Test
    void withoutAMessageThereIsNoFile() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            studio.feed(publication, TestMedia.vp8(1));
            studio.end(publication);
            assertEquals(List.of("a.webm"), studio.allFiles());
        }
    }

    @Test
    void messagesOfAStreamThatWasNeverRecordedLeaveNothing() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            for (int i = 0; i < MessageLog.MAX_WAITING + 10; i++) {
                publication.message(text("nobody sees a picture"));
            }
            studio.settle();
            studio.end(publication);
            assertEquals(List.of(), studio.allFiles());
        }
    }

    @Test
    void eachPartHasItsOwn() throws Exception {
        List<Frame> frames = TestMedia.vp8(5);
        try (TestStudio studio = new TestStudio(dir, "record_rotation=2")) {
            Publication publication = studio.publish("a");
            int middle = 0;
            while (frames.get(middle).dtsNanos() < 1_000_000_000L) {
                middle++;
            }
            studio.feed(publication, frames.subList(0, middle));
            publication.message(text("in the first"));
            studio.feed(publication, frames.subList(middle, frames.size()));
            publication.message(text("in the last"));
            studio.end(publication);
            List<String> files = studio.allFiles();
            List<String> logs =
                    files.stream().filter(name -> name.endsWith(".jsonl")).toList();
            assertEquals(2, logs.size(), files.toString());
            assertTrue(Files.readString(studio.records.resolve(logs.getFirst())).contains("in the first"));
            assertTrue(Files.readString(studio.records.resolve(logs.getLast())).contains("in the last"));
            assertTrue(files.containsAll(logs.stream()
                    .map(name -> name.substring(0, name.length() - MessageLog.SUFFIX.length()))
                    .toList()));
        }
    }

    /// What a killed server leaves, with half a line at the end.
    @Test
    void aCrashCostsNoMoreThanTheLastLine() throws Exception {
        List<Frame> frames = TestMedia.vp8(3);
        Path copy = dir.resolve("copy");
        try (TestStudio studio = new TestStudio(dir.resolve("first"))) {
            Publication publication = studio.publish("a");
            studio.feed(publication, frames.subList(0, 10));
            publication.message(text("written"));
            studio.feed(publication, frames.subList(10, frames.size()));
            Path growing = Files.createDirectories(copy.resolve("growing"));
            Files.createDirectories(copy.resolve("records"));
            try (var files = Files.list(studio.tmp)) {
                for (Path file : files.toList()) {
                    Files.copy(file, growing.resolve(file.getFileName()));
                }
            }
            studio.end(publication);
        }
        Path log;
        try (var files = Files.list(copy.resolve("growing"))) {
            log = files.filter(file -> file.toString().endsWith(MessageLog.SUFFIX))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] whole = Files.readAllBytes(log);
        Files.writeString(log, new String(whole, StandardCharsets.UTF_8) + "{\"timeMs\":99,\"lab");
        try (TestStudio studio = new TestStudio(copy)) {
            assertEquals(1, studio.recordings.recover());
            assertEquals(List.of("a.webm", "a.webm.messages.jsonl"), studio.allFiles());
            assertEquals(
                    1, lines(studio.records.resolve("a.webm.messages.jsonl")).size());
            assertTrue(Files.readString(studio.records.resolve("a.webm.messages.jsonl"))
                    .contains("written"));
        }
    }

    @Test
    void tornLinesAreCutWhereverTheyAre() throws Exception {
        String line = new String(MessageLog.line(text("x".repeat(10_000)), 0).toByteArray(), StandardCharsets.UTF_8);
        for (String content : List.of("", "torn", line, line + line, line + "torn", line + line.strip())) {
            Path growing = Files.writeString(dir.resolve("growing"), content);
            Path recording = dir.resolve("a.mp4");
            MessageLog.place(growing, recording);
            MessageLog.place(growing, recording); // A retry finds nothing to do.
            Path placed = MessageLog.beside(recording);
            String kept = Files.exists(placed) ? Files.readString(placed) : "";
            assertEquals(content.substring(0, content.lastIndexOf('\n') + 1), kept);
            assertEquals(kept.isEmpty(), !Files.deleteIfExists(placed), "no empty file");
            assertFalse(Files.exists(growing));
        }
    }

    @Test
    void deletingARecordingDeletesItsMessages() throws Exception {
        Path recording = Files.writeString(dir.resolve("a.mp4"), "x");
        Path other = Files.writeString(MessageLog.beside(dir.resolve("b.mp4")), "x");
        Files.writeString(MessageLog.beside(recording), "x");
        try (RecordFolder folder = new RecordFolder(dir, dir)) {
            folder.delete("a.mp4");
        }
        assertFalse(Files.exists(recording));
        assertFalse(Files.exists(MessageLog.beside(recording)));
        assertTrue(Files.exists(other));
    }

    @Test
    void longNamesHaveShorterOnesThatDiffer() throws Exception {
        Path one = MessageLog.beside(dir.resolve("ä".repeat(125) + ".mp4"));
        Path two = MessageLog.beside(dir.resolve("ä".repeat(124) + "b.mp4"));
        assertFalse(one.equals(two));
        Files.createFile(one);
        Files.createFile(two);
    }
}
