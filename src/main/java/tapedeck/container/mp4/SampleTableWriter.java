package tapedeck.container.mp4;

import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Collects the sample table of a track (ISO/IEC 14496-12 8.5 to 8.7) out of its runs, in the form in which it is
/// written: 4 bytes for a sample and 8 for each change, no object for any.
final class SampleTableWriter {
    /// Header, version and flags, and the number of entries.
    private static final int TABLE_HEAD_BYTES = 16;

    private final Runs timeToSample = new Runs();
    private final Runs compositionOffsets = new Runs();
    private final ByteWriter syncSamples = new ByteWriter(1024);
    private final ByteWriter sizes = new ByteWriter(1024);
    private final ByteWriter samplesToChunk = new ByteWriter(64);
    private final ByteWriter chunkOffsets = new ByteWriter(1024);

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

    /// Pairs of a count and a value, as `stts` and `ctts` have them.
    private static final class Runs {
        private final ByteWriter entries = new ByteWriter(1024);
        private int entryCount;
        private int count;
        private int value;

        void add(int next) {
            if (count > 0 && next != value) {
                end();
            }
            value = next;
            count++;
        }

        void end() {
            if (count > 0) {
                entries.u32(count).u32(value);
                entryCount++;
                count = 0;
            }
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
        chunkOffsets.u64(run.offset());
        lastChunkOffset = Math.max(lastChunkOffset, run.offset());
        if (run.count() != lastChunkSamples) {
            lastChunkSamples = run.count();
            samplesToChunk.u32(chunks).u32(run.count()).u32(1);
            chunkChanges++;
        }
    }

    /// The exact size of all tables. No run can be added afterwards.
    long bytes() {
        end();
        long bytes = (long) TABLE_HEAD_BYTES + timeToSample.entries.length();
        bytes += anyOffset ? (long) TABLE_HEAD_BYTES + compositionOffsets.entries.length() : 0;
        bytes += syncCount < samples ? (long) TABLE_HEAD_BYTES + syncSamples.length() : 0;
        bytes += (long) TABLE_HEAD_BYTES + samplesToChunk.length();
        bytes += TABLE_HEAD_BYTES + 4L + sizes.length();
        return bytes + TABLE_HEAD_BYTES + (long) chunks * (isWide() ? 8 : 4);
    }

    /// Whether chunks may stand where 32 bits do not reach, once the index is in front of them.
    private boolean isWide() {
        return lastChunkOffset > 0xFFFF_FFFFL - Movie.MAX_MOOV_BYTES;
    }

    private void end() {
        if (!ended) {
            ended = true;
            timeToSample.add((int) Math.min(lastDurationTicks, 0xFFFF_FFFFL));
            timeToSample.end();
            compositionOffsets.end();
        }
    }

    /// Writes the tables behind `stsd`. Only once: it gives them away.
    ///
    /// @param shift by how much the media has moved since the runs were added
    void write(BoxWriter out, long shift) {
        end();
        table(out, "stts", 0, timeToSample.entryCount, timeToSample.entries);
        if (anyOffset) {
            table(out, "ctts", 1, compositionOffsets.entryCount, compositionOffsets.entries);
        }
        if (syncCount < samples) {
            table(out, "stss", 0, syncCount, syncSamples);
        }
        table(out, "stsc", 0, chunkChanges, samplesToChunk);
        out.fullBox("stsz", 0, 0, b -> b.u32(0).u32(samples).bytes(sizes.handOver()));
        Bytes offsets = chunkOffsets.handOver();
        boolean wide = isWide();
        out.fullBox(wide ? "co64" : "stco", 0, 0, b -> {
            b.u32(chunks);
            for (int i = 0; i < chunks; i++) {
                long offset = ((long) offsets.i32(8 * i) << 32 | offsets.u32(8 * i + 4)) + shift;
                if (wide) {
                    b.u64(offset);
                } else {
                    b.u32(offset);
                }
            }
        });
    }

    private static void table(BoxWriter out, String type, int version, int count, ByteWriter entries) {
        out.fullBox(type, version, 0, b -> b.u32(count).bytes(entries.handOver()));
    }
}
