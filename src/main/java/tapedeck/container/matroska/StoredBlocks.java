package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import tapedeck.bytes.Bytes;
import tapedeck.container.CodedTrack;
import tapedeck.container.FileLine;

/// Where the frames of one track stand in a file.
final class StoredBlocks implements FileLine.Samples {
    private static final int FRAME_WINDOW_BYTES = 64;

    private final TrackEntry entry;
    private final FileChannel file;
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

    StoredBlocks(TrackEntry entry, FileChannel file) {
        this.entry = entry;
        this.file = file;
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

    int count() {
        return count;
    }

    @Override
    public FileLine.Walk open() throws IOException {
        // So small that a frame is read by itself.
        return new Walk(new FileWindow(file, FRAME_WINDOW_BYTES));
    }

    private final class Walk implements FileLine.Walk {
        private final FileWindow frames;
        private int at = -1;

        private Walk(FileWindow frames) {
            this.frames = frames;
        }

        @Override
        public boolean next() {
            return ++at < count;
        }

        @Override
        public boolean isSync() {
            return sync.get(at);
        }

        @Override
        public long dtsNanos() {
            return dtsNanos[at];
        }

        @Override
        public long ptsNanos() {
            return ptsNanos[at];
        }

        @Override
        public Bytes data() throws IOException {
            Bytes content = frames.bytes(contentAt[at], contentBytes[at]);
            int lace = laces[at] & 0xFFFF;
            return Lacing.frames(lace & 0xFF, content).get(lace >> Byte.SIZE);
        }
    }

    @Override
    public CodedTrack coded() {
        return Objects.requireNonNull(entry.coded(entry.number()), "of a codec that is known");
    }
}
