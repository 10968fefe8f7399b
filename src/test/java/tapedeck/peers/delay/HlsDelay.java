package tapedeck.peers.delay;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Chromium;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.HlsJs;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestServer;

/// From the moment a picture is sent by RTMP to that at which hls.js shows it. Each picture says its number, in black
/// and white squares.
final class HlsDelay {
    static final int FRAMES_PER_SECOND = 25;
    private static final int BITS = 11;
    private static final int SQUARE = 28;
    /// Before pictures count: a player finds its place first.
    private static final int SETTLE_SECONDS = 8;

    enum Way {
        LOW_LATENCY("HLS, low latency", "{\"lowLatencyMode\": true}", 2_000),
        /// Three segments of 2 s.
        ORDINARY("HLS, ordinary", "{\"lowLatencyMode\": false}", 6_000);

        final String title;
        private final String options;
        final double mostMillis;

        Way(String title, String options, double mostMillis) {
            this.title = title;
            this.options = options;
            this.mostMillis = mostMillis;
        }
    }

    private final TestServer server;
    private final int seconds;

    HlsDelay(TestServer server, int seconds) {
        this.server = server;
        this.seconds = seconds;
    }

    /// With a keyframe every second.
    static FlvFile clip(int seconds) throws IOException {
        StringBuilder picture = new StringBuilder("testsrc2=s=320x180:r=" + FRAMES_PER_SECOND);
        for (int bit = 0; bit < BITS; bit++) {
            picture.append(",drawbox=x=%d:y=0:w=%d:h=%d:c=black:t=fill".formatted(bit * SQUARE, SQUARE, SQUARE));
            picture.append(",drawbox=x=%d:y=0:w=%d:h=%d:c=white:t=fill:enable='mod(floor(n/%d)\\,2)'"
                    .formatted(bit * SQUARE, SQUARE, SQUARE, 1 << bit));
        }
        Path file = Files.createTempFile("delay", ".flv");
        try {
            List<String> arguments = new ArrayList<>(List.of("-v", "error", "-f", "lavfi", "-i", picture.toString()));
            arguments.addAll(List.of("-f", "lavfi", "-i", "sine", "-t", Integer.toString(seconds)));
            arguments.addAll(List.of("-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency"));
            arguments.addAll(List.of("-g", Integer.toString(FRAMES_PER_SECOND), "-pix_fmt", "yuv420p"));
            arguments.addAll(List.of("-c:a", "aac", "-f", "flv", file.toString()));
            Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
            return FlvFile.read(file);
        } finally {
            Files.delete(file);
        }
    }

    List<Double> measure(Way way) throws Exception {
        String name = "hls-" + way.name();
        FlvFile clip = clip(seconds + 2 * SETTLE_SECONDS);
        long[] sentMillis = new long[(seconds + 2 * SETTLE_SECONDS) * FRAMES_PER_SECOND + 1];
        try (Chromium chromium = new Chromium();
                RtmpClient publisher = RtmpClient.connected(server.port("RTMP")).publish(name)) {
            Thread publishes = Thread.ofVirtual().start(() -> publish(publisher, clip, sentMillis));
            Page page = chromium.openUnguarded(server.httpUrl("/"));
            HlsJs.play(page, server.httpUrl("/hls/" + name + "/index.m3u8"), way.options);
            page.waitForTimeout(SETTLE_SECONDS * 1000.0);
            page.evaluate("""
                    ([bits, side]) => {
                        const canvas = document.createElement('canvas');
                        const pen = canvas.getContext('2d', {willReadFrequently: true});
                        canvas.width = bits * side;
                        canvas.height = side;
                        window.codes = [];
                        const look = () => {
                            video.requestVideoFrameCallback(look);
                            pen.drawImage(video, 0, 0, bits * side, side, 0, 0, bits * side, side);
                            let code = 0;
                            for (let bit = 0; bit < bits; bit++) {
                                const white = pen.getImageData((bit + 0.5) * side, side / 2, 1, 1).data[0] > 128;
                                code += white ? 2 ** bit : 0;
                            }
                            window.codes.push([Date.now(), code]);
                        };
                        video.requestVideoFrameCallback(look);
                    }""", List.of(BITS, SQUARE));
            page.waitForTimeout(seconds * 1000.0 / 2);
            List<Double> millis = new ArrayList<>();
            for (Object seen : (List<?>) page.evaluate("codes")) {
                List<?> pair = (List<?>) seen;
                int code = ((Number) pair.get(1)).intValue();
                if (code < sentMillis.length && sentMillis[code] > 0) {
                    millis.add(((Number) pair.get(0)).doubleValue() - sentMillis[code]);
                }
            }
            publishes.interrupt();
            publishes.join();
            return millis;
        }
    }

    private static void publish(RtmpClient publisher, FlvFile clip, long[] sentMillis) {
        long begin = System.nanoTime();
        int picture = 0;
        try {
            for (FlvFile.Tag tag : clip.tags()) {
                DelayBench.awaitDue(begin, tag.timestampMillis() * 1_000_000L);
                if (tag.video() && tag.media()) {
                    sentMillis[picture++] = System.currentTimeMillis();
                }
                publisher.send(tag);
            }
        } catch (IOException | InterruptedException _) {
            // Enough was seen.
        }
    }
}
