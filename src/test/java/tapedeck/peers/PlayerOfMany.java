package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tapedeck.container.StoredBytes;
import tapedeck.container.mp4.MovieFrames;
import tapedeck.media.Frame;

/// The console's player of many in Chromium, with a server that has the recording; and what such a recording is made
/// of.
final class PlayerOfMany {
    /// Behind the name of a recording.
    static final String TIMELINE = ".timeline.json";

    private static final int MAX_INDEX_BYTES = 1 << 20;
    private static final double PATIENCE_MILLIS = 120_000;

    private PlayerOfMany() {}

    /// Flashes and beeps of somebody.
    ///
    /// @param codecs as ffmpeg is told
    static List<Frame> frames(Path folder, String name, int seconds, String codecs) throws Exception {
        Path file = folder.resolve(name + ".mp4");
        List<String> arguments = new ArrayList<>(List.of(FlashAndBeep.source("160x90", 25, seconds)));
        arguments.addAll(List.of((codecs + " -pix_fmt yuv420p").split(" ")));
        arguments.add(file.toString());
        Ffmpeg.Result made = Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        assertEquals(0, made.exitCode(), made.err());
        List<Frame> frames = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file)) {
            MovieFrames movie = MovieFrames.open(StoredBytes.of(channel), MAX_INDEX_BYTES);
            for (Frame frame = movie.next(); frame != null; frame = movie.next()) {
                // Encoders of sound begin before there is any.
                if (frame.track().isVideo() || frame.dtsNanos() >= 0) {
                    frames.add(frame);
                }
            }
        }
        return frames;
    }

    /// A server that finds this file among its recordings, and a page that just began to play it.
    static void inTheConsole(Path folder, Path file, Consumer<Page> look) throws Exception {
        Path data = Files.createTempDirectory(folder, "data");
        Files.createDirectories(data.resolve("records"));
        for (String name : List.of(file.getFileName().toString(), file.getFileName() + TIMELINE)) {
            if (Files.exists(folder.resolve(name))) {
                Files.copy(folder.resolve(name), data.resolve("records").resolve(name));
            }
        }
        try (TestServer server = new TestServer(data);
                Chromium chromium = new Chromium()) {
            server.awaitRecording(file.getFileName().toString());
            Page page = chromium.open(server.httpUrl("/"));
            page.setDefaultTimeout(PATIENCE_MILLIS);
            page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Play"))
                    .first()
                    .click();
            look.accept(page);
        }
    }

    /// That somebody is there, and this is said.
    static void awaitState(Page page, String state) {
        page.waitForCondition(() -> page.locator("#together .tile").count() > 0);
        page.waitForCondition(
                () -> page.locator("#together-state").textContent().equals(state));
    }

    /// Shows it in the same page again, within limits of its own.
    ///
    /// @param limits the fields of an object of JavaScript
    static void playWithin(Page page, String file, String limits) {
        page.keyboard().press("Escape");
        page.waitForCondition(() -> page.locator("#together video").count() == 0);
        page.evaluate("""
                Promise.all([import('/console/together.mjs'), import('/console/limits.mjs')])
                    .then(([{playTogether}, {LIMITS}]) =>
                        playTogether({fileName: '%1$s', url: '/client/records/%1$s'}, {...LIMITS, %2$s}))""".formatted(file, limits));
    }
}
