package tapedeck.api;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Page;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Chromium;

/// What the console's publisher is told of STUN and TURN.
@Tag("peer")
@Tag("realtime")
class ConsoleIceServersTest {
    @TempDir
    private Path folder;

    @Test
    void theServersOfTheSettingsAreHandedToTheBrowser() throws Exception {
        try (Chromium chromium = new Chromium();
                ApiServer server = new ApiServer(
                        folder, "webrtc_ice_servers=stun:127.0.0.1:9, turn:127.0.0.1:9?transport=udp alice wonder")) {
            server.openWebRtc();
            Page page = chromium.open(server.url("/"));
            page.evaluate("""
                    () => {
                      window.RTCPeerConnection = class extends RTCPeerConnection {
                        constructor(given) {
                          super(given);
                          window.given = JSON.stringify(given.iceServers);
                        }
                      };
                    }""");
            page.locator("#open-camera").click();
            page.locator("#camera-start").click();
            assertThat(page.locator("#camera-stop")).isFocused();
            assertEquals(
                    "[{\"urls\":\"stun:127.0.0.1:9\"},{\"urls\":\"turn:127.0.0.1:9?transport=udp\","
                            + "\"username\":\"alice\",\"credential\":\"wonder\"}]",
                    page.evaluate("window.given"));
            page.locator("#camera-stop").click();
        }
    }
}
