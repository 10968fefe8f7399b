package tapedeck.peers.delay;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.FlvFile;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.RtspClient;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TestServer;

/// `bench/delay [SECONDS]`: what the server adds between publisher and viewer, on one machine.
final class DelayBench {
    private static final int DEFAULT_SECONDS = 20;
    /// Of RTMP and RTSP, median.
    private static final double MOST_MILLIS = 50;
    /// The last bytes of a picture: what it is known by again.
    private static final int TAIL_BYTES = 16;

    private static final int RTMP_VIDEO = 9;
    private static final int MARKER = 0x80;

    private DelayBench() {}

    /// When pictures left, and when they came.
    private static final class Times {
        private final Map<Bytes, Long> sentNanos = new ConcurrentHashMap<>();
        private final List<Double> millis = new ArrayList<>();

        void sent(Bytes picture) {
            sentNanos.put(tail(picture), System.nanoTime());
        }

        void came(Bytes picture) {
            Long sent = picture.length() < TAIL_BYTES ? null : sentNanos.remove(tail(picture));
            if (sent != null) {
                millis.add((System.nanoTime() - sent) / 1e6);
            }
        }

        private static Bytes tail(Bytes picture) {
            return picture.slice(picture.length() - TAIL_BYTES);
        }
    }

    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : DEFAULT_SECONDS;
        Path work = Files.createTempDirectory("tapedeck-delay");
        boolean good = true;
        try (TestServer server = new TestServer(work.resolve("data"), "record_streams=false")) {
            good &= told("RTMP to RTMP", rtmp(server, seconds), MOST_MILLIS);
            good &= told("RTSP to RTSP, over TCP", rtsp(server, seconds), MOST_MILLIS);
            HlsDelay hls = new HlsDelay(server, seconds);
            for (HlsDelay.Way way : HlsDelay.Way.values()) {
                good &= told(way.title, hls.measure(way), way.mostMillis);
            }
        } finally {
            delete(work);
        }
        System.exit(good ? 0 : 1);
    }

    private static void delete(Path folder) throws IOException {
        try (var all = Files.walk(folder)) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(one);
            }
        }
    }

    /// Whether the median is less than promised.
    private static boolean told(String way, List<Double> millis, double mostMillis) {
        List<Double> sorted = millis.stream().sorted().toList();
        if (sorted.isEmpty()) {
            System.out.println(way + ": nothing came");
            return false;
        }
        double median = sorted.get(sorted.size() / 2);
        System.out.printf(
                Locale.ROOT,
                "%-24s %5d pictures   median %8.1f ms   99 of 100 %8.1f ms   most %8.1f ms   (median promised: below %.0f ms)%n",
                way,
                sorted.size(),
                median,
                sorted.get(sorted.size() * 99 / 100),
                sorted.getLast(),
                mostMillis);
        return median < mostMillis;
    }

    static void awaitDue(long beginNanos, long mediaNanos) throws InterruptedException {
        long waitNanos = beginNanos + mediaNanos - System.nanoTime();
        if (waitNanos > 0) {
            Thread.sleep(waitNanos / 1_000_000, (int) (waitNanos % 1_000_000));
        }
    }

    private static List<Double> rtmp(TestServer server, int seconds) throws Exception {
        Times times = new Times();
        FlvFile clip = HlsDelay.clip(seconds);
        try (RtmpClient publisher = RtmpClient.connected(server.port("RTMP")).publish("rtmp");
                RtmpClient viewer = RtmpClient.connected(server.port("RTMP"))) {
            List<FlvFile.Tag> tags = clip.tags();
            int first = 0;
            while (!tags.get(first).media()) {
                publisher.send(tags.get(first++));
            }
            publisher.send(tags.get(first++));
            viewer.play("rtmp");
            Thread reads = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        RtmpClient.Message message = viewer.read();
                        if (message.type() == RTMP_VIDEO) {
                            times.came(message.body());
                        }
                    }
                } catch (IOException _) {
                    // It is over.
                }
            });
            long begin = System.nanoTime();
            for (FlvFile.Tag tag : tags.subList(first, tags.size())) {
                awaitDue(begin, tag.timestampMillis() * 1_000_000L);
                if (tag.video() && tag.media()) {
                    times.sent(tag.body());
                }
                publisher.send(tag);
            }
            publisher.unpublish();
            viewer.socket().shutdownInput();
            reads.join();
        }
        return times.millis;
    }

    private static List<Double> rtsp(TestServer server, int seconds) throws Exception {
        Times times = new Times();
        List<Frame> frames = TestMedia.of("h264+aac", seconds);
        List<Track> tracks = TestMedia.tracks(frames);
        try (RtspClient publisher = new RtspClient(server.port("RTSP"), "live/rtsp");
                RtspClient viewer = new RtspClient(server.port("RTSP"), "live/rtsp")) {
            demand(publisher.publish(tracks));
            publisher.send(tracks, frames.subList(0, 1));
            demand(viewer.request("DESCRIBE", "Accept: application/sdp"));
            demand(viewer.ask(
                    "SETUP",
                    viewer.url() + "/trackID=" + Track.VIDEO,
                    "",
                    "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"));
            demand(viewer.request("PLAY"));
            Thread reads = Thread.ofVirtual().start(() -> {
                try {
                    for (RtspClient.Interleaved next = viewer.next(); next != null; next = viewer.next()) {
                        if (next.channel() == 0 && (next.packet().u8(1) & MARKER) != 0) {
                            times.came(next.packet());
                        }
                    }
                } catch (IOException _) {
                    // It is over.
                }
            });
            long begin = System.nanoTime();
            for (Frame frame : frames.subList(1, frames.size())) {
                awaitDue(begin, frame.dtsNanos());
                if (frame.track().isVideo()) {
                    times.sent(frame.data());
                }
                publisher.send(tracks, List.of(frame));
            }
            demand(publisher.request("TEARDOWN"));
            reads.join();
        }
        return times.millis;
    }

    private static void demand(RtspClient.Answer answer) throws EOFException {
        if (answer.status() != 200) {
            throw new EOFException(answer.toString());
        }
    }
}
