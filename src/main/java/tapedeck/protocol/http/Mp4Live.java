package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Tally;

/// Fragmented MP4 without an end. A track that changes, or one that comes later, needs another initialization segment,
/// which no player takes in the middle: it has to begin anew.
final class Mp4Live implements LiveMuxer {
    private final LiveFragments fragments;
    private final Part.Entry begins;
    private final List<Part> parts = new ArrayList<>();
    private long dtsNanos;
    private Tally carried = new Tally();
    private Part.@Nullable Entry entry;

    Mp4Live(List<Track> tracks, String title, Instant startedAt) {
        fragments = new LiveFragments(tracks, title, startedAt);
        begins = new Part.Entry(fragments.init(), Bytes.EMPTY);
    }

    @Override
    public boolean write(Item.Media media) {
        Frame frame = media.frame();
        if (!fragments.carries(frame.track())) {
            return false;
        }
        boolean entryPoint = media.entryPoint() && (frame.track().isVideo() || carried.frames() == 0);
        if (entryPoint) {
            cut();
        }
        if (carried.frames() == 0) {
            dtsNanos = frame.dtsNanos();
            entry = entryPoint ? begins : null;
        }
        fragments.write(frame);
        carried.add(frame);
        return true;
    }

    private void cut() {
        if (carried.frames() > 0) {
            Bytes data = fragments.fragment();
            if (!data.isEmpty()) {
                parts.add(new Part(data, dtsNanos, carried, entry));
            }
            carried = new Tally();
            entry = null;
        }
    }

    @Override
    public List<Part> take() {
        cut();
        List<Part> taken = List.copyOf(parts);
        parts.clear();
        return taken;
    }
}
