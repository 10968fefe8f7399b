package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.LoggedLines;

class EncoderCheckTest {
    private static final String CLASS_PATH = "java.class.path";
    private static final long MILLIS = 1_000_000;

    @TempDir
    private Path folder;

    /// A process that says that it was asked, and then ends like this.
    private EncoderCheck ends(String how, long deadlineNanos) {
        return new EncoderCheck(
                () -> List.of("sh", "-c", "echo $1 $$ >> %s; %s".formatted(asked(), how), "looks"), deadlineNanos);
    }

    private Path asked() {
        return folder.resolve("asked");
    }

    private long processes() throws IOException {
        return Files.readAllLines(asked()).stream()
                .filter(line -> line.startsWith("libx264 "))
                .count();
    }

    private static MixSettings x264() throws MixFailedException {
        return MixSettings.parse("{\"codec\": \"x264\"}", Path.of(""));
    }

    @Test
    void aBuildIsAskedOnceAlsoWhenItSaysNoAndAnotherOneInItsPlaceAnew() throws Exception {
        String before = System.getProperty(CLASS_PATH);
        Path build = Files.writeString(folder.resolve("ffmpeg.jar"), "one");
        System.setProperty(CLASS_PATH, before + File.pathSeparator + build);
        try {
            EncoderCheck no = ends("exit 3", EncoderCheck.DEADLINE_NANOS);
            for (int i = 0; i < 3; i++) {
                assertThrows(MixFailedException.class, () -> no.require(x264()));
            }
            assertEquals(1, processes());
            Files.writeString(build, "another");
            assertThrows(MixFailedException.class, () -> no.require(x264()));
            assertThrows(MixFailedException.class, () -> no.require(x264()));
            assertEquals(2, processes());
            no.require(MixSettings.defaults());
            assertEquals(2, processes());
        } finally {
            System.setProperty(CLASS_PATH, before);
        }
    }

    @Test
    void aBuildThatHasItIsAskedOnce() throws Exception {
        EncoderCheck yes = ends("exit 0", EncoderCheck.DEADLINE_NANOS);
        yes.require(x264());
        yes.require(x264());
        assertEquals(1, processes());
    }

    /// The mix finds out itself then.
    @Test
    void whoDoesNotAnswerIsNotWaitedForAndAskedAgain() throws Exception {
        try (LoggedLines lines = new LoggedLines("tapedeck.mix")) {
            EncoderCheck hangs = ends("exec sleep 1000", 500 * MILLIS);
            hangs.require(x264());
            hangs.require(x264());
            assertEquals(
                    2,
                    lines.with("whether there is an encoder libx264 was not answered")
                            .size());
            assertEquals(2, processes());
            for (String line : Files.readAllLines(asked())) {
                long pid = Long.parseLong(line.split(" ")[1]);
                ProcessHandle.of(pid).ifPresent(process -> process.onExit().join());
            }
        }
        EncoderCheck fails = ends("exit 1", EncoderCheck.DEADLINE_NANOS);
        fails.require(x264());
        fails.require(x264());
        assertEquals(4, processes());
    }
}
