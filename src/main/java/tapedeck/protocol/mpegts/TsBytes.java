package tapedeck.protocol.mpegts;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.PiecesOutput;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Stream;

/// A stream as a transport stream, batch by batch; each begins with the tables.
final class TsBytes {
    private final Stream stream;
    private final PiecesOutput written = new PiecesOutput();
    private @Nullable Muxer muxer;

    /// @param tracks those that are known, of which others than a transport stream carries are left out
    TsBytes(Stream stream, List<Track> tracks) throws IOException {
        this.stream = stream;
        begin(tracks);
    }

    private void begin(List<Track> tracks) throws IOException {
        List<Track> carried = tracks.stream()
                .filter(track -> Container.TS.canCarry(track.codec()))
                .toList();
        muxer = carried.isEmpty()
                ? null
                : Container.TS.muxer(
                        written,
                        carried,
                        new MuxerOptions(stream.startedAt(), 0, stream.name().value()));
    }

    void write(Frame frame) throws IOException {
        if (!Container.TS.canCarry(frame.track().codec())) {
            return;
        }
        if (muxer == null || !muxer.carries(frame.track())) {
            // Another codec, or a track that came late: new tables, and what was gathered leaves before.
            if (muxer != null) {
                muxer.flush();
            }
            begin(stream.tracks());
        }
        if (muxer != null && muxer.carries(frame.track())) {
            muxer.write(frame);
        }
    }

    /// All that was written, as far as it can leave.
    List<Bytes> take() throws IOException {
        if (muxer != null) {
            muxer.flush();
        }
        return written.take();
    }
}
