package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tapedeck.bytes.Bytes;
import tapedeck.media.Track;

/// Reads a Matroska or WebM file from its beginning: finished, growing or cut, ours or anybody's.
///
/// Positions in the file are given by its element sizes alone; SeekHead and Cues are not needed to read on.
public final class MatroskaReader {
    private static final int WINDOW_BYTES = 1 << 16;

    private final FileWindow file;
    private final FileHead head;
    private final BlockCursor cursor;
    private final Map<Integer, Long> delayTicks = new HashMap<>();
    private final Deque<MatroskaBlock> laced = new ArrayDeque<>();

    private MatroskaReader(FileWindow file, FileHead head) {
        this.file = file;
        this.head = head;
        cursor = head.blocks(file);
        for (TrackEntry entry : head.tracks()) {
            delayTicks.put(entry.number(), head.delayTicks(entry));
        }
    }

    /// @throws tapedeck.bytes.MalformedException if it is no such file
    public static MatroskaReader open(FileChannel channel) throws IOException {
        FileWindow file = new FileWindow(channel, WINDOW_BYTES);
        return new MatroskaReader(file, FileHead.read(file));
    }

    /// The tracks of codecs that this server knows.
    public List<Track> tracks() {
        return head.knownTracks();
    }

    /// What the file says of its duration.
    public OptionalLong durationNanos() {
        return head.durationTicks().isPresent()
                ? OptionalLong.of(Math.round(head.durationTicks().get() * head.scaleNanos()))
                : OptionalLong.empty();
    }

    /// The next frame of any track, also of one that [#tracks()] leaves out; empty at the end or where the file was
    /// cut.
    ///
    /// @throws tapedeck.bytes.MalformedException where the file contradicts itself
    public Optional<MatroskaBlock> next() throws IOException {
        if (!laced.isEmpty()) {
            return Optional.of(laced.remove());
        }
        if (!cursor.advance()) {
            return Optional.empty();
        }
        Bytes content = file.bytes(cursor.contentAt(), cursor.contentBytes());
        if (cursor.lacing() == Lacing.NONE) {
            return Optional.of(block(content));
        }
        for (Bytes frame : Lacing.frames(cursor.lacing(), content)) {
            laced.add(block(frame));
        }
        return Optional.of(laced.remove());
    }

    private MatroskaBlock block(Bytes data) {
        long delay = delayTicks.getOrDefault(cursor.trackNumber(), 0L);
        long ptsNanos = (cursor.ticks() - delay) * head.scaleNanos();
        return new MatroskaBlock(cursor.trackNumber(), ptsNanos, cursor.keyframe(), data);
    }

    /// Where the last frame ends, by looking at every block's header.
    long scanDurationNanos() throws IOException {
        return new PlayTime(head).scan(file, cursor);
    }
}
