package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Track;

@Timeout(120)
class RecordFolderTest {
    @TempDir
    Path dir;

    @Test
    void onlyVisibleFilesOfTheFolderItselfAreServed() throws Exception {
        Path folder = Files.createDirectories(dir.resolve("records"));
        Path secret = Files.writeString(dir.resolve("secret.mp4"), "x");
        Files.createDirectories(folder.resolve("sub.mp4"));
        Files.writeString(folder.resolve("sub.mp4/inner.mp4"), "x");
        Files.writeString(folder.resolve("good.mp4"), "x");
        Files.writeString(folder.resolve("käse 日本.webm"), "x");
        Files.writeString(folder.resolve(".tapedeck-1.mp4"), "x");
        Files.writeString(folder.resolve("notes.txt"), "x");
        Files.createSymbolicLink(folder.resolve("link.mp4"), secret);
        Files.createSymbolicLink(folder.resolve("dir.mp4"), dir);
        try (RecordFolder found = new RecordFolder(folder, dir)) {
            assertEquals(folder.resolve("good.mp4"), found.file("good.mp4").orElseThrow());
            assertTrue(found.file("käse 日本.webm").isPresent());
            for (String name : List.of(
                    "",
                    ".",
                    "..",
                    ".mp4",
                    "../secret.mp4",
                    "..\\secret.mp4",
                    secret.toString(),
                    "/etc/passwd",
                    "./good.mp4",
                    "good.mp4/",
                    "sub.mp4",
                    "sub.mp4/inner.mp4",
                    "sub.mp4/../good.mp4",
                    "x/../../secret.mp4",
                    ".tapedeck-1.mp4",
                    "notes.txt",
                    "link.mp4",
                    "dir.mp4",
                    "dir.mp4/secret.mp4",
                    "good.MP4",
                    "good.mp4\0.mp4",
                    "%2e%2e/secret.mp4",
                    "x".repeat(5000) + ".mp4")) {
                assertEquals(Optional.empty(), found.file(name), name);
            }
            assertEquals(
                    List.of("good.mp4", "käse 日本.webm"),
                    found.list().stream()
                            .map(FinishedRecording::fileName)
                            .sorted()
                            .toList());
        }
    }

    @Test
    void theNewestComeFirstAndForeignFilesAreListedWithoutADuration() throws Exception {
        for (int i = 0; i < 5; i++) {
            Path file = Files.writeString(dir.resolve("f%d.mkv".formatted(i)), "not matroska");
            Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1000 + i % 3)));
        }
        try (RecordFolder found = new RecordFolder(dir, dir)) {
            List<FinishedRecording> list = found.list();
            assertEquals(
                    List.of("f2.mkv", "f1.mkv", "f4.mkv", "f0.mkv", "f3.mkv"),
                    list.stream().map(FinishedRecording::fileName).toList());
            assertEquals(FinishedRecording.UNKNOWN, list.getFirst().durationNanos());
            assertEquals("video/x-matroska", list.getFirst().mediaType());
            assertEquals(List.of(), list.getFirst().tracks());
        }
    }

    @Test
    void whatIsKnownOfAFileHoldsUntilTheFileChanges() throws Exception {
        Path file = Files.writeString(dir.resolve("a.mp4"), "x");
        Track audio = new Track(1, new Codec.Opus(2, 0));
        try (RecordFolder found = new RecordFolder(dir, dir)) {
            found.add(file, new Summary(7, List.of(audio)));
            assertEquals(7, found.list().getFirst().durationNanos());
            assertEquals("audio/mp4", found.list().getFirst().mediaType());
            Files.writeString(file, "changed");
            assertEquals(FinishedRecording.UNKNOWN, found.list().getFirst().durationNanos());
            Files.delete(file);
            assertEquals(List.of(), found.list());
        }
    }

    @Test
    void theListIsBoundedAndAFolderThatIsGoneIsEmpty() throws Exception {
        for (int i = 0; i < RecordFolder.MAX_LISTED + 5; i++) {
            Files.createFile(dir.resolve("f%05d.webm".formatted(i)));
        }
        try (RecordFolder found = new RecordFolder(dir, dir)) {
            assertEquals(RecordFolder.MAX_LISTED, found.list().size());
        }
        try (RecordFolder found = new RecordFolder(dir.resolve("gone"), dir)) {
            assertEquals(List.of(), found.list());
        }
    }
}
