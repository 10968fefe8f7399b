package tapedeck.protocol.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.PiecesOutput;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// A transport stream in memory, in pieces that begin with the tables. Used from one thread.
final class TsPieces {
    private final PiecesOutput written = new PiecesOutput();
    private final Muxer muxer;

    /// @param tracks those that MPEG-TS does not have are left out
    TsPieces(List<Track> tracks, String title, Instant startedAt) {
        List<Track> carried = tracks.stream()
                .filter(track -> Container.TS.canCarry(track.codec()))
                .toList();
        try {
            muxer = Container.TS.muxer(written, carried, new MuxerOptions(startedAt, 0, title));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean carries(Track track) {
        return muxer.carries(track);
    }

    /// Adds a frame of a track that it [#carries].
    void write(Frame frame) {
        try {
            muxer.write(frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// All that was written since the last piece.
    Bytes take() {
        try {
            muxer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Bytes> taken = written.take();
        if (taken.size() == 1) {
            return taken.getFirst();
        }
        ByteWriter all = new ByteWriter(taken.stream().mapToInt(Bytes::length).sum());
        taken.forEach(all::bytes);
        return all.handOver();
    }
}
