package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.settings.SettingsSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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

    /// Of a server with every protocol that speaks HTTP, so that none can be forgotten.
    @Test
    void theDescriptionNamesExactlyTheRoutesThatExist() throws Exception {
        try (Server server = Server.open(settings());
                HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create(
                    "http://127.0.0.1:%d/openapi.json".formatted(server.ports().port("HTTP")));
            JsonNode paths = JsonMapper.shared()
                    .readTree(client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                            .body())
                    .path("paths");
            Set<String> described = new TreeSet<>();
            for (var path : paths.properties()) {
                for (var method : path.getValue().properties()) {
                    if (!method.getKey().equals("parameters")) {
                        described.add(method.getKey().toUpperCase(Locale.ROOT) + " "
                                + path.getKey().replaceAll("\\{\\w+}$", "*"));
                    }
                }
            }
            assertEquals(new TreeSet<>(server.routes()), described);
        }
    }
}
