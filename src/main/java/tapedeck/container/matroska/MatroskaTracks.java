package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Codec;

/// What tracks a Matroska file has, whose they are, when each of them is there, and what it says of what happened, as
/// far as it was written: of a recording of many streams, finished or not, and of any other.
public final class MatroskaTracks {
    /// What is read of notes at most.
    static final int MAX_NOTE_BYTES = 64 << 20;

    private static final int WINDOW_BYTES = 1 << 16;
    private static final int MAGIC_BYTES = 4;
    private static final int CUE_HEAD_BYTES = 2;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final FileWindow file;
    private final FileHead head;
    private final BlockCursor cursor;

    private MatroskaTracks(FileChannel channel) throws IOException {
        file = new FileWindow(channel, WINDOW_BYTES);
        head = FileHead.read(file);
        cursor = head.blocks(file);
    }

    /// Whether it begins as such a file does.
    public static boolean isMatroska(FileChannel channel) throws IOException {
        return channel.size() >= MAGIC_BYTES
                && new FileWindow(channel, WINDOW_BYTES).bytes(0, MAGIC_BYTES).i32(0) == ElementId.EBML;
    }

    /// The tracks of codecs that we know: those of each stream together, sound first.
    ///
    /// @throws MalformedException if it is no such file
    public static List<DescribedTrack> of(FileChannel channel) throws IOException {
        MatroskaTracks tracks = new MatroskaTracks(channel);
        Map<Integer, Line> lines = new TreeMap<>();
        for (TrackEntry entry : tracks.head.tracks()) {
            entry.codec().ifPresent(codec -> lines.put(entry.number(), new Line(entry, codec)));
        }
        while (tracks.cursor.advance()) {
            Line line = lines.get(tracks.cursor.trackNumber());
            if (line != null && !tracks.cursor.hidden()) {
                long ticks = tracks.cursor.ticks() - tracks.head.delayTicks(line.entry);
                line.add(ticks * tracks.head.scaleNanos());
            }
        }
        List<DescribedTrack> all = new ArrayList<>();
        lines.values().forEach(line -> all.add(line.described(tracks.head)));
        all.sort(DescribedTrack.BY_STREAM);
        return all;
    }

    /// What happened, each time a JSON object, in the order of time.
    ///
    /// @throws MalformedException if it is no such file, or says too much
    public static List<Bytes> notes(FileChannel channel) throws IOException {
        MatroskaTracks tracks = new MatroskaTracks(channel);
        List<Integer> numbers = tracks.head.tracks().stream()
                .filter(entry -> entry.codecId().equals(TrackEntry.NOTES_ID))
                .map(TrackEntry::number)
                .toList();
        List<Bytes> notes = new ArrayList<>();
        long bytes = 0;
        while (!numbers.isEmpty() && tracks.cursor.advance()) {
            int length = tracks.cursor.contentBytes() - CUE_HEAD_BYTES;
            if (numbers.contains(tracks.cursor.trackNumber()) && length > 0) {
                bytes += length;
                if (bytes > MAX_NOTE_BYTES) {
                    throw new MalformedException("more than %d bytes of notes".formatted(MAX_NOTE_BYTES));
                }
                notes.add(tracks.file.bytes(tracks.cursor.contentAt() + CUE_HEAD_BYTES, length));
            }
        }
        return notes;
    }

    /// A track on its way through the file.
    private static final class Line {
        private final TrackEntry entry;
        private final Codec codec;
        private final List<Segment> segments = new ArrayList<>();
        private long beginNanos = -1;
        /// The two latest, because pictures do not come in the order in which they are shown.
        private long lastNanos;

        private long beforeNanos;

        Line(TrackEntry entry, Codec codec) {
            this.entry = entry;
            this.codec = codec;
        }

        void add(long nanos) {
            if (beginNanos >= 0 && nanos - lastNanos > DescribedTrack.HOLE_NANOS) {
                close();
                beginNanos = -1;
            }
            if (beginNanos < 0) {
                beginNanos = Math.max(0, nanos);
                lastNanos = beginNanos;
                beforeNanos = beginNanos;
            } else if (nanos > lastNanos) {
                beforeNanos = lastNanos;
                lastNanos = nanos;
            } else if (nanos > beforeNanos && nanos < lastNanos) {
                beforeNanos = nanos;
            }
        }

        private void close() {
            Segment.append(segments, beginNanos, 2 * lastNanos - beforeNanos);
        }

        DescribedTrack described(FileHead head) {
            if (beginNanos >= 0) {
                close();
            }
            TrackIdentity identity =
                    new TrackIdentity(entry.name(), head.sessions().getOrDefault(entry.uid(), ""));
            return new DescribedTrack(
                    entry.number(), identity, codec, entry.codecId(), NANOS_PER_SECOND / head.scaleNanos(), segments);
        }
    }
}
