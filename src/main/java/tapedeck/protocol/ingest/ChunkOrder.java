package tapedeck.protocol.ingest;

import java.util.Map;
import java.util.TreeMap;
import tapedeck.bytes.Bytes;

/// Puts numbered pieces in order. What is missing is waited for a little, then passed over.
final class ChunkOrder {
    /// Pieces that came too early, and their bytes.
    static final int MAX_WAITING = 32;

    static final long MAX_WAITING_BYTES = 16 << 20;
    static final long MAX_WAIT_NANOS = 3_000_000_000L;

    interface Sink {
        void chunk(Bytes data);

        /// So many are missing here.
        void missing(long chunks);
    }

    private final Sink sink;
    private final TreeMap<Long, Bytes> waiting = new TreeMap<>();
    private long waitingBytes;
    private long next;
    private long waitingSinceNanos;

    ChunkOrder(Sink sink) {
        this.sink = sink;
    }

    /// The number of the piece that has to come next.
    long next() {
        return next;
    }

    /// What came too early.
    long waitingBytes() {
        return waitingBytes;
    }

    /// One that came already is passed over.
    void add(long number, Bytes data, long nowNanos) {
        if (number < next || waiting.containsKey(number)) {
            return;
        }
        if (waiting.isEmpty()) {
            waitingSinceNanos = nowNanos;
        }
        waiting.put(number, data);
        waitingBytes += data.length();
        inOrder();
        while (waiting.size() > MAX_WAITING || waitingBytes > MAX_WAITING_BYTES) {
            passOver();
        }
    }

    /// Passes over what did not come in time.
    void tick(long nowNanos) {
        if (!waiting.isEmpty() && nowNanos - waitingSinceNanos >= MAX_WAIT_NANOS) {
            passOver();
            waitingSinceNanos = nowNanos;
        }
    }

    /// Nothing comes any more: what waits is all that there will be.
    void end() {
        while (!waiting.isEmpty()) {
            passOver();
        }
    }

    private void passOver() {
        long number = waiting.firstKey();
        sink.missing(number - next);
        next = number;
        inOrder();
    }

    private void inOrder() {
        Map.Entry<Long, Bytes> first = waiting.firstEntry();
        while (first != null && first.getKey() == next) {
            waiting.pollFirstEntry();
            waitingBytes -= first.getValue().length();
            next++;
            sink.chunk(first.getValue());
            first = waiting.firstEntry();
        }
    }
}
