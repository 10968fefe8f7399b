package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.CodedTrack;
import tapedeck.container.FileLine;

/// Where the frames of one track stand in a file.
final class StoredBlocks implements FileLine.Samples {
    /// Twice as many pictures as any codec of ours may hold back (ITU-T H.264 A.3.1: max_dec_frame_buffering 16).
    static final int MAX_REORDERED = 32;

    private static final int FRAME_WINDOW_BYTES = 64;

    private final TrackEntry entry;
    private final FileChannel file;
    private final TrackEnd end;
    private final PackedFrames frames;
    private long shownFromNanos = Long.MAX_VALUE;

    /// @param unitNanos of the times in the file
    StoredBlocks(TrackEntry entry, FileChannel file, long unitNanos) {
        frames = new PackedFrames(unitNanos);
        this.entry = entry;
        this.file = file;
        end = new TrackEnd(entry.codec().orElseThrow());
    }

    /// Takes the block at which the cursor stands.
    ///
    /// @return how many bytes of memory that took
    int add(FileWindow file, BlockCursor block, long nanos) throws IOException {
        if (!block.hidden()) {
            shownFromNanos = Math.min(shownFromNanos, Math.max(0, nanos));
        }
        if (block.lacing() == Lacing.NONE) {
            Bytes head = file.bytes(block.contentAt(), Math.min(TrackEnd.HEAD_BYTES, block.contentBytes()));
            return add(block, nanos, 0, head, block.contentBytes());
        }
        List<Bytes> laced = Lacing.frames(block.lacing(), file.bytes(block.contentAt(), block.contentBytes()));
        long at = nanos;
        int grown = 0;
        for (int i = 0; i < laced.size(); i++) {
            Bytes frame = laced.get(i);
            grown += add(block, at, i << Byte.SIZE | block.lacing(), frame, frame.length());
            // RFC 9559 10.3: only the first one's time is said.
            at = Math.max(at, end.endNanos());
        }
        return grown;
    }

    private int add(BlockCursor block, long nanos, int lace, Bytes head, int bytes) {
        end.add(nanos, head, bytes);
        return frames.add(
                new PackedFrames.Frame(block.contentAt(), block.contentBytes(), lace, nanos, block.keyframe()));
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
        return frames.count();
    }

    @Override
    public FileLine.Walk open() throws IOException {
        // So small that a frame is read by itself.
        return new Walk(new FileWindow(file, FRAME_WINDOW_BYTES));
    }

    /// Blocks only say when a frame is shown: at the latest it is decoded before any of those that are stored behind it
    /// is shown. As many are looked at as may be reordered.
    private final class Walk implements FileLine.Walk {
        private final FileWindow window;
        private final PackedFrames.Reader reader = frames.open();
        private final Deque<PackedFrames.Frame> ahead = new ArrayDeque<>();
        private long ptsNanos;
        private long dtsNanos;
        private PackedFrames.@Nullable Frame current;

        private Walk(FileWindow window) {
            this.window = window;
        }

        @Override
        public boolean next() {
            while (ahead.size() <= MAX_REORDERED && reader.hasNext()) {
                ahead.add(reader.next());
            }
            PackedFrames.Frame next = ahead.peek();
            if (next == null) {
                return false;
            }
            long earliest = Long.MAX_VALUE;
            for (PackedFrames.Frame frame : ahead) {
                earliest = Math.min(earliest, frame.ptsNanos());
            }
            ahead.remove();
            current = next;
            dtsNanos = earliest;
            // Sound is in order, but for stamps that were rounded.
            ptsNanos = entry.video() ? next.ptsNanos() : earliest;
            return true;
        }

        private PackedFrames.Frame current() {
            return Objects.requireNonNull(current, "no frame yet");
        }

        @Override
        public boolean isSync() {
            return current().sync();
        }

        @Override
        public long dtsNanos() {
            return dtsNanos;
        }

        @Override
        public long ptsNanos() {
            return ptsNanos;
        }

        @Override
        public Bytes data() throws IOException {
            PackedFrames.Frame frame = current();
            Bytes content = window.bytes(frame.contentAt(), frame.contentBytes());
            return Lacing.frames(frame.lace() & 0xFF, content).get(frame.lace() >> Byte.SIZE);
        }
    }

    @Override
    public CodedTrack coded() {
        return Objects.requireNonNull(entry.coded(entry.number()), "of a codec that is known");
    }
}
