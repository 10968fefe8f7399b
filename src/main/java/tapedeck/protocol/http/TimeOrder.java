package tapedeck.protocol.http;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;

/// Puts the frames of all tracks in the order of their decoding times, so that a cut goes through all of them at one
/// time. Publishers do not send them so: a packet of RTP has up to a second of quiet sound (RFC 3640), which comes when
/// the last of it was made, behind the pictures of that second.
///
/// A frame waits until every track has shown that nothing earlier comes of it, or for as long as frames were late in
/// the last seconds. So tracks that belong together cost no time, and one that pauses costs none after a while.
final class TimeOrder {
    /// What is later than this is not waited for.
    static final long MAX_LATE_NANOS = 1_000_000_000L;
    /// Held at most, whatever their times are.
    static final long MAX_BYTES = 8 << 20;
    /// For a frame itself.
    static final int FRAME_BYTES = 256;
    /// How late frames were is asked of the last one to two of these.
    static final long WINDOW_NANOS = 2_000_000_000L;

    private final Consumer<Item.Media> out;
    private final SequencedMap<Integer, Deque<Item.Media>> held = new TreeMap<>();
    private long heldBytes;
    private long newestNanos = Long.MIN_VALUE;
    private long windowNanos;
    private long lateBefore = MAX_LATE_NANOS;
    private long late;

    /// @param tracks that are waited for from the beginning
    TimeOrder(List<Track> tracks, Consumer<Item.Media> out) {
        this.out = out;
        tracks.forEach(track -> held.put(track.id(), new ArrayDeque<>()));
    }

    void add(Item.Media media) {
        Frame frame = media.frame();
        look(frame.dtsNanos());
        held.computeIfAbsent(frame.track().id(), _ -> new ArrayDeque<>()).add(media);
        heldBytes += size(frame);
        for (var next = next(); next != null && isDue(next.getFirst().frame()); next = next()) {
            take(next);
        }
    }

    /// Nothing comes behind these.
    void flush() {
        for (var next = next(); next != null; next = next()) {
            take(next);
        }
    }

    private void look(long dtsNanos) {
        if (newestNanos == Long.MIN_VALUE) {
            windowNanos = dtsNanos;
        }
        newestNanos = Math.max(newestNanos, dtsNanos);
        long behind = newestNanos - dtsNanos;
        late = behind <= MAX_LATE_NANOS ? Math.max(late, behind) : late;
        if (newestNanos - windowNanos >= WINDOW_NANOS) {
            windowNanos = newestNanos;
            lateBefore = late;
            late = 0;
        }
    }

    private boolean isDue(Frame earliest) {
        return heldBytes > MAX_BYTES
                || newestNanos - earliest.dtsNanos() >= Math.max(late, lateBefore)
                || held.values().stream().noneMatch(Deque::isEmpty);
    }

    /// Of the earliest frame.
    private @Nullable Deque<Item.Media> next() {
        Deque<Item.Media> next = null;
        for (Deque<Item.Media> track : held.values()) {
            if (!track.isEmpty()
                    && (next == null
                            || track.getFirst().frame().dtsNanos()
                                    < next.getFirst().frame().dtsNanos())) {
                next = track;
            }
        }
        return next;
    }

    private void take(Deque<Item.Media> track) {
        Item.Media media = track.removeFirst();
        heldBytes -= size(media.frame());
        out.accept(media);
    }

    private static int size(Frame frame) {
        return frame.data().length() + FRAME_BYTES;
    }
}
