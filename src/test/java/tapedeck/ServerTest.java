package tapedeck;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.settings.SettingsSource;

@Timeout(120)
class ServerTest {
    @TempDir
    Path dir;

    private Settings settings(String... assignments) throws SettingsException {
        Map<String, String> values = Training.onFreePorts(dir);
        values.put("webrtc_pre_init", "false");
        List<String> all = new ArrayList<>();
        values.forEach((key, value) -> all.add(key + "=" + value));
        all.addAll(List.of(assignments));
        return SettingsSource.read(dir.resolve("none.properties"), Map.of(), all);
    }

    @Test
    void aSecondServerOnTheSameDataIsRefused() throws Exception {
        try (Server _ = Server.open(settings())) {
            SettingsException same = assertThrows(SettingsException.class, () -> Server.open(settings()));
            assertTrue(same.getMessage().contains("another server uses this folder"), same.getMessage());
            SettingsException sameData = assertThrows(
                    SettingsException.class, () -> Server.open(settings("record_dir=" + dir.resolve("elsewhere"))));
            assertTrue(sameData.getMessage().contains("another server uses this folder"), sameData.getMessage());
        }
        try (Server again = Server.open(settings())) {
            assertTrue(again.ports().port("HTTP") > 0);
        }
    }
}
