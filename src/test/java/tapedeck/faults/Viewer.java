package tapedeck.faults;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import tapedeck.peers.RtmpClient;

/// Watches a stream by RTMP and remembers when which picture came.
final class Viewer implements AutoCloseable {
    /// @param arrivedNanos by the clock of [System#nanoTime]
    private record Picture(int timestampMillis, long arrivedNanos) {}

    private final RtmpClient client;
    private final Thread thread;
    private final List<Picture> pictures = Collections.synchronizedList(new ArrayList<>());

    Viewer(int rtmpPort, String name) throws IOException {
        client = RtmpClient.connected(rtmpPort).play(name);
        // Some trials stop the server for longer than a client waits.
        client.socket().setSoTimeout(0);
        thread = Thread.ofPlatform().daemon().name("viewer " + name).start(this::watch);
    }

    private void watch() {
        try {
            while (true) {
                RtmpClient.Message message = client.read();
                boolean picture = message.type() == 9
                        && message.body().length() > 5
                        && message.body().u8(1) == 1;
                if (picture) {
                    pictures.add(new Picture(message.timestampMillis(), System.nanoTime()));
                }
            }
        } catch (IOException e) {
            // The stream or the server ended.
        }
    }

    int pictures() {
        return pictures.size();
    }

    /// How many pictures are missing between the first and the last that came.
    int missing() {
        List<Picture> all = List.copyOf(pictures);
        int missing = 0;
        for (int i = 1; i < all.size(); i++) {
            int step = all.get(i).timestampMillis() - all.get(i - 1).timestampMillis();
            missing += Math.round((float) step / Clip.FRAME_MILLIS) - 1;
        }
        return missing;
    }

    /// How much later than the fastest one pictures came: the delay that 99 of 100 had at most.
    double delayMillis(long fromNanos, long untilNanos) {
        long fastest = Long.MAX_VALUE;
        List<Long> delays = new ArrayList<>();
        for (Picture picture : List.copyOf(pictures)) {
            long delay = picture.arrivedNanos() - picture.timestampMillis() * 1_000_000L;
            fastest = Math.min(fastest, delay);
            if (picture.arrivedNanos() >= fromNanos && picture.arrivedNanos() < untilNanos) {
                delays.add(delay);
            }
        }
        Collections.sort(delays);
        return delays.isEmpty() ? 0 : (delays.get(delays.size() * 99 / 100) - fastest) / 1e6;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        client.close();
        thread.join();
    }
}
