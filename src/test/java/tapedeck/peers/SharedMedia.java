package tapedeck.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tapedeck.bytes.Bytes;

/// Real files that others made, beside the project where they exist: further cases for the tests, never the only ones.
public final class SharedMedia {
    private static final Path ROOT = Path.of("..", "shared", "media");

    private SharedMedia() {}

    /// The files below `folder` that end in one of `extensions` (all without any), in order. Says in one line how many.
    public static List<Path> files(String folder, String... extensions) {
        Path root = ROOT.resolve(folder);
        if (!Files.isDirectory(root)) {
            System.out.println("shared media: no " + folder + " here, 0 further cases");
            return List.of();
        }
        try (var walk = Files.walk(root)) {
            List<Path> files = walk.filter(Files::isRegularFile)
                    .filter(file -> extensions.length == 0
                            || List.of(extensions).stream()
                                    .anyMatch(extension -> file.toString().endsWith("." + extension)))
                    .sorted()
                    .toList();
            System.out.println("shared media: " + files.size() + " further cases from " + folder);
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The contents of [#files].
    public static List<Bytes> bytes(String folder, String... extensions) {
        return files(folder, extensions).stream().map(SharedMedia::read).toList();
    }

    private static Bytes read(Path file) {
        try {
            return Bytes.wrap(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
