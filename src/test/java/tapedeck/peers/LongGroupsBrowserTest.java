package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.media.Frame;
import tapedeck.record.MultiStudio;

/// In the console's player of many: somebody whose encoder sends a keyframe in one and a half minutes, and what the
/// player
/// takes into memory at most.
@Tag("peer")
@Tag("realtime")
@Timeout(600)
class LongGroupsBrowserTest {
    private static final int SECONDS = 95;
    private static final int SOUGHT_SECONDS = 80;
    /// Longer than the player keeps what was shown.
    private static final String ONE_KEYFRAME = "-c:v libx264 -preset ultrafast -g 10000 -sc_threshold 0 -c:a aac";
    private static final String MANY = "-c:v libx264 -preset ultrafast -g 25 -c:a aac";

    /// Whether the picture of guest1 is bright, at or behind a time.
    private static final String FLASHES_BEHIND = """
            (() => {
                const video = document.querySelector('#together video[aria-label=guest1]');
                if (!video || video.hidden || video.currentTime < %d || video.readyState < 2) return false;
                const canvas = new OffscreenCanvas(8, 8).getContext('2d');
                canvas.drawImage(video, 0, 0, 8, 8);
                return canvas.getImageData(4, 4, 1, 1).data[0] > 128;
            })()""";

    @TempDir
    private static Path folder;

    @BeforeAll
    static void record() throws Exception {
        List<Frame> often = PlayerOfMany.frames(folder, "guest0", SECONDS, MANY);
        List<Frame> once = PlayerOfMany.frames(folder, "guest1", SECONDS, ONE_KEYFRAME);
        for (String format : List.of("mkv", "mp4")) {
            try (MultiStudio studio = new MultiStudio(folder.resolve(format), "multi_record_format=" + format)) {
                studio.multi().start(MultiStudio.URI);
                studio.participant("guest0", 0, often);
                studio.participant("guest1", 0, once);
                studio.play();
                Path file = studio.terminate();
                Path call = folder.resolve("call." + format);
                Files.copy(file, call);
                Files.copy(
                        file.resolveSibling(file.getFileName() + PlayerOfMany.TIMELINE),
                        folder.resolve(call.getFileName() + PlayerOfMany.TIMELINE));
            }
        }
    }

    /// By its cues, by its fragments, and by its index.
    @ParameterizedTest
    @CsvSource({"call.mkv,0", "call.mp4,0", "call.mp4,33554432"})
    void aPictureIsShownHoweverFarBackItBegins(String file, int wholeIndexBytes) throws Exception {
        PlayerOfMany.inTheConsole(folder, folder.resolve(file), page -> {
            PlayerOfMany.awaitState(page, "2 participants");
            PlayerOfMany.playWithin(page, file, "wholeIndexBytes: " + wholeIndexBytes);
            PlayerOfMany.awaitState(page, "2 participants");
            page.locator("#together-seek").fill(Integer.toString(SOUGHT_SECONDS));
            for (int seconds : new int[] {SOUGHT_SECONDS, SOUGHT_SECONDS + 4}) {
                page.waitForCondition(() -> (boolean) page.evaluate(FLASHES_BEHIND.formatted(seconds)));
            }
            assertTrue(page.locator("#together-problem").isHidden());
        });
    }

    @Test
    void thePlayerSaysWhichPictureBeginsTooFarBackAndPlaysTheOthers() throws Exception {
        PlayerOfMany.inTheConsole(folder, folder.resolve("call.mkv"), page -> {
            PlayerOfMany.awaitState(page, "2 participants");
            PlayerOfMany.playWithin(page, "call.mkv", "backBytes: 100_000");
            PlayerOfMany.awaitState(page, "2 participants");
            page.locator("#together-seek").fill(Integer.toString(SOUGHT_SECONDS));
            page.waitForCondition(() -> late(page).isVisible());
            page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target", "console-together-late.png")));
            assertEquals(
                    "Its picture begins too far back, and comes later.",
                    late(page).innerText());
            assertEquals(1, page.locator("#together .tile-late:visible").count());
            page.waitForCondition(() -> (boolean)
                    page.evaluate(FLASHES_BEHIND.replace("guest1", "guest0").formatted(SOUGHT_SECONDS + 2)));
            PlayerOfMany.awaitState(page, "2 participants");
            page.locator("#together-seek").fill("1");
            page.waitForCondition(() -> late(page).isHidden());
            page.waitForCondition(() -> (boolean) page.evaluate(FLASHES_BEHIND.formatted(1)));
        });
    }

    private static Locator late(Page page) {
        return page.locator("#together .tile", new Page.LocatorOptions().setHasText("guest1"))
                .locator(".tile-late");
    }

    @Test
    void whatThePlayerTakesIntoMemoryIsBounded() throws Exception {
        PlayerOfMany.inTheConsole(folder, folder.resolve("call.mkv"), page -> {
            PlayerOfMany.awaitState(page, "2 participants");
            PlayerOfMany.playWithin(page, "call.mkv", "masterBytes: 16");
            page.waitForCondition(() -> "This recording says too much of itself."
                    .equals(page.locator("#together-problem").textContent()));
            assertEquals(List.of("0-20", "21-51", "52-60", "61-200"), page.evaluate("""
                    (async () => {
                        const {Spans} = await import('/console/spans.mjs');
                        const asked = [];
                        const file = {read: async (from, to) => { asked.push(`${from}-${to}`); return new Uint8Array(to - from); }};
                        const sizes = [[0, 10], [10, 20], [21, 31], [31, 51], [52, 60], [61, 200]];
                        const spans = sizes.map(([from, to], at) => ({at, from, to}));
                        await new Spans(file, spans, [], () => {}, {requestBytes: 30, backBytes: 0})
                            .reach(Infinity, new AbortController().signal);
                        return asked;
                    })()"""));
        });
    }
}
