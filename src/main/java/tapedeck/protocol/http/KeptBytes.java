package tapedeck.protocol.http;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// What is kept for the players of all streams together. One client may ask for every stream there is in every form, so
/// bounds for each of them alone would let it take the heap from the recordings.
///
/// While there is room everybody keeps what its own limits allow. Where there is none, nobody new is let in, and those
/// that have more than an equal share give the rest back when they next write.
public final class KeptBytes {
    /// This part of the heap at most.
    static final int HEAP_DIVISOR = 4;
    /// Nobody's share gets smaller than this, because a playlist or a log needs something to begin with: no more are
    /// let in than have room for it.
    static final long MIN_SHARE_BYTES = 512 * 1024;

    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger shares = new AtomicInteger();

    KeptBytes(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// For this virtual machine.
    public static KeptBytes ofHeap() {
        return new KeptBytes(Runtime.getRuntime().maxMemory() / HEAP_DIVISOR);
    }

    /// Whether [#open] would let somebody in now.
    boolean hasRoom() {
        return bytes.get() < maxBytes && shares.get() < maxBytes / MIN_SHARE_BYTES;
    }

    /// Another one that keeps something; empty if there is no room for it.
    synchronized Optional<Share> open() {
        return hasRoom() ? Optional.of(new Share()) : Optional.empty();
    }

    long bytes() {
        return bytes.get();
    }

    int shares() {
        return shares.get();
    }

    /// What one of them keeps. Written from one thread at a time.
    final class Share {
        private final AtomicLong own = new AtomicLong();
        private final AtomicBoolean closed = new AtomicBoolean();

        private Share() {
            shares.incrementAndGet();
        }

        /// More is kept, or less where it is negative.
        void add(long more) {
            own.addAndGet(more);
            bytes.addAndGet(more);
        }

        /// The same for what is not this one's any more, but still on its way to somebody: it counts for all together,
        /// also when this one is closed.
        void addLent(long more) {
            bytes.addAndGet(more);
        }

        /// How much this one may keep: anything while there is room.
        long allowed() {
            return bytes.get() <= maxBytes ? Long.MAX_VALUE : maxBytes / Math.max(1, shares.get());
        }

        /// Nothing is kept any more, and nothing is added either.
        void close() {
            if (closed.compareAndSet(false, true)) {
                bytes.addAndGet(-own.get());
                shares.decrementAndGet();
            }
        }
    }
}
