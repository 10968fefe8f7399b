package tapedeck.container.matroska;

import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import tapedeck.bytes.Bytes;
import tapedeck.container.CodedTrack;
import tapedeck.container.FileLine;

/// Where the frames of one track stand in a file.
final class StoredBlocks implements FileLine.Samples {
    private final TrackEntry entry;
    private final FileWindow frames;
    private final TrackEnd end;
    private final BitSet sync = new BitSet();
    private int count;
    private long[] contentAt = new long[1024];
    private int[] contentBytes = new int[1024];
    private long[] ptsNanos = new long[1024];
    private long[] dtsNanos = {};
    /// Of frames that share a block: how, and which one.
    private short[] laces = new short[1024];
    private long shownFromNanos = Long.MAX_VALUE;

    StoredBlocks(TrackEntry entry, FileWindow frames) {
        this.entry = entry;
        this.frames = frames;
        end = new TrackEnd(entry.codec().orElseThrow());
    }

    /// Takes the block at which the cursor stands.
    void add(FileWindow file, BlockCursor block, long nanos) throws IOException {
        if (!block.hidden()) {
            shownFromNanos = Math.min(shownFromNanos, Math.max(0, nanos));
        }
        if (block.lacing() == Lacing.NONE) {
            Bytes head = file.bytes(block.contentAt(), Math.min(TrackEnd.HEAD_BYTES, block.contentBytes()));
            add(block, nanos, 0, head, block.contentBytes());
            return;
        }
        List<Bytes> laced = Lacing.frames(block.lacing(), file.bytes(block.contentAt(), block.contentBytes()));
        long at = nanos;
        for (int i = 0; i < laced.size(); i++) {
            Bytes frame = laced.get(i);
            add(block, at, i << Byte.SIZE | block.lacing(), frame, frame.length());
            // RFC 9559 10.3: only the first one's time is said.
            at = Math.max(at, end.endNanos());
        }
    }

    private void add(BlockCursor block, long nanos, int lace, Bytes head, int bytes) {
        if (count == ptsNanos.length) {
            contentAt = Arrays.copyOf(contentAt, 2 * count);
            contentBytes = Arrays.copyOf(contentBytes, 2 * count);
            ptsNanos = Arrays.copyOf(ptsNanos, 2 * count);
            laces = Arrays.copyOf(laces, 2 * count);
        }
        contentAt[count] = block.contentAt();
        contentBytes[count] = block.contentBytes();
        ptsNanos[count] = nanos;
        laces[count] = (short) lace;
        sync.set(count, block.keyframe());
        count++;
        end.add(nanos, head, bytes);
    }

    /// When all are there. Blocks only say when a frame is shown: at the latest it is decoded before any of those that
    /// are stored behind it is shown.
    void order() {
        // Sound is in order, but for stamps that were rounded.
        dtsNanos = entry.video() ? Arrays.copyOf(ptsNanos, count) : ptsNanos;
        for (int i = count - 2; i >= 0; i--) {
            dtsNanos[i] = Math.min(dtsNanos[i], dtsNanos[i + 1]);
        }
    }

    /// Before it there is only what others need to be decoded.
    long shownFromNanos() {
        return shownFromNanos;
    }

    /// Not before [#shownFromNanos].
    long endNanos() {
        return Math.max(shownFromNanos, end.endNanos());
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public boolean isSync(int sample) {
        return sync.get(sample);
    }

    @Override
    public long dtsNanos(int sample) {
        return dtsNanos[sample];
    }

    @Override
    public long ptsNanos(int sample) {
        return ptsNanos[sample];
    }

    @Override
    public Bytes data(int sample) throws IOException {
        Bytes content = frames.bytes(contentAt[sample], contentBytes[sample]);
        int lace = laces[sample] & 0xFFFF;
        return Lacing.frames(lace & 0xFF, content).get(lace >> Byte.SIZE);
    }

    @Override
    public CodedTrack coded() {
        return Objects.requireNonNull(entry.coded(entry.number()), "of a codec that is known");
    }
}
