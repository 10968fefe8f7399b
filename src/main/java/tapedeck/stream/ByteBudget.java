package tapedeck.stream;

import java.util.concurrent.atomic.AtomicLong;

/// How many bytes may wait in the queues of several readers together.
///
/// When a disk stands still, two hundred recordings that each stay within their own bound would still fill the memory.
public final class ByteBudget {
    /// Counts nothing, so that thousands of readers do not meet at one counter.
    public static final ByteBudget UNLIMITED = new ByteBudget(Long.MAX_VALUE);

    private final long maxBytes;
    private final AtomicLong taken = new AtomicLong();

    public ByteBudget(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// Takes this many bytes if they are left.
    public boolean take(long bytes) {
        if (maxBytes == Long.MAX_VALUE) {
            return true;
        }
        if (taken.addAndGet(bytes) > maxBytes) {
            taken.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    public void giveBack(long bytes) {
        if (maxBytes != Long.MAX_VALUE) {
            taken.addAndGet(-bytes);
        }
    }

    /// Bytes that wait now.
    public long takenBytes() {
        return taken.get();
    }

    /// What one of many holds of it. Used by one thread at a time.
    public final class Share {
        private long heldBytes;

        /// From now on it is so much.
        ///
        /// @return false if that is not left: then it stays as much as it was
        public boolean hold(long bytes) {
            if (bytes > heldBytes && !take(bytes - heldBytes)) {
                return false;
            }
            if (bytes < heldBytes) {
                giveBack(heldBytes - bytes);
            }
            heldBytes = bytes;
            return true;
        }
    }
}
