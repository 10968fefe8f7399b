package tapedeck.stream;

import java.util.ArrayList;
import java.util.List;

/// The frames since the last entry point, for readers that come late.
///
/// A GOP that outgrows the bounds is forgotten until the next entry point: half a GOP helps nobody.
final class GopCache {
    static final long MAX_BYTES = 16 << 20;
    static final long MAX_NANOS = 20_000_000_000L;

    private List<Item.Media> items = new ArrayList<>();
    private final MediaSpan span = new MediaSpan();
    private long bytes;

    void add(Item.Media item) {
        if (item.entryPoint()) {
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
    }

    List<Item.Media> items() {
        return items;
    }

    void clear() {
        items = new ArrayList<>();
        bytes = 0;
        span.clear();
    }
}
