package tapedeck.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RelaysReaderTest {
    private static Settings.Relays relays(String... assignments) throws SettingsException {
        return SettingsSource.read(Path.of("none"), Map.of(), List.of(assignments))
                .relays();
    }

    @Test
    void pullsAndPushesAreNamesAddressesAndOptions() throws Exception {
        Settings.Relays relays = relays(
                "pull=cam rtsp://u:p@192.0.2.7/a,b?x=1,2 transport=tcp record=true,  b rtmp://h/live/b,",
                "push=b rtmps://h/app/KEY",
                "pull_allow=10.0.0.0/8, loopback",
                "pull_hold=5");
        assertEquals(
                List.of(
                        new Settings.Relayed(
                                "cam", "rtsp://u:p@192.0.2.7/a,b?x=1,2", Map.of("transport", "tcp", "record", "true")),
                        new Settings.Relayed("b", "rtmp://h/live/b", Map.of())),
                relays.pulls());
        assertEquals(List.of(new Settings.Relayed("b", "rtmps://h/app/KEY", Map.of())), relays.pushes());
        assertEquals(List.of("10.0.0.0/8", "loopback"), relays.allow());
        assertEquals(5, relays.holdSeconds());
        assertFalse(relays.toString().contains("u:p@"), "no password is printed");
        assertEquals(Settings.Relays.NONE, relays());
    }

    @Test
    void whatIsNeitherIsRefusedWithoutItsPassword() {
        for (String wrong : List.of("cam", "cam host/a", "cam rtsp://u:secret@h/a option", "cam rtsp://h/ =x")) {
            SettingsException refused = assertThrows(SettingsException.class, () -> relays("pull=" + wrong), wrong);
            assertTrue(refused.getMessage().contains("pull=cam …"), refused.getMessage());
            assertFalse(refused.getMessage().contains("secret"), refused.getMessage());
        }
    }

    @Test
    void thereIsALimit() throws Exception {
        String most = IntStream.range(0, RelaysReader.MAX_RELAYS)
                .mapToObj("s%d rtmp://h/live/a"::formatted)
                .collect(Collectors.joining(", "));
        assertEquals(RelaysReader.MAX_RELAYS, relays("push=" + most).pushes().size());
        assertThrows(SettingsException.class, () -> relays("push=" + most + ", more rtmp://h/live/a"));
    }
}
