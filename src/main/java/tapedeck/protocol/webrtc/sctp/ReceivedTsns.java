package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which TSNs came: all up to one, and islands behind it.
final class ReceivedTsns {
    /// TSNs further ahead are dropped: a gap's offset has 16 bits, and no window of ours holds more.
    static final int MAX_AHEAD = 4_096;
    /// What a SACK can tell in one packet.
    static final int MAX_ISLANDS = 200;
    static final int MAX_DUPLICATES = 32;

    private long cumulative;
    // First → last, neither touching the next nor the cumulative one.
    private final TreeMap<Long, Long> islands = new TreeMap<>();
    private final List<Long> duplicates = new ArrayList<>();

    ReceivedTsns(long initialTsn) {
        cumulative = initialTsn - 1;
    }

    long cumulative() {
        return cumulative;
    }

    long highest() {
        return islands.isEmpty() ? cumulative : islands.lastEntry().getValue();
    }

    boolean inOrder() {
        return islands.isEmpty();
    }

    boolean has(long tsn) {
        if (tsn <= cumulative) {
            return true;
        }
        Map.Entry<Long, Long> island = islands.floorEntry(tsn);
        return island != null && tsn <= island.getValue();
    }

    /// Whether a new one can be remembered.
    boolean takes(long tsn) {
        return tsn - cumulative <= MAX_AHEAD
                && (islands.size() < MAX_ISLANDS || tsn == cumulative + 1 || has(tsn - 1) || has(tsn + 1));
    }

    void add(long tsn) {
        if (tsn == cumulative + 1) {
            cumulative = tsn;
            join();
            return;
        }
        long from = tsn;
        long to = tsn;
        Map.Entry<Long, Long> before = islands.lowerEntry(tsn);
        if (before != null && before.getValue() == tsn - 1) {
            from = before.getKey();
        }
        Long after = islands.remove(tsn + 1);
        if (after != null) {
            to = after;
        }
        islands.put(from, to);
    }

    void duplicate(long tsn) {
        if (duplicates.size() < MAX_DUPLICATES) {
            duplicates.add(tsn);
        }
    }

    /// RFC 3758 3.6: what is missing up to here will not come.
    void forward(long tsn) {
        cumulative = Math.max(cumulative, tsn);
        while (!islands.isEmpty() && islands.firstEntry().getValue() <= cumulative) {
            islands.pollFirstEntry();
        }
        join();
    }

    private void join() {
        Map.Entry<Long, Long> first = islands.firstEntry();
        if (first != null && first.getKey() <= cumulative + 1) {
            cumulative = Math.max(cumulative, first.getValue());
            islands.pollFirstEntry();
        }
    }

    /// Forgets the duplicates.
    Chunk.Sack sack(int windowBytes) {
        List<Chunk.Sack.Gap> gaps = new ArrayList<>(islands.size());
        islands.forEach((from, to) -> gaps.add(new Chunk.Sack.Gap((int) (from - cumulative), (int) (to - cumulative))));
        Chunk.Sack sack = new Chunk.Sack(cumulative & 0xFFFF_FFFFL, windowBytes, gaps, duplicates);
        duplicates.clear();
        return sack;
    }
}
