package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The measure itself: it must see what is in sync and what is not.
@Tag("peer")
class FlashAndBeepTest {
    @TempDir
    private Path folder;

    @Test
    void aSourceInSyncMeasuresInSync() {
        FlashAndBeep measured = FlashAndBeep.measure(made("sync.mkv", "0"));
        assertEquals(5, measured.beepDelays().size(), measured.toString());
        assertEquals(0, measured.medianDelay(), 0.012);
    }

    @Test
    void aLateSoundMeasuresLate() {
        FlashAndBeep measured = FlashAndBeep.measure(made("late.mkv", "100"));
        assertTrue(measured.beepDelays().size() >= 4, measured.toString());
        assertEquals(0.1, measured.medianDelay(), 0.015);
    }

    private Path made(String name, String soundDelayMillis) {
        Path file = folder.resolve(name);
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(List.of(FlashAndBeep.source("320x180", 50, 6)));
        arguments.addAll(
                List.of("-af", "adelay=" + soundDelayMillis + ":all=1", "-c:v", "libx264", "-c:a", "pcm_s16le"));
        arguments.add(file.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return file;
    }
}
