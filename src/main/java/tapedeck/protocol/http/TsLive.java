package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Tally;

/// A transport stream without an end. Every part begins with the tables, so whoever begins needs nothing before it.
final class TsLive implements LiveMuxer {
    private static final Part.Entry ENTRY = new Part.Entry(Bytes.EMPTY, Bytes.EMPTY);

    private final TsPieces pieces;
    private final List<Part> parts = new ArrayList<>();
    private long dtsNanos;
    private Tally carried = new Tally();
    private Part.@Nullable Entry entry;

    TsLive(List<Track> tracks, String title, Instant startedAt) {
        pieces = new TsPieces(tracks, title, startedAt);
    }

    @Override
    public boolean write(Item.Media media) {
        Frame frame = media.frame();
        if (!Container.TS.canCarry(frame.track().codec())) {
            return true;
        }
        if (!pieces.carries(frame.track())) {
            return false;
        }
        boolean begins = media.entryPoint() && (frame.track().isVideo() || carried.frames() == 0);
        if (begins) {
            cut();
        }
        if (carried.frames() == 0) {
            dtsNanos = frame.dtsNanos();
            entry = begins ? ENTRY : null;
        }
        pieces.write(frame);
        carried.add(frame);
        return true;
    }

    private void cut() {
        if (carried.frames() > 0) {
            Bytes data = pieces.take();
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
