package tapedeck.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Two seconds of a small picture in a file, for who only has to be recognised.
final class PlainClip {
    private PlainClip() {}

    /// @param as the container, and what stands in it
    static byte[] made(Path file, String... as) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("-f", "lavfi", "-i", "testsrc2=s=160x120:r=15", "-t", "2"));
        arguments.addAll(List.of("-c:v", "libx264", "-g", "15"));
        arguments.addAll(List.of(as));
        arguments.add(file.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return Files.readAllBytes(file);
    }
}
