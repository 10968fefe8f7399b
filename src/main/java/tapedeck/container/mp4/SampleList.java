package tapedeck.container.mp4;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.MalformedException;

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

    /// Where the last sample ends.
    long endTicks() {
        return endTicks;
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

    /// Adds the samples of an `stbl`, ISO/IEC 14496-12 8.5 to 8.7.
    void add(List<Box> stbl) {
        Box stsz = Box.find(stbl, "stsz");
        if (stsz == null) {
            return; // stz2 (8.7.3.3) is used by no writer known
        }
        ByteReader in = stsz.fullBody();
        long sameSize = in.u32();
        if (sameSize > Integer.MAX_VALUE) {
            throw new MalformedException("MP4: samples of %d bytes".formatted(sameSize));
        }
        int from = count;
        int added = budget.take(sameSize == 0 ? stsz.count(in, 4) : in.u32());
        if (added == 0) {
            return;
        }
        grow(added);
        for (int i = from; i < count; i++) {
            long size = sameSize == 0 ? in.u32() : sameSize;
            if (size > Integer.MAX_VALUE) {
                throw new MalformedException("MP4: sample of %d bytes".formatted(size));
            }
            sizes[i] = (int) size;
        }
        times(Box.need("stbl", stbl, "stts"), from);
        Box ctts = Box.find(stbl, "ctts");
        if (ctts != null) {
            compositionOffsets(ctts, from);
        }
        places(stbl, from);
        Box stss = Box.find(stbl, "stss");
        if (stss == null) {
            sync.set(from, count);
        } else {
            ByteReader numbers = stss.fullBody();
            for (int left = stss.count(numbers, 4); left > 0; left--) {
                long number = numbers.u32();
                if (number >= 1 && number <= added) {
                    sync.set(from + (int) number - 1);
                }
            }
        }
    }

    private void times(Box stts, int from) {
        ByteReader in = stts.fullBody();
        int entries = stts.count(in, 8);
        long decode = endTicks;
        int at = from;
        for (int entry = 0; entry < entries && at < count; entry++) {
            long run = in.u32();
            long duration = in.u32();
            for (long i = 0; i < run && at < count; i++) {
                decodeTicks[at++] = decode;
                decode += duration;
            }
        }
        if (at < count) {
            throw new MalformedException("MP4: stts ends at sample %d of %d".formatted(at - from, count - from));
        }
        endTicks = decode;
    }

    private void compositionOffsets(Box ctts, int from) {
        ByteReader in = ctts.fullBody();
        int entries = ctts.count(in, 8);
        int at = from;
        for (int entry = 0; entry < entries && at < count; entry++) {
            long run = in.u32();
            // Version 0 is unsigned by the book, yet all who write more than 31 bits mean a negative number.
            int offset = in.i32();
            for (long i = 0; i < run && at < count; i++) {
                compositionOffsets[at++] = offset;
            }
        }
    }

    /// Where the samples are: `stsc` says how many are in each chunk, `stco` or `co64` where the chunks begin.
    private void places(List<Box> stbl, int from) {
        Box stsc = Box.need("stbl", stbl, "stsc");
        Box co64 = Box.find(stbl, "co64");
        Box chunks = co64 != null ? co64 : Box.need("stbl", stbl, "stco");
        ByteReader offset = chunks.fullBody();
        int chunkCount = chunks.count(offset, co64 != null ? 8 : 4);
        ByteReader runs = stsc.fullBody();
        int runsLeft = stsc.count(runs, 12);
        long nextChange = runsLeft > 0 ? runs.u32() : Long.MAX_VALUE;
        long perChunk = 0;
        int at = from;
        for (int chunk = 1; chunk <= chunkCount && at < count; chunk++) {
            if (chunk == nextChange) {
                perChunk = runs.u32();
                runs.skip(4);
                nextChange = --runsLeft > 0 ? runs.u32() : Long.MAX_VALUE;
            }
            long place = co64 != null ? offset.i64() : offset.u32();
            for (long i = 0; i < perChunk && at < count; i++) {
                offsets[at] = place;
                place += sizes[at++];
            }
        }
        if (at < count) {
            throw new MalformedException("MP4: chunks end at sample %d of %d".formatted(at - from, count - from));
        }
    }
}
