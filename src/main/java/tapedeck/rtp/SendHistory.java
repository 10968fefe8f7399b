package tapedeck.rtp;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// What was sent lately, for those who ask for it again. The payloads belong to all viewers of the stream; a viewer of
/// its own costs only the places here. Bounded in packets, bytes and time.
final class SendHistory {
    /// A quarter of a second at the highest rate of one peer, many seconds at usual ones.
    static final int MAX_PACKETS = 2_048;
    static final int MAX_BYTES = 1 << 20;
    /// Whoever asks later than that has given up the picture.
    static final long MAX_NANOS = 2_000_000_000L;
    /// A packet that was lost so often will not come.
    static final int MAX_REPEATS = 8;
    /// The same packet is not sent again sooner than this, whatever the round trip is said to be.
    static final long MIN_PAUSE_NANOS = 10_000_000L;

    private static final int INITIAL_PACKETS = 128;
    private static final int FORGET_EVERY = 16;

    private Entry[] entries = new Entry[INITIAL_PACKETS];
    /// Extended sequence numbers: `[oldest, next)` is there.
    private long oldest;

    private long next;
    private long bytes;

    /// Reused from packet to packet.
    static final class Entry {
        long timestamp;
        int pictureId;
        long sentNanos;
        private long repeatedNanos;
        private int repeats;

        @Nullable
        Payload payload;
        /// As it went out, where it cannot be protected anew.
        @Nullable
        Bytes sealed;
    }

    /// Takes the packet behind the last one.
    void add(Payload payload, long timestamp, int pictureId, @Nullable Bytes sealed, long nowNanos) {
        // The oldest packet has long left the processor's cache: not for every new one.
        if (next % FORGET_EVERY == 0 || bytes + payload.length() > MAX_BYTES || next - oldest == MAX_PACKETS) {
            forget(nowNanos, payload.length());
        }
        if (next - oldest == entries.length) {
            grow();
        }
        int place = (int) next & entries.length - 1;
        Entry entry = entries[place];
        if (entry == null) {
            entry = new Entry();
            entries[place] = entry;
        }
        entry.payload = payload;
        entry.sealed = sealed;
        entry.timestamp = timestamp;
        entry.pictureId = pictureId;
        entry.sentNanos = nowNanos;
        entry.repeatedNanos = nowNanos;
        entry.repeats = 0;
        bytes += payload.length();
        next++;
    }

    /// The packet that was sent `back` packets before the newest, if it may be sent again now.
    @Nullable
    Entry repeatable(int back, long roundTripNanos, long nowNanos) {
        forget(nowNanos, 0);
        long wanted = next - 1 - back;
        if (back < 0 || wanted < oldest) {
            return null;
        }
        Entry entry = entries[(int) wanted & entries.length - 1];
        // A second wish within a round trip may have crossed the repeat; the first one cannot.
        boolean crossed =
                entry.repeats > 0 && nowNanos - entry.repeatedNanos < Math.max(roundTripNanos, MIN_PAUSE_NANOS);
        if (crossed || entry.repeats == MAX_REPEATS) {
            return null;
        }
        entry.repeats++;
        entry.repeatedNanos = nowNanos;
        return entry;
    }

    /// The packet `back` packets before the newest, whatever became of it, or null.
    @Nullable
    Entry peek(int back) {
        long wanted = next - 1 - back;
        return wanted < oldest ? null : entries[(int) wanted & entries.length - 1];
    }

    long bytes() {
        return bytes;
    }

    /// Nothing of what was sent so far is repeated.
    void clear() {
        for (; oldest < next; oldest++) {
            Entry entry = entries[(int) oldest & entries.length - 1];
            entry.payload = null;
            entry.sealed = null;
        }
        bytes = 0;
    }

    private void forget(long nowNanos, int room) {
        while (oldest < next) {
            Entry entry = entries[(int) oldest & entries.length - 1];
            Payload payload = entry.payload;
            if (payload == null) {
                throw new IllegalStateException("an entry without a payload");
            }
            if (bytes + room <= MAX_BYTES && nowNanos - entry.sentNanos <= MAX_NANOS && next - oldest < MAX_PACKETS) {
                return;
            }
            bytes -= payload.length();
            entry.payload = null;
            entry.sealed = null;
            oldest++;
        }
    }

    private void grow() {
        Entry[] larger = Arrays.copyOf(entries, Math.min(MAX_PACKETS, 2 * entries.length));
        Arrays.fill(larger, null);
        for (long i = oldest; i < next; i++) {
            larger[(int) i & larger.length - 1] = entries[(int) i & entries.length - 1];
        }
        entries = larger;
    }
}
