package tapedeck.rtp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// The packets that are missing in front of others that came: when each is asked for, and how long it is worth waiting.
///
/// Two things are learned on the way. *The way there and back*, from an answer to a single question. *Reordering*:
/// how late packets come that nobody asked for; a hole is asked about only when it is older than nearly all of those.
final class Holes {
    static final int MAX_TRIES = 10;
    static final int MAX_NACKS_AT_ONCE = 256;

    private static final long MILLI = 1_000_000;
    /// Neighbours that overtake each other are not asked for, whatever was learned.
    static final long MIN_REORDER_NANOS = 10 * MILLI;

    static final long MAX_REORDER_NANOS = 200 * MILLI;
    /// Where nobody answers questions, only what is late can come.
    static final long MIN_REORDER_WAIT_NANOS = 200 * MILLI;

    private static final long MIN_WAIT_NANOS = 300 * MILLI;
    /// Where one question in five is lost and one answer in five, one packet in ten thousand needs more.
    private static final int TRIES_WORTH_WAITING = 9;

    private static final long FIRST_ROUND_TRIP_NANOS = 100 * MILLI;
    private static final long MAX_ROUND_TRIP_NANOS = 2000 * MILLI;
    private static final long MIN_MARGIN_NANOS = 10 * MILLI;
    private static final long MAX_MARGIN_NANOS = 100 * MILLI;
    private static final int MAX_REMEMBERED = 256;
    /// One packet in this many may be later than the learned reordering.
    private static final int REORDER_QUANTILE = 20;

    private final boolean retransmission;
    private final long maxWaitNanos;
    /// By sequence number.
    private final List<Hole> holes = new ArrayList<>();
    /// Those that were asked for and came, the last ones.
    private final SequencedMap<Long, Hole> filled = new LinkedHashMap<>();

    private long roundTripNanos = FIRST_ROUND_TRIP_NANOS;
    private long deviationNanos = FIRST_ROUND_TRIP_NANOS / 4;
    private long reorderNanos = MIN_REORDER_NANOS;
    private long recovered;

    private static final class Hole {
        private final long sequence;
        private final long sinceNanos;
        private long firstAskedNanos;
        private long askedNanos;
        private long dueNanos;
        private long filledNanos;
        private int tries;

        private Hole(long sequence, long sinceNanos, long dueNanos) {
            this.sequence = sequence;
            this.sinceNanos = sinceNanos;
            this.dueNanos = dueNanos;
        }
    }

    Holes(boolean retransmission, long maxWaitNanos) {
        this.retransmission = retransmission;
        this.maxWaitNanos = maxWaitNanos;
    }

    /// Packets from `from` up to before `to` are missing: behind all other holes, or in front of them.
    void open(long from, long to, long nowNanos) {
        boolean inFront = !holes.isEmpty() && holes.getFirst().sequence >= to;
        List<Hole> opened = new ArrayList<>((int) (to - from));
        for (long sequence = from; sequence < to; sequence++) {
            opened.add(new Hole(sequence, nowNanos, nowNanos + reorderNanos));
        }
        holes.addAll(inFront ? 0 : holes.size(), opened);
    }

    /// What is missing from this one on comes once more in the packet behind it: nobody needs to ask.
    void repeated(long from) {
        for (int i = holes.size() - 1; i >= 0 && holes.get(i).sequence >= from; i--) {
            holes.get(i).dueNanos = Long.MAX_VALUE;
        }
    }

    /// @param repair whether it came as an answer (RTX); without RTX nobody knows
    void filled(long sequence, boolean repair, long nowNanos) {
        int at = find(sequence);
        if (at < 0) {
            return;
        }
        Hole hole = holes.remove(at);
        if (hole.tries == 0) {
            overtaken(nowNanos - hole.sinceNanos);
            return;
        }
        recovered++;
        hole.filledNanos = nowNanos;
        filled.put(sequence, hole);
        if (filled.size() > MAX_REMEMBERED) {
            filled.pollFirstEntry();
        }
        if (hole.tries == 1) {
            long sample = nowNanos - hole.askedNanos;
            // So soon it may as well be a late original: believed in part.
            answered(repair ? sample : Math.max(sample, roundTripNanos * 7 / 8));
        }
    }

    /// A packet came that was there already. If it was asked for, that was too early, or too often: whichever of the
    /// two came first tells which.
    void again(long sequence, long nowNanos) {
        Hole hole = filled.remove(sequence);
        if (hole == null) {
            return;
        }
        if (hole.tries > 1) {
            answered(hole.filledNanos - hole.firstAskedNanos);
        } else if (hole.filledNanos - hole.askedNanos < roundTripNanos * 3 / 4) {
            overtaken(hole.filledNanos - hole.sinceNanos);
            answered(nowNanos - hole.askedNanos);
        }
    }

    private int find(long sequence) {
        int low = 0;
        int high = holes.size() - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            long found = holes.get(middle).sequence;
            if (found == sequence) {
                return middle;
            }
            if (found < sequence) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /// RFC 6298 2.3, with twice the weight: there are few samples.
    private void answered(long sampleNanos) {
        long error = sampleNanos - roundTripNanos;
        deviationNanos += (Math.abs(error) - deviationNanos) / 4;
        roundTripNanos = Math.clamp(roundTripNanos + error / 4, MILLI, MAX_ROUND_TRIP_NANOS);
    }

    /// A packet came so late by itself. Moves to where one in [#REORDER_QUANTILE] is later.
    void overtaken(long lateNanos) {
        if (lateNanos > reorderNanos) {
            reorderNanos += Math.max(2 * MILLI, (lateNanos - reorderNanos) / 2);
        } else {
            reorderNanos -= Math.max(MILLI / 10, (reorderNanos - lateNanos) / (4 * REORDER_QUANTILE));
        }
        reorderNanos = Math.clamp(reorderNanos, MIN_REORDER_NANOS, MAX_REORDER_NANOS);
    }

    /// Nothing in front of this one is waited for any more.
    void closeBefore(long sequence) {
        int count = 0;
        while (count < holes.size() && holes.get(count).sequence < sequence) {
            count++;
        }
        holes.subList(0, count).clear();
    }

    void clear() {
        holes.clear();
        filled.clear();
    }

    boolean isEmpty() {
        return holes.isEmpty();
    }

    /// Since when the first one is missing; there is one.
    long sinceNanos() {
        return holes.getFirst().sinceNanos;
    }

    /// When the first hole is given up; [Long#MAX_VALUE] without any.
    long giveUpNanos() {
        return holes.isEmpty() ? Long.MAX_VALUE : holes.getFirst().sinceNanos + waitNanos();
    }

    /// When half of that time is over for the first one behind this packet: it may well stay. [Long#MAX_VALUE] without
    /// any.
    long doubtNanos(long behind) {
        for (Hole hole : holes) {
            if (hole.sequence > behind) {
                return hole.sinceNanos + waitNanos() / 2;
            }
        }
        return Long.MAX_VALUE;
    }

    private long waitNanos() {
        long wait = retransmission
                ? Math.max(MIN_WAIT_NANOS, reorderNanos + TRIES_WORTH_WAITING * intervalNanos())
                : Math.max(MIN_REORDER_WAIT_NANOS, 2 * reorderNanos);
        return Math.min(wait, maxWaitNanos);
    }

    private long intervalNanos() {
        return roundTripNanos + Math.clamp(2 * deviationNanos, MIN_MARGIN_NANOS, MAX_MARGIN_NANOS);
    }

    /// Adds the sequence numbers to ask for now.
    void collect(long nowNanos, List<Integer> target) {
        if (!retransmission) {
            return;
        }
        for (Hole hole : holes) {
            if (hole.tries < MAX_TRIES && hole.dueNanos <= nowNanos && target.size() < MAX_NACKS_AT_ONCE) {
                target.add((int) (hole.sequence & 0xFFFF));
                if (hole.tries++ == 0) {
                    hole.firstAskedNanos = nowNanos;
                }
                hole.askedNanos = nowNanos;
                hole.dueNanos = nowNanos + intervalNanos();
            }
        }
    }

    /// When the next one is due to be asked for, or [Long#MAX_VALUE].
    long askNanos() {
        long due = Long.MAX_VALUE;
        if (retransmission) {
            for (Hole hole : holes) {
                if (hole.tries < MAX_TRIES) {
                    due = Math.min(due, hole.dueNanos);
                }
            }
        }
        return due;
    }

    /// Packets that came after they were asked for.
    long recovered() {
        return recovered;
    }

    long roundTripNanos() {
        return roundTripNanos;
    }

    long reorderNanos() {
        return reorderNanos;
    }
}
