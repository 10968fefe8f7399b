package tapedeck.protocol.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.StoredBytes;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.container.mp4.MovieFrames;
import tapedeck.media.Frame;
import tapedeck.relay.RelayRefusedException;

/// One file that is played, from its beginning to its end or wherever somebody sends it; of this machine or another.
final class FilePlay {
    /// A file that has so many bytes in a row without a picture or a sound is not worth the rest.
    static final int MAX_SILENT_BYTES = 64 << 20;

    private static final int READ_BYTES = 64 * 1024;

    /// Where the bytes are.
    enum Place {
        /// A look here and there costs next to nothing, and who put them there is trusted with an index of four days.
        HERE(256 << 20),
        /// 16 hours.
        ELSEWHERE(16 << 20);

        final int mostIndexBytes;

        Place(int mostIndexBytes) {
            this.mostIndexBytes = mostIndexBytes;
        }
    }

    private final StoredBytes stored;
    private final Place place;
    private final Outlet outlet;

    FilePlay(StoredBytes stored, Place place, Outlet outlet) {
        this.stored = stored;
        this.place = place;
        this.outlet = outlet;
    }

    /// Once, or again and again.
    ///
    /// @throws RelayRefusedException if it is no file that can be played, which will not change
    void run(boolean loop) throws IOException, InterruptedException {
        try {
            do {
                round();
                if (outlet.frames() == 0) {
                    throw FilePull.refused("the file has nothing that can be carried");
                }
                outlet.nextRound();
            } while (loop);
        } catch (MalformedException e) {
            throw FilePull.refused(String.valueOf(e.getMessage()));
        }
    }

    private void round() throws IOException, InterruptedException {
        Bytes first = read(0);
        // What is told fragment by fragment would be asked for as many times, of a server.
        if (FragmentDemuxer.matches(first)
                && (place == Place.HERE || !MovieFrames.isFragmented(stored, place.mostIndexBytes))) {
            indexed();
            return;
        }
        long from = 0;
        while (from != Playhead.NOWHERE) {
            from = read(first, from);
        }
    }

    /// MP4 knows where everything is.
    private void indexed() throws IOException, InterruptedException {
        MovieFrames frames = MovieFrames.open(stored, place.mostIndexBytes);
        frames.tracks().forEach(outlet::track);
        for (Frame frame = frames.next(); frame != null; frame = frames.next()) {
            outlet.frame(frame);
            outlet.drain();
            long wanted = outlet.moved();
            if (wanted != Playhead.NOWHERE) {
                frames.seek(wanted);
            }
        }
    }

    /// The others are read from the beginning, and what is before is passed over.
    ///
    /// @return where to begin anew, or [Playhead#NOWHERE] at the end
    private long read(Bytes first, long from) throws IOException, InterruptedException {
        SourceReader reader = SourceReader.of(first, outlet);
        if (reader == null) {
            throw FilePull.refused("the file is neither MP4, Matroska, MPEG-TS nor FLV");
        }
        if (from > 0) {
            outlet.skipTo(from);
        }
        long at = 0;
        long frames = outlet.frames();
        long heardAt = 0;
        for (Bytes bytes = first; !bytes.isEmpty(); bytes = read(at)) {
            at += bytes.length();
            reader.receive(bytes);
            outlet.drain();
            long wanted = outlet.moved();
            if (wanted != Playhead.NOWHERE) {
                return wanted;
            }
            if (outlet.frames() > frames || outlet.isSkipping()) {
                frames = outlet.frames();
                heardAt = at;
            } else if (at - heardAt > MAX_SILENT_BYTES) {
                throw FilePull.refused("%d bytes without a picture or a sound".formatted(at - heardAt));
            }
        }
        reader.end();
        outlet.ended();
        outlet.drain();
        return outlet.moved();
    }

    private Bytes read(long at) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
        int count = stored.read(buffer, at);
        return count <= 0 ? Bytes.EMPTY : Bytes.wrap(buffer.array(), 0, count);
    }
}
