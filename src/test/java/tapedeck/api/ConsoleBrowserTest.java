package tapedeck.api;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.mix.Person;
import tapedeck.peers.Chromium;

/// The console in a real browser, over the real server, with real frames.
@Tag("peer")
@Tag("realtime")
class ConsoleBrowserTest {
    /// A browser counts up to the last sample of all; the server does, too.
    private static final double MAX_DURATION_ERROR_SECONDS = 0.05;

    private static Chromium chromium;
    private static Browser browser;

    @TempDir
    Path dir;

    private ApiServer server;
    private BrowserContext context;
    private Page page;
    private final List<String> complaints = new ArrayList<>();

    @BeforeAll
    static void launch() {
        chromium = new Chromium();
        browser = chromium.open("about:blank").context().browser();
    }

    @AfterAll
    static void quit() {
        chromium.close();
    }

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(
                dir, "stream_record_policy_template={streamName}-{startTimeMillis}", "http_trusted_proxies=127.0.0.1");
        server.ports.add("RTMP", "tcp", 19_350);
        visit(new Browser.NewContextOptions());
    }

    private void visit(Browser.NewContextOptions options) {
        context = browser.newContext(options);
        page = context.newPage();
        page.setDefaultTimeout(Chromium.PATIENCE_MILLIS);
        page.onPageError(error -> complaints.add("uncaught: " + error));
        page.onConsoleMessage(message -> {
            if (message.text().contains("Content Security Policy")
                    || message.text().contains("Uncaught")) {
                complaints.add(message.text());
            }
        });
        page.navigate(server.url("/"));
    }

    @AfterEach
    void close() throws Exception {
        context.close();
        server.close();
        assertEquals(List.of(), complaints);
    }

    @Test
    void anEmptyServerTellsHowToPublish() {
        assertThat(page.getByText("Nothing is live yet")).isVisible();
        assertThat(page.getByText("No recordings yet")).isVisible();
        assertThat(page.locator("[data-fill=rtmp]")).hasText("rtmp://127.0.0.1:19350/live");
        assertThat(page.locator("[data-fill=ffmpeg]"))
                .hasText("ffmpeg -re -i video.mp4 -c copy -f flv rtmp://127.0.0.1:19350/live/my-stream");
        assertThat(page.locator("[data-fill=whip]")).hasText(server.url("/whip/my-stream"));
        context.grantPermissions(List.of("clipboard-read", "clipboard-write"));
        button("Copy the ffmpeg command").click();
        assertThat(page.locator("#toast")).hasText("Copied.");
        assertEquals(
                "ffmpeg -re -i video.mp4 -c copy -f flv rtmp://127.0.0.1:19350/live/my-stream",
                page.evaluate("navigator.clipboard.readText()"));
    }

    @Test
    void aStreamIsShownRecordedAndItsRecordingPlayed() throws Exception {
        try (LivePublisher _ = new LivePublisher(server, "studio/one")) {
            Locator row = page.locator("#live li");
            assertThat(row.getByRole(AriaRole.HEADING)).hasText("studio/one");
            assertThat(row.locator(".media")).hasText("H.264 320 × 180 · AAC 44.1 kHz stereo · RTMP");
            assertThat(page.getByText("Nothing is live yet")).isHidden();
            Locator record = row.getByRole(AriaRole.BUTTON).nth(1);
            assertThat(record).hasText("Record");
            assertEquals(
                    1,
                    page.evaluate("new Set([...document.querySelectorAll('#live .actions button')]"
                            + ".map((button) => button.getBoundingClientRect().top)).size"),
                    "the buttons stand side by side");
            record.focus();
            page.keyboard().press("Enter");
            assertThat(row.locator(".badge")).isVisible();
            assertThat(record).hasText("Stop recording");
            assertThat(record).isFocused();
            assertThat(page.locator("#recordings .growing")).isVisible();
            assertThat(page.locator("#recordings .growing dd").first()).hasText(Pattern.compile("0:0[2-9]|0:[1-5]\\d"));
            record.click();
            assertThat(record).hasText("Record");
        }
        Locator file = page.locator("#recordings li:not(.growing)");
        assertThat(file.getByRole(AriaRole.HEADING)).containsText("studioone-");
        assertThat(file.locator(".media")).hasText("H.264 320 × 180 · AAC 44.1 kHz stereo");
        checkPlayer(file);
    }

    private void checkPlayer(Locator file) {
        Locator play = file.getByRole(AriaRole.BUTTON).first();
        play.click();
        assertThat(page.getByRole(AriaRole.DIALOG)).isVisible();
        page.waitForCondition(() -> number("document.querySelector('#player video').currentTime") > 0.3);
        double seconds = number("document.querySelector('#player video').duration");
        double listed = server.recordings.finished().getFirst().durationNanos() / 1e9;
        assertTrue(seconds > 1.5, "duration " + seconds);
        assertEquals(listed, seconds, MAX_DURATION_ERROR_SECONDS);
        page.evaluate("document.querySelector('#player video').currentTime = 1");
        page.waitForCondition(() -> number("document.querySelector('#player video').currentTime") > 1.1);
        assertEquals(320, number("document.querySelector('#player video').videoWidth"));
        page.keyboard().press("Escape");
        assertThat(page.getByRole(AriaRole.DIALOG)).isHidden();
        assertThat(play).isFocused();
        assertEquals(0, number("document.querySelectorAll('#player video').length"));
    }

    @Test
    void aSignedLinkIsCopiedThatOpensTheFileElsewhere() throws Exception {
        record("a");
        context.grantPermissions(List.of("clipboard-read", "clipboard-write"));
        button("Copy link").click();
        assertThat(page.locator("#toast")).containsText("Link copied");
        String link = (String) page.evaluate("navigator.clipboard.readText()");
        assertEquals(
                200,
                server.sendTo(link, "GET", "", "X-Forwarded-For", "203.0.113.9").statusCode());
    }

    /// A real recording of two seconds.
    private void record(String name) throws Exception {
        try (LivePublisher _ = new LivePublisher(server, name)) {
            Locator row = page.locator("#live li");
            row.getByRole(AriaRole.BUTTON).nth(1).click();
            assertThat(page.locator("#recordings .growing dd").first()).hasText(Pattern.compile("0:0[2-9]|0:[1-5]\\d"));
        }
        assertThat(page.locator("#recordings li:not(.growing)")).hasCount(1);
    }

    @Test
    void aRecordingIsDescribedAndDeletedAfterAQuestion() throws Exception {
        record("studio");
        Locator row = page.locator("#recordings li");
        assertThat(row.locator(".notes")).containsText("studio · no frame missing");
        row.getByText("Delete").click();
        Locator dialog = page.getByRole(AriaRole.ALERTDIALOG);
        assertThat(dialog).containsText("This cannot be undone.");
        dialog.getByText("Cancel").click();
        assertThat(row).hasCount(1);
        row.getByText("Delete").click();
        dialog.getByText("Delete", new Locator.GetByTextOptions().setExact(true))
                .click();
        assertThat(page.getByText("No recordings yet")).isVisible();
        assertThat(page.locator("#toast")).containsText("was deleted.");
        assertEquals(List.of(), server.recordings.finished());
    }

    @Test
    void aMixIsFollowedAndItsFailureExplained() throws Exception {
        Path config = dir.resolve("offline_mixer.json");
        // Long enough to be seen.
        Files.writeString(config, "{\"width\": 1920, \"height\": 1080, \"fps\": 60}");
        Person.record(
                server.settings.recording().dir().resolve("room.mp4"),
                List.of(new Person("a", "320x180", 10, 0, 60, 0.2, 0), new Person("b", "320x180", 10, 0, 60, 0.6, 0)));
        Locator notes = page.locator("#recordings .file .notes").first();
        assertThat(page.locator("#recordings .file")).hasCount(1);
        String id = ApiServer.JSON
                .readTree(server.send("POST", "/rest-api/offlineMixer/startup", "{\"fileName\": \"room.mp4\"}")
                        .body())
                .path("id")
                .stringValue();
        assertThat(notes).containsText(Pattern.compile("Mixing: [1-9]\\d* %"));
        server.send("POST", "/rest-api/offlineMixer/terminate", "{\"id\": \"%s\"}".formatted(id));
        assertThat(notes).not().containsText("Mixing");
        Files.writeString(config, "{\"fps\": 1000}");
        server.send("POST", "/rest-api/offlineMixer/startup", "{\"fileName\": \"room.mp4\"}");
        assertThat(notes.locator("strong")).containsText(Pattern.compile("Mixing failed: .*fps=1000"));
    }

    @Test
    void manyRecordingsAreSearchedSortedAndPaged() throws Exception {
        for (int i = 0; i < 65; i++) {
            Path file = server.record("file%02d.mp4".formatted(i), new byte[i * 10]);
            java.nio.file.Files.setLastModifiedTime(
                    file, java.nio.file.attribute.FileTime.fromMillis(1_700_000_000_000L + i * 1000L));
        }
        Locator rows = page.locator("#recordings li");
        assertThat(page.locator("#recordings-summary")).hasText("65 files · 20.8 kB");
        assertThat(rows).hasCount(30);
        // A file that was seen before it had its time is looked at again only after a rest of ten times the last look.
        assertThat(rows.first().getByRole(AriaRole.HEADING)).hasText("file64.mp4");
        assertThat(rows.first().locator(".badge")).hasText("Failed");
        assertThat(rows.first().locator(".actions .button").first()).isHidden();
        button("Next").click();
        assertThat(page.locator("#pages-text")).hasText("31 to 60 of 65");
        button("Next").click();
        assertThat(rows).hasCount(5);
        assertThat(page.locator("#next")).isDisabled();
        page.getByLabel("Order").selectOption("file");
        assertThat(rows.first().getByRole(AriaRole.HEADING)).hasText("file00.mp4");
        page.getByLabel("Search recordings").fill("FILE07");
        assertThat(rows).hasCount(1);
        page.getByLabel("State").selectOption("ready");
        assertThat(page.getByText("No recording matches.")).isVisible();
    }

    @Test
    void aDatabaseThatIsAwayIsSaidAndTheRestGoesOn() throws Exception {
        assertThat(page.getByText("No recordings yet")).isVisible();
        server.database.close();
        assertThat(page.locator("#recordings-away")).isVisible();
        assertThat(page.locator("#trouble")).isHidden();
    }

    @Test
    void endingAStreamIsAskedFirst() throws Exception {
        try (LivePublisher _ = new LivePublisher(server, "a")) {
            button("End stream").click();
            Locator dialog = page.getByRole(AriaRole.ALERTDIALOG);
            assertThat(dialog).containsText("End “a”?");
            assertThat(dialog.getByText("Cancel")).isFocused();
            page.keyboard().press("Escape");
            assertThat(dialog).isHidden();
            assertEquals(1, server.streams.all().size());
            button("End stream").click();
            dialog.getByText("End stream").click();
            assertThat(page.locator("#live li")).hasCount(0);
            assertThat(page.getByText("Nothing is live yet")).isVisible();
        }
    }

    @Test
    void aServerThatDoesNotAnswerIsSaidAndForgottenWhenItReturns() throws Exception {
        assertThat(page.getByText("Nothing is live yet")).isVisible();
        page.route("**/rest-api/**", Route::abort);
        assertThat(page.getByRole(AriaRole.ALERT))
                .hasText("The server does not answer. The page tries again by itself.");
        page.unroute("**/rest-api/**");
        assertThat(page.locator("#trouble")).isHidden();
    }

    @Test
    void whoComesFromElsewhereLogsInAndOut() throws Exception {
        context.close();
        visit(new Browser.NewContextOptions().setExtraHTTPHeaders(Map.of("X-Forwarded-For", "203.0.113.9")));
        Locator token = page.getByLabel("Admin token");
        assertThat(token).isFocused();
        token.fill("wrong");
        page.keyboard().press("Enter");
        assertThat(page.getByRole(AriaRole.ALERT)).hasText("That is not the admin token of this server.");
        page.getByLabel("Admin token").fill(server.token());
        button("Log in").click();
        assertThat(page.getByText("Nothing is live yet")).isVisible();
        button("Log out").click();
        assertThat(page.getByLabel("Admin token")).isVisible();
    }

    @Test
    void aSessionThatEndsLeadsToTheLogin() throws Exception {
        context.close();
        visit(new Browser.NewContextOptions().setExtraHTTPHeaders(Map.of("X-Forwarded-For", "203.0.113.9")));
        page.getByLabel("Admin token").fill(server.token());
        button("Log in").click();
        assertThat(page.getByText("Nothing is live yet")).isVisible();
        server.now.set(server.now.get().plus(Sessions.LIFETIME));
        assertThat(page.getByLabel("Admin token")).isVisible();
    }

    @ParameterizedTest
    @CsvSource({"H264, mp4, H.264", "VP8, webm, VP8"})
    void theCameraIsRecorded(String codec, String extension, String codecInWords) throws Exception {
        server.openWebRtc();
        page.locator("#open-camera").click();
        assertThat(page.locator("#camera-start")).isEnabled();
        page.waitForCondition(() -> number("document.querySelector('#preview').videoWidth") > 0);
        page.getByLabel("Name").fill("mine");
        page.locator("#camera input[value=%s]".formatted(codec)).check();
        page.locator("#camera-start").click();
        assertThat(page.locator("#on-air-text")).hasText("Recording");
        assertThat(page.locator("#camera-stop")).isFocused();
        assertThat(page.getByLabel("Name")).isDisabled();
        Locator numbers = page.locator("#camera-peers");
        assertThat(numbers.getByRole(AriaRole.HEADING).nth(1)).hasText("Publisher");
        assertThat(numbers).containsText(codecInWords);
        assertThat(numbers).containsText(Pattern.compile("UDP \\S+:\\d+ · AEAD_AES_128_GCM · RTT [\\d.]+ ms"));
        assertThat(page.locator("#on-air-time")).hasText(Pattern.compile("0:0[4-9]|0:[1-5]\\d"));
        page.keyboard().press("Escape");
        Locator question = page.getByRole(AriaRole.ALERTDIALOG);
        assertThat(question).containsText("Stop recording?");
        question.getByText("Cancel").click();
        page.locator("#camera-stop").click();
        assertThat(page.locator("#camera-done")).containsText("Saved mine-");
        assertThat(page.locator("#camera-done")).containsText("." + extension);
        page.keyboard().press("Escape");
        Locator file = page.locator("#recordings li:not(.growing)");
        assertThat(file.locator(".media")).containsText(codecInWords);
        file.getByRole(AriaRole.BUTTON).first().click();
        page.waitForCondition(() -> number("document.querySelector('#player video').currentTime") > 0.5);
        assertTrue(number("document.querySelector('#player video').duration") > 3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "NotAllowedError | The browser did not let this page use your camera.",
                "NotFoundError   | No camera or microphone was found.",
                "NotReadableError| Another program may be using it",
                "gone            | Browsers give cameras to secure pages only.",
            })
    void aCameraThatCannotBeUsedIsExplained(String error, String words) {
        context.addInitScript(
                error.equals("gone")
                        ? "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})"
                        : "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '%s'))"
                                .formatted(error));
        page.reload();
        page.locator("#open-camera").click();
        assertThat(page.locator("#camera-problem")).containsText(words);
        assertThat(page.locator("#camera-start")).isHidden();
        assertThat(page.locator("#camera-retry"))
                .isVisible(new LocatorAssertions.IsVisibleOptions().setVisible(!error.equals("gone")));
        page.keyboard().press("Escape");
        assertThat(page.locator("#camera")).isHidden();
        assertThat(page.locator("#open-camera")).isFocused();
    }

    @Test
    void aCameraThatIsAllowedAtTheSecondAttemptWorks() {
        context.addInitScript("""
                const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
                let attempts = 0;
                navigator.mediaDevices.getUserMedia = (wanted) => attempts++ > 0
                    ? real(wanted) : Promise.reject(new DOMException("no", "NotAllowedError"));
                """);
        page.reload();
        page.locator("#open-camera").click();
        button("Try again").click();
        assertThat(page.locator("#camera-start")).isEnabled();
        assertThat(page.locator("#camera-problem")).isHidden();
        assertThat(page.locator("#camera-video")).isVisible();
    }

    @Test
    void aStreamThatTheServerEndsIsSaidAndKept() throws Exception {
        server.openWebRtc();
        page.locator("#open-camera").click();
        assertThat(page.locator("#camera-start")).isEnabled();
        page.locator("#camera-start").click();
        assertThat(page.locator("#on-air-text")).hasText("Recording");
        assertThat(page.locator("#on-air-time")).hasText(Pattern.compile("0:0[2-9]|0:[1-5]\\d"));
        server.streams.all().iterator().next().terminate("ended by a test");
        assertThat(page.locator("#camera-problem")).containsText("The connection has ended.");
        assertThat(page.locator("#camera-done")).containsText("Saved camera-");
        assertThat(page.locator("#camera-start")).isEnabled();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "409 | Somebody is already live as “mine”. Choose another name.",
                "404 | WebRTC is turned off",
                "401 | does not allow you to publish",
                "503 | The server refused: too many.",
                "0   | The server does not answer.",
            })
    void aStreamThatIsRefusedIsExplained(int status, String words) {
        page.route("**/whip/**", route -> {
            if (status == 0) {
                route.abort();
            } else {
                route.fulfill(new Route.FulfillOptions().setStatus(status).setBody("{\"detail\": \"too many\"}"));
            }
        });
        page.locator("#open-camera").click();
        assertThat(page.locator("#camera-start")).isEnabled();
        page.getByLabel("Name").fill("mine");
        page.locator("#camera-start").click();
        assertThat(page.locator("#camera-problem")).containsText(words);
        assertThat(page.locator("#camera-start")).isEnabled();
    }

    /// By hand what tools like axe look at first, in both colour schemes and at the narrowest phone.
    @ParameterizedTest
    @CsvSource({"LIGHT, 1280", "DARK, 1280", "LIGHT, 360", "DARK, 360"})
    void everybodyCanUseThePage(ColorScheme scheme, int width) throws Exception {
        server.record("interview_kitchen-1553577663989-1553577683997_2.mp4", new byte[100]);
        context.close();
        visit(new Browser.NewContextOptions().setColorScheme(scheme).setViewportSize(width, 740));
        String check = accessibilityCheck();
        try (LivePublisher _ = new LivePublisher(server, "a stream with a name that is rather long for a phone")) {
            assertThat(page.locator("#live li")).hasCount(1);
            assertEquals(List.of(), page.evaluate(check), "the page");
            page.locator("#publish summary").click();
            assertEquals(List.of(), page.evaluate(check), "how to publish");
            page.locator("#open-camera").click();
            assertThat(page.locator("#camera-start")).isEnabled();
            assertEquals(List.of(), page.evaluate(check), "the camera");
            page.keyboard().press("Escape");
            button("End stream").click();
            assertEquals(List.of(), page.evaluate(check), "a question");
        }
    }

    @Test
    void theCheckFindsWhatIsWrong() throws Exception {
        page.evaluate("""
                () => document.querySelector("main").insertAdjacentHTML("beforeend",
                  "<button id='b'></button><h4>skips</h4><p id='c'>pale</p><p id='c'>twice</p><p id='d'>wide</p>")""");
        page.evaluate("() => { document.querySelector('#c').style.color = 'silver'; }");
        page.evaluate("() => { document.querySelector('#d').style.width = '3000px'; }");
        String found = page.evaluate(accessibilityCheck()).toString();
        for (String expected : List.of(
                "#b class=\"\"> has no name", "skips a level", "contrast of 1", "c is there twice", " wide in ")) {
            assertTrue(found.contains(expected), expected + ": " + found);
        }
    }

    private static String accessibilityCheck() throws IOException {
        try (InputStream in = ConsoleBrowserTest.class.getResourceAsStream("/accessibility.js")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aHiddenPageAsksNothing() {
        assertThat(page.getByText("Nothing is live yet")).isVisible();
        page.evaluate("""
                () => {
                  Object.defineProperty(document, "visibilityState", {get: () => window.state, configurable: true});
                  window.state = "hidden";
                  document.dispatchEvent(new Event("visibilitychange"));
                }""");
        List<String> asked = new ArrayList<>();
        page.onRequest(request -> asked.add(request.url()));
        page.waitForTimeout(5000);
        assertTrue(asked.size() <= 3, "at most the questions that were on their way: " + asked);
        page.evaluate("() => { window.state = 'visible'; document.dispatchEvent(new Event('visibilitychange')); }");
        page.waitForCondition(() -> asked.size() > 3);
    }

    private Locator button(String name) {
        return page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name));
    }

    private double number(String script) {
        return ((Number) page.evaluate(script)).doubleValue();
    }
}
