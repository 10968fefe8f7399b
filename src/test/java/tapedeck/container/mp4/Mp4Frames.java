package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import tapedeck.container.StoredBytes;
import tapedeck.media.Frame;

/// The frames of an MP4, for tests elsewhere.
public final class Mp4Frames {
    private static final int MAX_INDEX_BYTES = 256 << 20;

    private Mp4Frames() {}

    static Mp4Reader reader(FileChannel file) throws IOException {
        return Mp4Reader.open(StoredBytes.of(file), MAX_INDEX_BYTES);
    }

    /// Track by track, in decoding order; of codecs that we know.
    public static List<Frame> of(FileChannel file) throws IOException {
        Mp4Reader reader = reader(file);
        List<Frame> frames = new ArrayList<>();
        for (Mp4Reader.ReadTrack track : reader.tracks()) {
            for (int i = 0; track.codec() != null && i < track.samples().count(); i++) {
                frames.add(reader.frame(track, i));
            }
        }
        return frames;
    }
}
