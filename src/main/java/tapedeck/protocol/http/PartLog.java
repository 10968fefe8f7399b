package tapedeck.protocol.http;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Track;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.SessionReport.TrackReport;
import tapedeck.stream.Tally;

/// What was muxed last, for all players together: the present group of pictures, in which newcomers begin, and what
/// those need who are a little behind. However slow a player is, it costs nothing here: it is a place in this log, and
/// one that fell out goes on at the last entry point.
final class PartLog {
    /// How far behind a player may be in a group of pictures that is over.
    static final long MAX_BEHIND_NANOS = ReaderOptions.LIVE_MAX_NANOS;

    static final long MAX_BEHIND_BYTES = ReaderOptions.LIVE_MAX_BYTES;
    /// A longer group is forgotten, as in the stream's own cache: whoever comes then waits for the next.
    static final long MAX_GROUP_NANOS = 20_000_000_000L;

    static final long MAX_GROUP_BYTES = 16 << 20;
    /// What a player that is behind gets at once.
    static final int MAX_PIECE_BYTES = 256 * 1024;

    private static final int NONE = -1;

    /// Where a player is. Guarded by the log.
    static final class Cursor {
        private long next = NONE;
        private long notBefore = NONE;
        private boolean begun;
        private final Tally before = new Tally();
        private final Tally taken = new Tally();
        private final Tally dropped = new Tally();
    }

    private final KeptBytes.Share share;

    // Guarded by this. parts[0] has the number `first`; what was before it is counted.
    private final List<Part> parts = new ArrayList<>();
    private long first;
    private final Tally beforeFirst = new Tally();
    private long bytes;
    private long lastEntry = NONE;
    private boolean ended;

    /// @param share of what all logs keep together; closed by whoever opened it
    PartLog(KeptBytes.Share share) {
        this.share = share;
    }

    synchronized void add(Part part) {
        if (part.entry() != null) {
            lastEntry = first + parts.size();
        }
        parts.add(part);
        bytes += part.data().length();
        share.add(part.data().length());
        trim();
    }

    private void trim() {
        long newestNanos = parts.getLast().dtsNanos();
        int count = 0;
        for (; count < parts.size() - 1; count++) {
            Part oldest = parts.get(count);
            boolean inGroup = lastEntry != NONE && first >= lastEntry;
            long maxNanos = inGroup ? MAX_GROUP_NANOS : MAX_BEHIND_NANOS;
            long maxBytes = Math.min(inGroup ? MAX_GROUP_BYTES : MAX_BEHIND_BYTES, share.allowed());
            if (newestNanos - oldest.dtsNanos() <= maxNanos && bytes <= maxBytes) {
                break;
            }
            if (inGroup) {
                lastEntry = NONE;
            }
            bytes -= oldest.data().length();
            share.add(-oldest.data().length());
            beforeFirst.add(oldest.carried());
            first++;
        }
        if (count > 0) {
            parts.subList(0, count).clear();
        }
    }

    /// Nothing comes any more.
    synchronized void end() {
        ended = true;
    }

    /// A newcomer begins with the last entry point; where there is none, with the first that comes.
    synchronized void join(Cursor cursor) {
        cursor.notBefore = lastEntry != NONE ? lastEntry : first + parts.size();
    }

    /// Where this player can begin or go on, or [#NONE].
    private long entry(Cursor cursor) {
        if (!cursor.begun) {
            for (long number = Math.max(first, cursor.notBefore); number < lastEntry; number++) {
                if (parts.get((int) (number - first)).entry() != null) {
                    return number;
                }
            }
        }
        return lastEntry;
    }

    /// What the player gets next; empty if there is nothing for it now.
    synchronized Bytes take(Cursor cursor) {
        Bytes before = Bytes.EMPTY;
        if (cursor.next < first) {
            long entry = entry(cursor);
            if (entry == NONE) {
                return Bytes.EMPTY;
            }
            before = begin(cursor, entry);
        }
        int at = (int) (cursor.next - first);
        if (at == parts.size()) {
            return Bytes.EMPTY;
        }
        int end = at;
        long size = before.length();
        do {
            Part part = parts.get(end++);
            size += part.data().length();
            cursor.taken.add(part.carried());
            cursor.before.add(part.carried());
        } while (end < parts.size() && size + parts.get(end).data().length() <= MAX_PIECE_BYTES);
        cursor.next = first + end;
        if (before.isEmpty() && end == at + 1) {
            return parts.get(at).data();
        }
        ByteWriter piece = new ByteWriter((int) size).bytes(before);
        for (int i = at; i < end; i++) {
            piece.bytes(parts.get(i).data());
        }
        return piece.handOver();
    }

    /// Sets it on this entry point, and returns what has to come before that.
    private Bytes begin(Cursor cursor, long number) {
        Tally passed = beforeFirst.copy();
        for (int i = 0; i < number - first; i++) {
            passed.add(parts.get(i).carried());
        }
        passed.subtract(cursor.before);
        if (cursor.begun) {
            cursor.dropped.add(passed);
        }
        cursor.before.add(passed);
        boolean again = cursor.begun;
        cursor.begun = true;
        cursor.next = number;
        Part.Entry entry = parts.get((int) (number - first)).entry();
        return entry == null ? Bytes.EMPTY : again ? entry.again() : entry.opening();
    }

    /// Whether this player waits for an entry point that is not there.
    synchronized boolean isLost(Cursor cursor) {
        return cursor.next < first && lastEntry == NONE && !ended;
    }

    /// Whether it got all that there will be.
    synchronized boolean isAtEnd(Cursor cursor) {
        return ended && (cursor.next < first ? lastEntry == NONE : cursor.next == first + parts.size());
    }

    /// What the player has taken, and missed because it was too slow.
    synchronized List<TrackReport> reports(Cursor cursor, List<Track> tracks) {
        return cursor.taken.reports(tracks, cursor.dropped);
    }

    /// For tests: what is kept.
    synchronized long keptBytes() {
        return bytes;
    }
}
