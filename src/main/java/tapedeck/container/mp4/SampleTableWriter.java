package tapedeck.container.mp4;

import java.nio.channels.FileChannel;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/// Collects the sample table of a track (ISO/IEC 14496-12 8.5 to 8.7) out of its runs, in the form in which it is
/// written: 4 bytes for a sample and 8 for each change, no object for any.
///
/// A table that is too large for memory forgets what it has ([#forget]) and counts on. Then its place in the file is
/// known, and another one takes the same runs once more and writes them there ([#placed]).
final class SampleTableWriter {
    /// Header, version and flags, and the number of entries.
    private static final int TABLE_HEAD_BYTES = 16;
    /// `stts`, `ctts`, `stss`, `stsz`, `stsc`, `stco`.
    static final int COLUMNS = 6;

    private final Runs timeToSample;
    private final Runs compositionOffsets;
    private final TableColumn syncSamples;
    private final TableColumn sizes;
    private final TableColumn samplesToChunk;
    private final TableColumn chunkOffsets;
    private final OffsetForm offsetForm;

    private int samples;
    private int syncCount;
    private int chunks;
    private int lastChunkSamples;
    private int chunkChanges;
    private boolean anyOffset;
    private long lastChunkOffset;
    private boolean ended;

    private long startTicks;
    private long lastDecodeTicks;
    private long lastDurationTicks;

    /// How places in the file are added.
    private enum OffsetForm {
        /// With 64 bits, until it is known how many they need.
        ANY,
        NARROW,
        WIDE
    }

    /// Pairs of a count and a value, as `stts` and `ctts` have them.
    private static final class Runs {
        private final TableColumn entries;
        private int entryCount;
        private int count;
        private int value;

        Runs(TableColumn entries) {
            this.entries = entries;
        }

        void add(int next) {
            if (count > 0 && next != value) {
                end();
            }
            value = next;
            count++;
        }

        void end() {
            if (count > 0) {
                entries.u32(count);
                entries.u32(value);
                entryCount++;
                count = 0;
            }
        }
    }

    SampleTableWriter() {
        this(OffsetForm.ANY, TableColumn::new);
    }

    private SampleTableWriter(OffsetForm offsetForm, Supplier<TableColumn> columns) {
        this.offsetForm = offsetForm;
        timeToSample = new Runs(columns.get());
        compositionOffsets = new Runs(columns.get());
        syncSamples = columns.get();
        sizes = columns.get();
        samplesToChunk = columns.get();
        chunkOffsets = columns.get();
    }

    private List<TableColumn> columns() {
        return List.of(
                timeToSample.entries, compositionOffsets.entries, syncSamples, sizes, samplesToChunk, chunkOffsets);
    }

    /// What is added is counted from now on, and not kept.
    void forget() {
        columns().forEach(TableColumn::forget);
    }

    /// What is kept, or would be.
    long keptBytes() {
        return columns().stream().mapToLong(TableColumn::bytes).sum();
    }

    /// One for the same runs, which go to where [#lay] has left room for them.
    ///
    /// @param base where the boxes begin into which it was laid
    SampleTableWriter placed(FileChannel file, long base, int bufferBytes) {
        Iterator<TableColumn> mine = columns().iterator();
        return new SampleTableWriter(
                isWide() ? OffsetForm.WIDE : OffsetForm.NARROW,
                () -> mine.next().placed(file, base, bufferBytes));
    }

    /// Writes the end of what was placed.
    ///
    /// @param counted the same runs, as they were counted
    /// @throws IllegalStateException if these runs were others
    void endPlaced(SampleTableWriter counted) {
        end();
        Iterator<TableColumn> before = counted.columns().iterator();
        for (TableColumn column : columns()) {
            long bytes = before.next().bytes();
            boolean narrow = column == chunkOffsets && offsetForm == OffsetForm.NARROW;
            column.end(narrow ? bytes / 2 : bytes);
        }
    }

    boolean isEmpty() {
        return samples == 0;
    }

    /// Decoding time of the first sample.
    long startTicks() {
        return startTicks;
    }

    /// From the first sample's decoding to the end of the last one.
    long durationTicks() {
        return lastDecodeTicks + lastDurationTicks - startTicks;
    }

    /// Adds a run as one chunk.
    void add(TrackRun run) {
        if (run.count() == 0) {
            return;
        }
        long decode = run.decodeTime() == TrackRun.UNKNOWN ? lastDecodeTicks + lastDurationTicks : run.decodeTime();
        for (int i = 0; i < run.count(); i++) {
            sample(Math.max(decode, lastDecodeTicks), run, i);
            decode += run.duration(i);
        }
        chunk(run);
    }

    private void sample(long decode, TrackRun run, int i) {
        if (samples == 0) {
            startTicks = decode;
        } else {
            // What the next fragment says is true; what the last sample of a fragment said was a guess.
            timeToSample.add((int) Math.min(decode - lastDecodeTicks, 0xFFFF_FFFFL));
        }
        lastDecodeTicks = decode;
        lastDurationTicks = run.duration(i);
        samples++;
        sizes.u32(run.size(i));
        compositionOffsets.add(run.compositionOffset(i));
        anyOffset |= run.compositionOffset(i) != 0;
        if (run.isSync(i)) {
            syncSamples.u32(samples);
            syncCount++;
        }
    }

    private void chunk(TrackRun run) {
        chunks++;
        if (offsetForm == OffsetForm.NARROW) {
            chunkOffsets.u32(run.offset());
        } else {
            chunkOffsets.u64(run.offset());
        }
        lastChunkOffset = Math.max(lastChunkOffset, run.offset());
        if (run.count() != lastChunkSamples) {
            lastChunkSamples = run.count();
            samplesToChunk.u32(chunks);
            samplesToChunk.u32(run.count());
            samplesToChunk.u32(1);
            chunkChanges++;
        }
    }

    /// The exact size of all tables. No run can be added afterwards.
    long bytes() {
        end();
        long bytes = (long) TABLE_HEAD_BYTES + timeToSample.entries.bytes();
        bytes += anyOffset ? (long) TABLE_HEAD_BYTES + compositionOffsets.entries.bytes() : 0;
        bytes += syncCount < samples ? (long) TABLE_HEAD_BYTES + syncSamples.bytes() : 0;
        bytes += (long) TABLE_HEAD_BYTES + samplesToChunk.bytes();
        bytes += TABLE_HEAD_BYTES + 4L + sizes.bytes();
        return bytes + TABLE_HEAD_BYTES + (long) chunks * (isWide() ? 8 : 4);
    }

    /// Whether chunks may stand where 32 bits do not reach, once the index is in front of them.
    private boolean isWide() {
        return lastChunkOffset > 0xFFFF_FFFFL - Layout.MAX_RESERVE_BYTES;
    }

    private void end() {
        if (!ended) {
            ended = true;
            timeToSample.add((int) Math.min(lastDurationTicks, 0xFFFF_FFFFL));
            timeToSample.end();
            compositionOffsets.end();
        }
    }

    /// Lays the tables behind `stsd`. Only once: it gives away what it has kept, and leaves room for what not.
    ///
    /// @param shift by how much the media has moved since the runs were added; for what was kept
    void lay(BoxWriter out, long shift) {
        end();
        table(out, "stts", 0, timeToSample.entryCount, timeToSample.entries);
        if (anyOffset) {
            table(out, "ctts", 1, compositionOffsets.entryCount, compositionOffsets.entries);
        }
        if (syncCount < samples) {
            table(out, "stss", 0, syncCount, syncSamples);
        }
        table(out, "stsc", 0, chunkChanges, samplesToChunk);
        out.fullBox("stsz", 0, 0, b -> {
            b.u32(0).u32(samples);
            sizes.layInto(b);
        });
        boolean wide = isWide();
        out.fullBox(wide ? "co64" : "stco", 0, 0, b -> {
            b.u32(chunks);
            chunkOffsets.layOffsetsInto(b, wide, shift);
        });
    }

    private static void table(BoxWriter out, String type, int version, int count, TableColumn entries) {
        out.fullBox(type, version, 0, b -> {
            b.u32(count);
            entries.layInto(b);
        });
    }
}
