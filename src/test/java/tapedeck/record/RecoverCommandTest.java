package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// `./run recover DIR` on what a server left that is gone, in a process of its own.
@Tag("peer")
@Timeout(120)
class RecoverCommandTest {
    @TempDir
    Path dir;

    @Test
    void aFolderWithLeftoversOfAllContainersIsFinishedAndSoSaid() throws Exception {
        Path leftovers = Files.createDirectory(dir.resolve("leftovers"));
        List<Frame> h264 = TestMedia.h264(3);
        for (String format : List.of("h264-mp4", "h264-mkv", "vp8-webm", "h264-ts")) {
            List<Frame> frames = format.startsWith("vp8") ? TestMedia.vp8(3) : h264;
            try (TestStudio studio = new TestStudio(dir.resolve(format), "record_formats=" + format)) {
                Publication publication = studio.publish(format);
                studio.feed(publication, frames.subList(0, 75));
                copyGrowing(studio.tmp, leftovers);
                publication.close();
            }
        }
        Path notes = dir.resolve("notes");
        Path hook = TestStudio.notingHook(dir, notes);
        Ffmpeg.Result first = recover(leftovers, hook.toString());
        assertTrue(first.text().contains("4 recordings finished"), first.text() + first.err());
        assertEquals(0, first.exitCode());
        assertEquals(4, TestStudio.lines(notes).size(), "every hook ran before the command ended");
        assertEquals(List.of(), new Journals(leftovers).ids());
        for (String name : List.of("h264-mp4.mp4", "h264-mkv.mkv", "vp8-webm.webm", "h264-ts.ts")) {
            Judge.assertDecodes(dir.resolve("records").resolve(name));
        }
        Ffmpeg.Result again = recover(leftovers);
        assertTrue(again.text().contains("0 recordings finished"), again.text());
        assertEquals(0, again.exitCode());
    }

    @Test
    void whatCannotBeFinishedIsKeptAndTheExitCodeTells() throws Exception {
        Path leftovers = Files.createDirectory(dir.resolve("leftovers"));
        try (TestStudio studio = new TestStudio(dir.resolve("d"))) {
            Publication publication = studio.publish("a");
            studio.feed(publication, TestMedia.h264(2));
            copyGrowing(studio.tmp, leftovers);
            publication.close();
        }
        try (var files = Files.list(leftovers)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".mp4")).toList()) {
                Files.writeString(file, "this is no recording, and must not be lost");
            }
        }
        Ffmpeg.Result result = recover(leftovers);
        assertTrue(result.text().contains("0 recordings finished"), result.text());
        assertTrue(result.text().contains("1 could not be finished"), result.text());
        assertEquals(1, result.exitCode());
        try (var files = Files.list(leftovers)) {
            assertEquals(
                    2,
                    files.filter(path -> path.toString().endsWith(Journals.BROKEN))
                            .count(),
                    "the file and its journal");
        }
    }

    private Ffmpeg.Result recover(Path leftovers) {
        return recover(leftovers, "");
    }

    private Ffmpeg.Result recover(Path leftovers, String hook) {
        List<String> command = new ArrayList<>(List.of(
                "timeout",
                "60",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "tapedeck.Main"));
        for (String setting : List.of(
                "data_dir=" + dir.resolve("data"),
                "record_dir=" + dir.resolve("records"),
                "on_record_hook_script=" + hook)) {
            command.addAll(List.of("--set", setting));
        }
        command.addAll(List.of("recover", leftovers.toString()));
        return Ffmpeg.run(command);
    }

    private static void copyGrowing(Path from, Path to) throws Exception {
        try (var files = Files.list(from)) {
            for (Path file :
                    files.filter(path -> !path.endsWith(FolderLock.NAME)).toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
