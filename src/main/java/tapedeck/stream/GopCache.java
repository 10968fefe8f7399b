package tapedeck.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// The frames since the last entry point, for readers that come late; and, where somebody may want the past, those
/// of the groups of pictures before it that cover so much time.
///
/// A GOP that outgrows the bounds is forgotten until the next entry point: half a GOP helps nobody.
final class GopCache {
    static final long MAX_BYTES = 16 << 20;
    static final long MAX_NANOS = 20_000_000_000L;
    /// All that is kept for those who want the past.
    static final long MAX_PAST_BYTES = 64 << 20;

    private final long pastNanos;
    private List<Item.Media> items = new ArrayList<>();
    private final MediaSpan span = new MediaSpan();
    private long bytes;
    // Whole groups, oldest first; none unless the past is kept.
    private final Deque<Group> past = new ArrayDeque<>();
    private long pastBytes;

    private record Group(List<Item.Media> items, long bytes) {
        long beginNanos() {
            return items.getFirst().frame().dtsNanos();
        }
    }

    /// @param pastNanos how much of the past is kept
    GopCache(long pastNanos) {
        this.pastNanos = pastNanos;
    }

    void add(Item.Media item) {
        if (item.entryPoint()) {
            keep();
            // A new list, not clear(): a GOP's length varies, and the old array must not pin old frames.
            items = new ArrayList<>(Math.min(items.size() + 1, 1024));
            bytes = 0;
            span.clear();
        } else if (items.isEmpty()) {
            return;
        }
        items.add(item);
        bytes += item.frame().data().length();
        span.add(item.frame());
        if (bytes > MAX_BYTES || span.nanos() > MAX_NANOS) {
            clear();
        }
        if (!past.isEmpty()) {
            forget(item.frame().dtsNanos());
        }
    }

    private void keep() {
        if (pastNanos > 0 && !items.isEmpty()) {
            past.addLast(new Group(items, bytes));
            pastBytes += bytes;
        }
    }

    /// Lets go of groups that those behind them make superfluous, and of those that are too much.
    private void forget(long nowNanos) {
        while (!past.isEmpty() && (pastBytes + bytes > MAX_PAST_BYTES || secondBegins() <= nowNanos - pastNanos)) {
            pastBytes -= past.removeFirst().bytes();
        }
    }

    private long secondBegins() {
        if (past.size() == 1) {
            return items.isEmpty() ? Long.MAX_VALUE : items.getFirst().frame().dtsNanos();
        }
        var groups = past.iterator();
        groups.next();
        return groups.next().beginNanos();
    }

    /// The frames since the last entry point.
    List<Item.Media> items() {
        return items;
    }

    /// The frames since the last entry point that is so far back, or since the oldest there is.
    List<Item.Media> since(long agoNanos) {
        if (past.isEmpty() || items.isEmpty() || agoNanos <= 0) {
            return items;
        }
        long wantedNanos = items.getLast().frame().dtsNanos() - agoNanos;
        List<Item.Media> found = new ArrayList<>();
        for (Group group : past) {
            if (!found.isEmpty() && group.beginNanos() <= wantedNanos) {
                found.clear();
            }
            found.addAll(group.items());
        }
        if (items.getFirst().frame().dtsNanos() <= wantedNanos) {
            return items;
        }
        found.addAll(items);
        return found;
    }

    void clear() {
        items = new ArrayList<>();
        bytes = 0;
        span.clear();
        past.clear();
        pastBytes = 0;
    }
}
