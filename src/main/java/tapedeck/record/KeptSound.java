package tapedeck.record;

import java.util.ArrayDeque;
import java.util.Deque;
import tapedeck.stream.Item;

/// Sound that came before the pictures of its time, kept back while one of them may begin the next part: it goes
/// into the part that its time belongs to.
final class KeptSound {
    /// The longest that is kept back, for a crash may not cost more than promised.
    static final long MAX_NANOS = 500_000_000L;

    private final int maxPackets;
    private final Deque<Item.Media> kept = new ArrayDeque<>();

    /// @param maxPackets `record_audio_buffer_max_size`
    KeptSound(int maxPackets) {
        this.maxPackets = maxPackets;
    }

    /// Keeps a frame, unless that is too much already.
    boolean keep(Item.Media media) {
        if (kept.size() >= maxPackets
                || (!kept.isEmpty()
                        && media.frame().ptsNanos() - kept.getFirst().frame().ptsNanos() > MAX_NANOS)) {
            return false;
        }
        kept.addLast(media);
        return true;
    }

    boolean isEmpty() {
        return kept.isEmpty();
    }

    int size() {
        return kept.size();
    }

    /// The oldest one if it is presented before `ptsNanos`.
    Item.@org.jspecify.annotations.Nullable Media takeBefore(long ptsNanos) {
        Item.Media oldest = kept.peekFirst();
        return oldest == null || oldest.frame().ptsNanos() >= ptsNanos ? null : kept.removeFirst();
    }

    void clear() {
        kept.clear();
    }
}
