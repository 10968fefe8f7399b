package tapedeck.protocol.http;

import java.time.Instant;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;

/// Fragmented MP4 without an end. A track that changes, or one that comes later, needs another initialization segment,
/// which no player takes in the middle: it has to begin anew.
final class Mp4Live implements LiveMuxer {
    private final LiveFragments fragments;
    private final Part.Entry begins;
    private final PartGatherer parts;

    Mp4Live(List<Track> tracks, String title, Instant startedAt) {
        fragments = new LiveFragments(tracks, title, startedAt);
        parts = new PartGatherer(fragments::fragment);
        begins = new Part.Entry(fragments.init(), Bytes.EMPTY);
    }

    @Override
    public boolean write(Item.Media media) {
        Frame frame = media.frame();
        if (!fragments.carries(frame.track())) {
            // Sound that MP4 does not have was left out from the beginning on.
            return frame.track().isAudio()
                    && !LiveFragments.canCarry(frame.track().codec());
        }
        boolean entryPoint = parts.begins(media);
        if (entryPoint) {
            parts.cut();
        }
        parts.add(frame, entryPoint ? begins : null);
        fragments.write(frame);
        return true;
    }

    @Override
    public List<Part> take() {
        return parts.take();
    }
}
