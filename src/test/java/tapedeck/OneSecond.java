package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tapedeck.peers.Ffmpeg;

/// A second of picture and sound, for who is to mix something and does not ask what.
final class OneSecond {
    private static final String MADE =
            "-v error -f lavfi -i testsrc2=s=320x180:r=30:d=1 -f lavfi -i sine=d=1" + " -c:v libx264 -c:a aac";

    private OneSecond() {}

    static Path in(Path folder, String name) throws IOException {
        Path file = Files.createDirectories(folder).resolve(name);
        Ffmpeg.Result made = Ffmpeg.ffmpeg((MADE + " " + file).split(" "));
        assertEquals(0, made.exitCode(), made.err());
        return file;
    }
}
