package tapedeck.peers;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The system's Chromium with a fake camera and microphone, driven by Playwright. Used by one thread.
public final class Chromium implements AutoCloseable {
    /// For what never comes, also what is asserted of a page; beside other tests a page takes a while.
    public static final double PATIENCE_MILLIS = 100_000;

    private static final Path PROGRAM = Path.of("/usr/bin/chromium");

    private final Playwright playwright;
    private final Browser browser;

    public Chromium() {
        if (!Files.isExecutable(PROGRAM)) {
            throw new AssertionError(PROGRAM + " is missing: ./check installs it");
        }
        PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MILLIS);
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(PROGRAM)
                        .setHeadless(true)
                        .setArgs(List.of(
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-quic",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                "--autoplay-policy=no-user-gesture-required",
                                "--use-fake-device-for-media-stream",
                                "--use-fake-ui-for-media-stream")));
    }

    /// As [#open], for tests that put scripts into a page which allows none.
    public Page openUnguarded(String url) {
        return shown(
                browser.newContext(new Browser.NewContextOptions().setBypassCSP(true))
                        .newPage(),
                url);
    }

    /// A new page in a profile of its own; what it says on its console goes to the test's output.
    public Page open(String url) {
        return shown(browser.newContext().newPage(), url);
    }

    private static Page shown(Page page, String url) {
        page.onConsoleMessage(message -> System.out.println("chromium: " + message.text()));
        page.setDefaultTimeout(PATIENCE_MILLIS);
        page.navigate(url);
        return page;
    }

    @Override
    public void close() {
        browser.close();
        playwright.close();
    }
}
