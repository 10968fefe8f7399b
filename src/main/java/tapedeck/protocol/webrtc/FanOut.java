package tapedeck.protocol.webrtc;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.stream.Item;
import tapedeck.stream.StreamName;

/// How much of what is said goes to all viewers of a stream together: each packet is encrypted for each of them on the
/// loop that media needs too, at about 9 µs (measured), so this is a quarter of its time at most.
final class FanOut {
    static final long BYTES_PER_SECOND = 32 << 20;
    static final long BYTES_AT_ONCE = 2 * BYTES_PER_SECOND;
    /// A packet for a message of a few words costs a quarter of a full one.
    static final int MESSAGE_BYTES = 256;

    private static final Logger log = LoggerFactory.getLogger(FanOut.class);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final StreamName name;
    private long leftBytes = BYTES_AT_ONCE;
    private long lastNanos;
    private long dropped;
    private long loggedNanos;

    FanOut(StreamName name, long nowNanos) {
        this.name = name;
        this.lastNanos = nowNanos;
        this.loggedNanos = nowNanos - LOG_NANOS;
    }

    /// False if this message is too much for so many.
    boolean take(Item.Message message, int viewers, long nowNanos) {
        long sinceNanos = Math.clamp(nowNanos - lastNanos, 0, 2 * SECOND_NANOS);
        leftBytes = Math.min(leftBytes + BYTES_PER_SECOND * sinceNanos / SECOND_NANOS, BYTES_AT_ONCE);
        lastNanos = nowNanos;
        long bytes = (long) (MESSAGE_BYTES + message.data().length()) * viewers;
        if (bytes <= leftBytes) {
            leftBytes -= bytes;
            return true;
        }
        dropped++;
        if (nowNanos - loggedNanos >= LOG_NANOS) {
            loggedNanos = nowNanos;
            log.info("{}: {} messages were not sent to {} viewers: too much is said", name, dropped, viewers);
            dropped = 0;
        }
        return false;
    }
}
