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
    /// Whose places stay in memory: 24 hours of 60 pictures, and 200 frames of sound, a second.
    static final int MAX_BLOCKS = 24 * 3600 * 260;

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
        return of(channel, MAX_BLOCKS);
    }

    static FileLines of(FileChannel channel, int maxBlocks) throws IOException {
        FileWindow file = new FileWindow(channel, WINDOW_BYTES);
        FileHead head = FileHead.read(file);
        Map<Integer, Known> tracks = new LinkedHashMap<>();
        for (TrackEntry entry : head.tracks()) {
            if (entry.codec().isPresent()) {
                tracks.put(entry.number(), new Known(entry, entry.codec().get(), new StoredBlocks(entry, channel)));
            }
        }
        BlockCursor cursor = head.blocks(file);
        for (int blocks = 0; cursor.advance(); blocks++) {
            if (blocks == maxBlocks) {
                throw new MalformedException("more than %d blocks".formatted(maxBlocks));
            }
            Known track = tracks.get(cursor.trackNumber());
            if (track != null) {
                track.blocks().add(file, cursor, (cursor.ticks() - head.delayTicks(track.entry())) * head.scaleNanos());
            }
        }
        List<FileLine> lines = new ArrayList<>();
        for (Known track : tracks.values()) {
            if (track.blocks().count() > 0) {
                track.blocks().order();
                lines.addAll(track.lines(head));
            }
        }
        return new FileLines(head.createdAt(), lines);
    }
}
