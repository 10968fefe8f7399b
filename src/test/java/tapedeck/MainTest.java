package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    @TempDir
    private Path caller;

    /// `/opt/tapedeck/run mix room.mp4` in the folder of the recording; `./run` itself works in its own.
    @Test
    void filesAreThoseThatTheCallerSees() throws Exception {
        Path file = Files.createFile(caller.resolve("room.mp4"));
        assertEquals(file, Main.asTheCallerSeesIt(caller, "room.mp4"));
        assertEquals(file, Main.asTheCallerSeesIt(Path.of("/"), file.toString()));
        Path shipped = Path.of("conf", "offline_mixer.json");
        assertEquals(shipped, Main.asTheCallerSeesIt(caller, shipped.toString()));
    }
}
