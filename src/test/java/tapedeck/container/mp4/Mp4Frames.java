package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import tapedeck.media.Frame;

/// The frames of an MP4, for tests elsewhere.
public final class Mp4Frames {
    private Mp4Frames() {}

    /// Track by track, in decoding order; of codecs that we know.
    public static List<Frame> of(FileChannel file) throws IOException {
        Mp4Reader reader = Mp4Reader.open(file);
        List<Frame> frames = new ArrayList<>();
        for (Mp4Reader.ReadTrack track : reader.tracks()) {
            for (int i = 0; track.codec() != null && i < track.samples().count(); i++) {
                frames.add(reader.frame(track, i));
            }
        }
        return frames;
    }
}
