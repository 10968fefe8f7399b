package tapedeck.container.matroska;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import tapedeck.bytes.Bytes;

/// How long a file plays: the latest end of its known tracks, over the blocks that it was shown.
final class PlayTime {
    private final long scaleNanos;
    private final Map<Integer, TrackEnd> ends = new HashMap<>();
    private final Map<Integer, Long> delayTicks = new HashMap<>();

    PlayTime(FileHead head) {
        scaleNanos = head.scaleNanos();
        for (TrackEntry entry : head.tracks()) {
            entry.codec().ifPresent(codec -> ends.put(entry.number(), new TrackEnd(codec)));
            delayTicks.put(entry.number(), head.delayTicks(entry));
        }
    }

    long scan(FileWindow file, BlockCursor cursor) throws IOException {
        while (cursor.advance()) {
            TrackEnd end = ends.get(cursor.trackNumber());
            if (end != null) {
                Bytes head = file.bytes(cursor.contentAt(), Math.min(TrackEnd.HEAD_BYTES, cursor.contentBytes()));
                long delay = delayTicks.getOrDefault(cursor.trackNumber(), 0L);
                end.add((cursor.ticks() - delay) * scaleNanos, head, cursor.contentBytes());
            }
        }
        long endNanos =
                ends.values().stream().mapToLong(TrackEnd::endNanos).max().orElse(0);
        // RFC 9559 5.1.2.10: Duration is more than 0.
        return Math.max(scaleNanos, endNanos);
    }
}
