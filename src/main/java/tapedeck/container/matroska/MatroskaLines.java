package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FileLine;
import tapedeck.container.FileLines;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Codec;

/// All tracks of a Matroska file on its time line: of a recording of many streams, and of any other.
public final class MatroskaLines {
    /// What share of the heap may hold where the frames of one file stand: in a server of 1 GiB those of six hours of
    /// ten people.
    static final int HEAP_SHARE = 8;

    private static final int WINDOW_BYTES = 1 << 16;

    private MatroskaLines() {}

    /// A track of a codec that we know.
    private record Known(TrackEntry entry, Codec codec, StoredBlocks blocks) {
        private List<FileLine> lines(FileHead head) throws IOException {
            TrackIdentity identity =
                    new TrackIdentity(entry.name(), head.sessions().getOrDefault(entry.uid(), ""));
            FileLine.Said said = new FileLine.Said(entry.number(), codec, identity, entry.rotationDegrees());
            return FileLine.of(said, blocks, blocks.shownFromNanos(), blocks.endNanos());
        }
    }

    /// @throws MalformedException if it is no such file, or contradicts itself
    public static FileLines of(FileChannel channel) throws IOException {
        return of(channel, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    }

    static FileLines of(FileChannel channel, long mostBytes) throws IOException {
        FileWindow file = new FileWindow(channel, WINDOW_BYTES);
        FileHead head = FileHead.read(file);
        Map<Integer, Known> tracks = new LinkedHashMap<>();
        for (TrackEntry entry : head.tracks()) {
            if (entry.codec().isPresent()) {
                tracks.put(
                        entry.number(),
                        new Known(entry, entry.codec().get(), new StoredBlocks(entry, channel, head.scaleNanos())));
            }
        }
        BlockCursor cursor = head.blocks(file);
        long bytes = 0;
        while (cursor.advance()) {
            Known track = tracks.get(cursor.trackNumber());
            if (track != null) {
                long nanos = (cursor.ticks() - head.delayTicks(track.entry())) * head.scaleNanos();
                bytes += track.blocks().add(file, cursor, nanos);
            }
            if (bytes > mostBytes) {
                throw new MalformedException(
                        "a Matroska too long: to know where its frames stand takes more than %d MiB, 1/%d of the heap"
                                .formatted(mostBytes >> 20, HEAP_SHARE));
            }
        }
        List<FileLine> lines = new ArrayList<>();
        for (Known track : tracks.values()) {
            if (track.blocks().count() > 0) {
                lines.addAll(track.lines(head));
            }
        }
        return new FileLines(head.createdAt(), lines);
    }
}
