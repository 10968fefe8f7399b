package tapedeck.protocol.webrtc;

import java.util.concurrent.TimeUnit;

/// How much comes of a layer: over two seconds or more, as a keyframe is many times as large as what follows it.
final class LayerRate {
    static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(1);

    private boolean begun;
    private long windowNanos;
    private long bytes;
    private long bitsPerSecond;

    void add(int more, long nowNanos) {
        if (!begun) {
            begun = true;
            windowNanos = nowNanos;
        }
        long elapsed = nowNanos - windowNanos;
        if (elapsed >= WINDOW_NANOS) {
            long now = (long) (bytes * 8.0 * TimeUnit.SECONDS.toNanos(1) / elapsed);
            bitsPerSecond = bitsPerSecond == 0 ? now : (bitsPerSecond + now) / 2;
            windowNanos = nowNanos;
            bytes = 0;
        }
        bytes += more;
    }

    /// 0 in the first second.
    long bitsPerSecond() {
        return bitsPerSecond;
    }
}
