package tapedeck.protocol.http;

import java.time.Instant;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;

/// A transport stream without an end. Every part begins with the tables, so whoever begins needs nothing before it.
final class TsLive implements LiveMuxer {
    private static final Part.Entry ENTRY = new Part.Entry(Bytes.EMPTY, Bytes.EMPTY);

    private final TsPieces pieces;
    private final PartGatherer parts;

    TsLive(List<Track> tracks, String title, Instant startedAt) {
        pieces = new TsPieces(tracks, title, startedAt);
        parts = new PartGatherer(pieces::take);
    }

    @Override
    public boolean write(Item.Media media) {
        Frame frame = media.frame();
        if (!Container.TS.canCarry(frame.track().codec())) {
            return frame.track().isAudio();
        }
        if (!pieces.carries(frame.track())) {
            return false;
        }
        boolean begins = parts.begins(media);
        if (begins) {
            parts.cut();
        }
        parts.add(frame, begins ? ENTRY : null);
        pieces.write(frame);
        return true;
    }

    @Override
    public List<Part> take() {
        return parts.take();
    }
}
