package tapedeck.peers;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The console on a server without WebRTC: a camera is recorded and watched all the same.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class ConsoleWithoutWebRtcTest {
    @TempDir
    private Path folder;

    @Test
    void theCameraIsRecordedAndWatched() throws Exception {
        try (TestServer server = new TestServer(folder.resolve("data"), "webrtc_port=");
                Chromium chromium = new Chromium()) {
            Page page = chromium.open(server.httpUrl("/"));
            page.locator("#open-camera").click();
            page.waitForCondition(() -> page.locator("#camera-start").isEnabled());
            page.locator("#camera-name").fill("mine");
            page.locator("#camera-plain").check();
            page.locator("#camera input[value=H264]").check();
            shoot(page, "camera");
            page.locator("#camera-start").click();
            page.waitForCondition(
                    () -> page.locator("#on-air-text").textContent().equals("Recording"));
            watch(chromium, server);
            page.locator("#camera-stop").click();
            Locator done = page.locator("#camera-done");
            page.waitForCondition(() -> done.isVisible() && done.textContent().contains("Saved mine"));
            Path file = server.awaitRecordingOf("mine");
            assertEquals("", Ffmpeg.decodeErrors(file));
            assertTrue(file.toString().endsWith(".mp4"), file.toString());
        }
    }

    private static void watch(Chromium chromium, TestServer server) {
        Page viewer = chromium.open(server.httpUrl("/"));
        viewer.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Watch"))
                .first()
                .click();
        Locator video = viewer.locator("#watch video");
        viewer.waitForCondition(() -> video.count() == 1
                && ((Number) video.evaluate("video => video.getVideoPlaybackQuality().totalVideoFrames")).intValue()
                        > 20);
        assertThat(viewer.locator("#watch-state")).containsText("Live");
        assertThat(viewer.locator("#watch-problem")).isHidden();
        shoot(viewer, "watch");
    }

    private static void shoot(Page page, String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target", "console-" + name + ".png")));
    }
}
