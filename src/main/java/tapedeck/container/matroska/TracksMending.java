package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.matroska.FileWindow.Element;

/// What a power cut can do to a [TracksPlace] where nothing was synced: of the new Tracks and the switch that
/// shows them only one is on disk. Then the half counts that is whole and names whoever has blocks.
final class TracksMending {
    private static final int WINDOW_BYTES = 4096;

    private final FileWindow file;
    private final long firstAt;

    private TracksMending(FileWindow file, long firstAt) {
        this.file = file;
        this.firstAt = firstAt;
    }

    /// A half with whole Tracks.
    ///
    /// @param tagsBytes what is inside its Tags
    /// @param clustersAt where the Void behind its Tracks says that the first cluster is
    private record Half(long at, int tagsBytes, long clustersAt, Set<Integer> tracks) {
        /// How the first eight bytes of the place name it.
        private Bytes header(long firstAt) {
            return at == firstAt ? Head.masterHeader(ElementId.TAGS, tagsBytes) : Head.reserve(at - firstAt);
        }
    }

    /// Leaves every other file, and one in which nothing is to be mended, as it is.
    static void mend(FileChannel channel) throws IOException {
        FileWindow file = new FileWindow(channel, WINDOW_BYTES);
        try {
            long at = place(file);
            if (at > 0) {
                new TracksMending(file, at).mendAt(channel);
            }
        } catch (MalformedException _) {
            // Whoever reads it next says so.
        }
    }

    /// Where a growing file has Tags or, behind a switch, a Void in place of Tracks; 0 for other files.
    private static long place(FileWindow file) throws IOException {
        Element segment = file.element(file.element(0).end());
        if (segment.id() != ElementId.SEGMENT || !segment.unknownSize()) {
            return 0;
        }
        Element info = file.element(file.element(segment.contentAt()).end());
        if (info.id() != ElementId.INFO || info.unknownSize()) {
            return 0;
        }
        long at = info.end() + Head.padding(info.end());
        int id = file.element(at).id();
        return id == ElementId.TAGS || id == ElementId.VOID ? at : 0;
    }

    private void mendAt(FileChannel channel) throws IOException {
        Bytes header = file.bytes(firstAt, Head.RESERVE_HEADER_BYTES);
        Half first = half(firstAt);
        Element now = file.element(firstAt);
        long secondAt = 0;
        if (now.id() == ElementId.VOID && now.contentAt() - now.at() == Head.RESERVE_HEADER_BYTES) {
            secondAt = now.end();
        } else if (first != null) {
            secondAt = firstAt + (first.clustersAt() - firstAt) / 2;
        }
        Half second = secondAt == 0 ? null : half(secondAt);
        Half better = better(header, first, second);
        if (better != null && !better.header(firstAt).equals(header)) {
            channel.write(better.header(firstAt).asByteBuffer(), firstAt);
            channel.force(true);
        }
    }

    private @Nullable Half better(Bytes header, @Nullable Half first, @Nullable Half second) throws IOException {
        if (first == null || second == null) {
            return first == null ? second : first;
        }
        boolean secondHasMore = second.tracks().size() > first.tracks().size();
        Half more = secondHasMore ? second : first;
        Half less = secondHasMore ? first : second;
        // New Tracks that were laid and not shown are those of a kill; nobody of them has written anything yet.
        boolean needed = !less.header(firstAt).equals(header) || !less.tracks().containsAll(written(less.clustersAt()));
        return needed ? more : less;
    }

    /// Who has blocks.
    private Set<Integer> written(long clustersAt) throws IOException {
        Set<Integer> numbers = new HashSet<>();
        BlockCursor blocks = new BlockCursor(file, clustersAt, file.size(), Head.TIMESTAMP_SCALE_NANOS);
        try {
            while (blocks.advance()) {
                numbers.add(blocks.trackNumber());
            }
        } catch (MalformedException _) {
            // As far as it goes.
        }
        return numbers;
    }

    /// What stands there, whatever its first eight bytes say; null if it is not whole.
    private @Nullable Half half(long at) throws IOException {
        try {
            long next = at + Head.RESERVE_HEADER_BYTES;
            Element element = file.element(next);
            while (element.id() == ElementId.TAG && !element.unknownSize()) {
                next = element.end();
                element = file.element(next);
            }
            if (element.id() != ElementId.TRACKS || element.size() > FileHead.MAX_MASTER_BYTES) {
                return null;
            }
            Bytes content = file.bytes(element.contentAt(), (int) element.size());
            Element behind = file.element(element.end() + Head.padding(element.end()));
            if (!EbmlWriter.isChecked(content)) {
                return null;
            }
            Set<Integer> tracks = new HashSet<>();
            for (EbmlReader.Child child : EbmlReader.children(content)) {
                if (child.id() == ElementId.TRACK_ENTRY) {
                    tracks.add(TrackEntry.parse(child.children()).number());
                }
            }
            return new Half(at, (int) (next - at - Head.RESERVE_HEADER_BYTES), behind.end(), tracks);
        } catch (MalformedException _) {
            return null;
        }
    }
}
