package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What a test expects, as readable text in a file. `-Dgolden=write` writes the files anew; the diff is then reviewed.
public final class Golden {
    private static final Path ROOT = Path.of("src", "test", "resources", "golden");

    private Golden() {}

    /// Compares with `golden/NAME.txt`.
    public static void check(String name, String actual) {
        Path file = ROOT.resolve(name + ".txt");
        String text = actual.endsWith("\n") ? actual : actual + "\n";
        try {
            if (System.getProperty("golden", "check").equals("write")) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, text);
                return;
            }
            assertTrue(Files.exists(file), file + " is missing: run with -Dgolden=write and review it");
            assertEquals(Files.readString(file), text, file.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
