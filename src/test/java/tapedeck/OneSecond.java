package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tapedeck.peers.Ffmpeg;

/// A second of picture and sound, for who is to mix something and does not ask what; or so many seconds that their mix
/// takes a while.
final class OneSecond {
    private static final int LONG_SECONDS = 30;

    private OneSecond() {}

    static Path in(Path folder, String name) throws IOException {
        return made(folder, name, "320x180", 1);
    }

    static Path manyIn(Path folder, String name) throws IOException {
        return made(folder, name, "1280x720", LONG_SECONDS);
    }

    private static Path made(Path folder, String name, String size, int seconds) throws IOException {
        Path file = Files.createDirectories(folder).resolve(name);
        String[] words =
                "-v error -f lavfi -i testsrc2=s=%s:r=30:d=%d -f lavfi -i sine=d=%2$d -c:v libx264 -preset ultrafast -c:a aac %s"
                        .formatted(size, seconds, file)
                        .split(" ");
        Ffmpeg.Result made = Ffmpeg.ffmpeg(words);
        assertEquals(0, made.exitCode(), made.err());
        return file;
    }
}
