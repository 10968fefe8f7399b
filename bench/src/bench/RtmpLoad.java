package bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Publishes one FLV file N times over RTMP at the speed of its timestamps, from one thread. Runs as a process of its own
/// so that its CPU time is not the server's:
/// `java bench.RtmpLoad PORT STREAMS SECONDS FILE`.
final class RtmpLoad {
    /// Resolution of the pacing.
    private static final long TICK_NANOS = 5_000_000;
    /// New connections a second.
    private static final double RAMP = 200;

    private RtmpLoad() {}

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        int streams = Integer.parseInt(arguments[1]);
        double seconds = Double.parseDouble(arguments[2]);
        Clip clip = Clip.read(Path.of(arguments[3]));
        long messages = clip.messages(seconds);
        List<RtmpPublisher> publishers = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            publishers.add(new RtmpPublisher(clip, "s" + i, server, messages));
        }
        drive(publishers);
        System.exit(report(publishers, clip, messages));
    }

    private static void drive(List<RtmpPublisher> publishers) {
        try (Selector selector = Selector.open()) {
            long start = System.nanoTime();
            long nextTick = start;
            int opened = 0;
            boolean ready = false;
            while (publishers.stream().anyMatch(publisher -> !publisher.over())) {
                long now = System.nanoTime();
                if (now >= nextTick) {
                    nextTick = Math.max(nextTick + TICK_NANOS, now);
                    while (opened < publishers.size() && now - start >= opened * 1e9 / RAMP) {
                        publishers.get(opened++).open(selector);
                    }
                    for (RtmpPublisher publisher : publishers.subList(0, opened)) {
                        publisher.tick(now);
                    }
                    if (!ready && publishers.stream().allMatch(p -> p.publishing() || p.over())) {
                        ready = true;
                        System.out.println("all publishing");
                    }
                }
                long waitMillis = (nextTick - System.nanoTime()) / 1_000_000;
                if (waitMillis > 0) {
                    selector.select(waitMillis);
                } else {
                    selector.selectNow();
                }
                for (SelectionKey key : selector.selectedKeys()) {
                    ((RtmpPublisher) key.attachment()).ready();
                }
                selector.selectedKeys().clear();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int report(List<RtmpPublisher> publishers, Clip clip, long messages) {
        Map<String, Integer> failures = new TreeMap<>();
        long bytes = 0;
        long lag = 0;
        int complete = 0;
        for (RtmpPublisher publisher : publishers) {
            bytes += publisher.bytes();
            lag = Math.max(lag, publisher.worstLagMillis());
            if (publisher.complete()) {
                complete++;
            } else {
                failures.merge(publisher.failure(), 1, Integer::sum);
            }
        }
        failures.forEach((why, count) -> System.out.println("failed " + count + " " + why));
        long video = clip.videos(messages);
        System.out.printf(
                "sent complete=%d bytes=%d video=%d audio=%d lag_ms=%d%n",
                complete, bytes, video, messages - video, lag);
        return complete == publishers.size() ? 0 : 1;
    }
}
