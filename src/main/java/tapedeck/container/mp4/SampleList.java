package tapedeck.container.mp4;

import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;

/// All samples of a track: 24 bytes each, out of a sample table, out of fragments, or both.
final class SampleList {
    private final SampleBudget budget;
    private int count;
    private long[] offsets = {};
    private int[] sizes = {};
    private long[] decodeTicks = {};
    private int[] compositionOffsets = {};
    private final BitSet sync = new BitSet();
    private long endTicks;

    SampleList(SampleBudget budget) {
        this.budget = budget;
    }

    int count() {
        return count;
    }

    long offset(int sample) {
        return offsets[sample];
    }

    int size(int sample) {
        return sizes[sample];
    }

    long decodeTicks(int sample) {
        return decodeTicks[sample];
    }

    long presentationTicks(int sample) {
        return decodeTicks[sample] + compositionOffsets[sample];
    }

    boolean isSync(int sample) {
        return sync.get(sample);
    }

    void add(TrackRun run) {
        int from = count;
        grow(run.count());
        long decode = run.decodeTime() == TrackRun.UNKNOWN ? endTicks : run.decodeTime();
        long offset = run.offset();
        for (int i = 0; i < run.count(); i++) {
            offsets[from + i] = offset;
            sizes[from + i] = run.size(i);
            decodeTicks[from + i] = decode;
            compositionOffsets[from + i] = run.compositionOffset(i);
            sync.set(from + i, run.isSync(i));
            offset += run.size(i);
            decode += run.duration(i);
        }
        endTicks = decode;
    }

    private void grow(int by) {
        count += by;
        if (count > sizes.length) {
            int capacity = Math.max(count, sizes.length * 2);
            offsets = Arrays.copyOf(offsets, capacity);
            sizes = Arrays.copyOf(sizes, capacity);
            decodeTicks = Arrays.copyOf(decodeTicks, capacity);
            compositionOffsets = Arrays.copyOf(compositionOffsets, capacity);
        }
    }

    /// Adds the samples of tables.
    void add(SampleTables tables) throws IOException {
        if (tables.find("stsz") == null) {
            return; // stz2 (8.7.3.3) is used by no writer known
        }
        TableCursor cursor = new TableCursor(tables);
        int from = count;
        grow(budget.take(cursor.count()));
        long decode = endTicks;
        for (int at = from; at < count && cursor.next(); at++) {
            offsets[at] = cursor.offset();
            sizes[at] = cursor.size();
            decodeTicks[at] = decode + cursor.decodeTicks();
            compositionOffsets[at] = cursor.compositionOffset();
            sync.set(at, cursor.isSync());
            endTicks = decodeTicks[at] + cursor.durationTicks();
        }
    }
}
