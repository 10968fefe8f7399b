package tapedeck.peers;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// hls.js in a page of Chromium's. The script is put into the page from outside, so no server has to have it.
public final class HlsJs {
    private static final String SCRIPT = "/META-INF/resources/webjars/hls.js/1.4.12/dist/hls.min.js";

    private HlsJs() {}

    /// The script itself, for pages that load it.
    public static byte[] script() throws IOException {
        try (InputStream script = HlsJs.class.getResourceAsStream(SCRIPT)) {
            return script.readAllBytes();
        }
    }

    /// Plays a playlist in a page that is open; `window.seen` has what became of it.
    ///
    /// @param options of hls.js, as JSON
    public static void play(Page page, String playlist, String options) throws IOException {
        page.evaluate("() => {" + new String(script(), StandardCharsets.UTF_8) + "\n}");
        page.evaluate("""
                ([url, options]) => {
                    const video = document.createElement('video');
                    video.muted = true;
                    document.body.append(video);
                    const began = performance.now();
                    const seen = {errors: [], stalls: 0, firstMillis: 0, ended: false};
                    window.seen = seen;
                    window.video = video;
                    const hls = new Hls({enableWorker: false, ...JSON.parse(options)});
                    window.hls = hls;
                    hls.on(Hls.Events.ERROR, (_, data) => {
                        if (data.details === 'bufferStalledError') seen.stalls++;
                        seen.errors.push(data.details + (data.fatal ? ' fatal' : ''));
                    });
                    video.requestVideoFrameCallback(() => { seen.firstMillis = performance.now() - began; });
                    hls.on(Hls.Events.BUFFER_EOS, () => { seen.ended = true; });
                    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
                    hls.loadSource(url);
                    hls.attachMedia(video);
                }
                """, new Object[] {playlist, options});
        page.waitForFunction("seen.firstMillis > 0 || seen.errors.some(e => e.endsWith('fatal'))");
    }

    /// What `window.seen` says, and where the player is.
    ///
    /// @param latencySeconds from the clock at which the picture was made, as the playlist dates it
    public record Seen(String errors, int stalls, double firstMillis, double latencySeconds, double position) {
        static Seen of(Map<?, ?> values) {
            return new Seen(
                    String.valueOf(values.get("errors")),
                    ((Number) values.get("stalls")).intValue(),
                    ((Number) values.get("firstMillis")).doubleValue(),
                    ((Number) values.get("latency")).doubleValue(),
                    ((Number) values.get("position")).doubleValue());
        }
    }

    public static Seen seen(Page page) {
        return Seen.of((Map<?, ?>) page.evaluate("""
                () => ({
                    ...seen,
                    errors: seen.errors.join(' '),
                    latency: hls.playingDate ? (Date.now() - hls.playingDate) / 1000 : -1,
                    position: video.currentTime})
                """));
    }
}
