package tapedeck.api;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Chromium;
import tapedeck.rights.Tokens;
import tapedeck.rights.UserFile;

/// The console of a server that asks who may publish and watch, in a real browser.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class RightsBrowserTest {
    @TempDir
    Path dir;

    private Chromium chromium;

    @BeforeEach
    void launch() {
        chromium = new Chromium();
    }

    @AfterEach
    void quit() {
        chromium.close();
    }

    private Page open(ApiServer server) {
        Page page = chromium.open(server.url("/"));
        page.onDialog(dialog -> {
            throw new AssertionError("the browser asks by itself");
        });
        return page;
    }

    private static void publish(Page page, String name) {
        page.locator("#open-camera").click();
        assertThat(page.locator("#camera-start")).isEnabled();
        page.getByLabel("Name").fill(name);
        page.locator("#camera-start").click();
    }

    private static void give(Page page, String secret) {
        page.locator("#credentials input[name=secret]").fill(secret);
        page.locator("#credentials-go").click();
    }

    @Test
    void theConsoleAsksForATokenAndPublishesWithIt() throws Exception {
        try (ApiServer server =
                new ApiServer(dir, "publish_auth=jwt", "play_auth=jwt", "auth_jwt_secret=" + Tokens.SECRET)) {
            server.openWebRtc();
            Page page = open(server);
            publish(page, "lectures/one");
            Locator dialog = page.locator("#credentials");
            assertThat(dialog).isVisible();
            assertThat(page.locator("#credentials-secret")).hasText("Token");
            assertThat(page.locator("#credentials-user")).isHidden();
            assertThat(page.locator("#credentials-problem")).isHidden();
            try (InputStream check = RightsBrowserTest.class.getResourceAsStream("/accessibility.js")) {
                String script = new String(check.readAllBytes(), StandardCharsets.UTF_8);
                assertEquals(List.of(), page.evaluate(script));
            }
            give(page, "nonsense");
            assertThat(page.locator("#credentials-problem")).hasText("The token is not valid.");
            give(page, Tokens.signed(Tokens.claims(600).build()));
            assertThat(page.locator("#on-air-text")).hasText("Recording");
            assertThat(dialog).isHidden();
            assertEquals(
                    "lectures/one",
                    server.streams.all().iterator().next().name().value());
            assertEquals(0, page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length"));
            page.locator("#camera-stop").click();
            assertThat(page.locator("#camera-done")).containsText("Saved");
        }
    }

    @Test
    void whoDoesNotKnowItIsToldAndMayTryAgain() throws Exception {
        try (ApiServer server = new ApiServer(dir, "publish_auth=jwt", "auth_jwt_secret=" + Tokens.SECRET)) {
            server.openWebRtc();
            Page page = open(server);
            publish(page, "other");
            page.locator("#credentials").getByText("Cancel").click();
            assertThat(page.locator("#camera-problem")).hasText("This server does not allow you to publish.");
            page.locator("#camera-start").click();
            give(page, Tokens.signed(Tokens.claims(600).build()));
            assertThat(page.locator("#camera-problem")).hasText("This server does not allow you to publish.");
        }
    }

    @Test
    void watchingAsksForUserAndPassword() throws Exception {
        Path users = dir.resolve("users.properties");
        UserFile.put(users, "alice", "wonderland");
        try (ApiServer server = new ApiServer(dir, "play_auth=password", "auth_users=" + users)) {
            server.openWebRtc();
            Page page = open(server);
            publish(page, "mine");
            assertThat(page.locator("#on-air-text")).hasText("Recording");
            Page viewer = open(server);
            viewer.locator("#live li")
                    .getByRole(AriaRole.BUTTON)
                    .getByText("Watch")
                    .click();
            viewer.locator("#credentials input[name=user]").fill("alice");
            give(viewer, "wonderland");
            assertThat(viewer.locator("#watch-state")).containsText("Live");
            viewer.waitForFunction("() => document.querySelector('#watch video').videoWidth > 0");
        }
    }
}
