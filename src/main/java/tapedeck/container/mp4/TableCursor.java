package tapedeck.container.mp4;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// The samples of an `stbl`, ISO/IEC 14496-12 8.5 to 8.7: reads all its tables side by side.
final class TableCursor implements SampleCursor {
    private final long count;
    private final long sameSize;
    private final StoredTable.Reader sizes;
    private final Runs times;
    private final @Nullable Runs compositionOffsets;
    private final StoredTable.@Nullable Reader syncSamples;
    private final StoredTable.Reader chunks;
    private final int chunkOffsetBytes;
    private final StoredTable.Reader samplesToChunk;

    private long sample;
    private long nextSync;
    private long chunksLeft;
    private long chunk;
    private long chunkChangesLeft;
    private long nextChange = Long.MAX_VALUE;
    private long samplesPerChunk;
    private long leftInChunk;
    private long nextOffset;

    private long nextDecode;
    private long decode;
    private long duration;
    private int compositionOffset;
    private long offset;
    private int size;
    private boolean sync;

    /// Pairs of a count and a value.
    private static final class Runs {
        private final String type;
        private final StoredTable.Reader in;
        private final boolean mayEnd;
        private long entriesLeft;
        private long left;
        private int value;

        /// @param mayEnd whether what has no entry has the value 0
        Runs(StoredTable table, boolean mayEnd) throws IOException {
            type = table.type();
            in = table.open();
            this.mayEnd = mayEnd;
            entriesLeft = in.count(8);
        }

        int next() throws IOException {
            while (left == 0) {
                if (entriesLeft == 0 && mayEnd) {
                    return 0;
                }
                if (entriesLeft-- == 0) {
                    throw new MalformedException("MP4: %s has too few entries".formatted(type));
                }
                left = in.u32();
                value = in.i32();
            }
            left--;
            return value;
        }
    }

    TableCursor(SampleTables tables) throws IOException {
        sizes = tables.need("stsz").open();
        sameSize = sizes.u32();
        count = sameSize == 0 ? sizes.count(4) : sizes.u32();
        times = new Runs(tables.need("stts"), false);
        StoredTable ctts = tables.find("ctts");
        compositionOffsets = ctts == null ? null : new Runs(ctts, true);
        StoredTable stss = tables.find("stss");
        syncSamples = stss == null ? null : stss.open();
        if (syncSamples != null) {
            syncSamples.count(4);
            nextSync = nextSync();
        }
        StoredTable co64 = tables.find("co64");
        chunkOffsetBytes = co64 != null ? 8 : 4;
        chunks = (co64 != null ? co64 : tables.need("stco")).open();
        chunksLeft = chunks.count(chunkOffsetBytes);
        samplesToChunk = tables.need("stsc").open();
        chunkChangesLeft = samplesToChunk.count(12);
        readChunkChange();
    }

    /// How many samples it says to have.
    long count() {
        return count;
    }

    private long nextSync() throws IOException {
        return syncSamples != null && syncSamples.remaining() >= 4 ? syncSamples.u32() : Long.MAX_VALUE;
    }

    private void readChunkChange() throws IOException {
        nextChange = chunkChangesLeft-- > 0 ? samplesToChunk.u32() : Long.MAX_VALUE;
    }

    @Override
    public boolean next() throws IOException {
        if (sample == count) {
            return false;
        }
        sample++;
        decode = nextDecode;
        duration = times.next() & 0xFFFF_FFFFL;
        nextDecode += duration;
        compositionOffset = compositionOffsets == null ? 0 : compositionOffsets.next();
        long bytes = sameSize == 0 ? sizes.u32() : sameSize;
        if (bytes > Integer.MAX_VALUE) {
            throw new MalformedException("MP4: sample of %d bytes".formatted(bytes));
        }
        size = (int) bytes;
        while (leftInChunk == 0) {
            nextChunk();
        }
        leftInChunk--;
        offset = nextOffset;
        nextOffset += size;
        sync = syncSamples == null || sample == nextSync;
        while (nextSync <= sample) {
            nextSync = syncSamples == null ? Long.MAX_VALUE : nextSync();
        }
        return true;
    }

    private void nextChunk() throws IOException {
        if (chunksLeft-- == 0) {
            throw new MalformedException("MP4: chunks end at sample %d of %d".formatted(sample - 1, count));
        }
        chunk++;
        if (chunk == nextChange) {
            samplesPerChunk = samplesToChunk.u32();
            samplesToChunk.u32();
            readChunkChange();
        }
        leftInChunk = samplesPerChunk;
        nextOffset = chunkOffsetBytes == 8 ? chunks.i64() : chunks.u32();
        if (nextOffset < 0 || nextOffset > MovieFragment.MAX_OFFSET) {
            throw new MalformedException("MP4: a chunk at %d".formatted(nextOffset));
        }
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public long decodeTicks() {
        return decode;
    }

    @Override
    public long durationTicks() {
        return duration;
    }

    @Override
    public int compositionOffset() {
        return compositionOffset;
    }

    @Override
    public boolean isSync() {
        return sync;
    }
}
