package tapedeck.protocol.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.container.mp4.MovieFrames;
import tapedeck.media.Frame;
import tapedeck.relay.PullControls;

/// One file that is played, from its beginning to its end or wherever somebody sends it.
final class FilePlay implements PullControls {
    private static final int READ_BYTES = 64 * 1024;
    private static final long NOWHERE = -1;

    private final FileChannel channel;
    private final Outlet outlet;

    // Guarded by this.
    private boolean paused;
    private long wantedNanos = NOWHERE;

    FilePlay(FileChannel channel, Outlet outlet) {
        this.channel = channel;
        this.outlet = outlet;
    }

    @Override
    public synchronized void pause() {
        paused = true;
    }

    @Override
    public synchronized void play() {
        paused = false;
        notifyAll();
    }

    @Override
    public synchronized void seek(long nanos) {
        wantedNanos = Math.max(0, nanos);
        notifyAll();
    }

    /// Waits while it is paused. Returns where to go, or [#NOWHERE].
    private synchronized long told() throws InterruptedException {
        boolean waited = false;
        while (paused && wantedNanos < 0) {
            waited = true;
            wait();
        }
        if (waited) {
            outlet.again();
        }
        long wanted = wantedNanos;
        wantedNanos = NOWHERE;
        return wanted;
    }

    /// To the end of the file.
    void run() throws IOException, InterruptedException {
        Bytes first = read(0);
        if (FragmentDemuxer.matches(first)) {
            indexed();
            return;
        }
        long from = 0;
        while (from != NOWHERE) {
            from = read(first, from);
        }
    }

    /// MP4 knows where everything is.
    private void indexed() throws IOException, InterruptedException {
        MovieFrames frames = MovieFrames.open(channel);
        frames.tracks().forEach(outlet::track);
        for (Frame frame = frames.next(); frame != null; frame = frames.next()) {
            long wanted = told();
            if (wanted == NOWHERE) {
                outlet.frame(frame);
                outlet.drain();
            } else {
                frames.seek(wanted);
                outlet.again();
            }
        }
    }

    /// The others are read from the beginning, and what is before is passed over.
    ///
    /// @return where to begin anew, or [#NOWHERE] at the end
    private long read(Bytes first, long from) throws IOException, InterruptedException {
        SourceReader reader = SourceReader.of(first, outlet);
        if (reader == null) {
            throw FilePull.refused("the file is neither MP4, Matroska, MPEG-TS nor FLV");
        }
        if (from > 0) {
            outlet.skipTo(from);
        }
        long at = 0;
        for (Bytes bytes = first; !bytes.isEmpty(); bytes = read(at)) {
            long wanted = told();
            if (wanted != NOWHERE) {
                outlet.drop();
                outlet.again();
                return wanted;
            }
            at += bytes.length();
            reader.receive(bytes);
            outlet.drain();
        }
        reader.end();
        outlet.drain();
        return NOWHERE;
    }

    private Bytes read(long at) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
        int count = channel.read(buffer, at);
        return count <= 0 ? Bytes.EMPTY : Bytes.wrap(buffer.array(), 0, count);
    }
}
