package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.record.FinishedRecording;
import tapedeck.settings.SettingsSource;

@Timeout(120)
class RehearsalTest {
    @TempDir
    Path dir;

    @Test
    void aServerSendsStreamsToItselfAndRecordsThem() throws Exception {
        Map<String, String> values = new HashMap<>(Training.onFreePorts(dir));
        values.putAll(Rehearsal.SETTINGS);
        values.put("webrtc_pre_init", "false");
        values.put("stream_record_policy_template", "{streamName}");
        List<String> all = new ArrayList<>();
        values.forEach((key, value) -> all.add(key + "=" + value));
        Server server = Server.open(SettingsSource.read(dir.resolve("none.properties"), Map.of(), all));
        try (server;
                HttpClient client = HttpClient.newHttpClient()) {
            URI http = URI.create("http://127.0.0.1:" + server.ports().port("HTTP") + "/");
            new Rehearsal(server, client, http).run(new Rehearsal.Length(1, 1, 1, TimeUnit.MILLISECONDS.toNanos(200)));
        }
        Set<String> files = server.recordings().finished().stream()
                .map(FinishedRecording::fileName)
                .collect(Collectors.toSet());
        assertEquals(Set.of("copy-long0.mp4", "copy-short0.mp4"), files);
    }
}
