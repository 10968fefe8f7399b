package tapedeck.peers;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.protocol.webrtc.WhipClient;

/// Sends something at the speed of its timestamps, until it is stopped or the server goes away, and remembers how
/// far it came.
public abstract class LiveSender implements Runnable {
    private final long startNanos;
    private volatile long sentNanos;
    private volatile boolean stopped;

    protected LiveSender(long startNanos) {
        this.startNanos = startNanos;
    }

    /// The media time of the newest frame that left, from the first one on.
    public final long sentNanos() {
        return sentNanos;
    }

    public final void stop() {
        stopped = true;
    }

    /// Waits until a frame of this media time is due; false when the sender was stopped meanwhile.
    protected final boolean awaitDue(long mediaNanos) throws InterruptedException {
        long wait = startNanos + mediaNanos - System.nanoTime();
        if (wait > 0) {
            TimeUnit.NANOSECONDS.sleep(wait);
        }
        return !stopped;
    }

    /// Sends all of it, as far as [#awaitDue] lets it.
    protected abstract void send() throws IOException, InterruptedException;

    @Override
    public final void run() {
        try {
            send();
        } catch (IOException e) {
            // The server was killed, which is what these tests do.
            stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Puts a frame on its way.
    private interface Way {
        void send(Frame frame) throws IOException;
    }

    final void send(List<Frame> frames, Way way) throws IOException, InterruptedException {
        for (Frame frame : frames) {
            if (!awaitDue(frame.dtsNanos())) {
                return;
            }
            way.send(frame);
            if (frame.track().isVideo()) {
                sent(frame.dtsNanos());
            }
        }
    }

    protected final void sent(long mediaNanos) {
        sentNanos = Math.max(sentNanos, mediaNanos);
    }

    /// An RTMP publisher.
    public static final class OfRtmp extends LiveSender {
        private final RtmpClient client;
        private final List<FlvFile.Tag> tags;

        public OfRtmp(RtmpClient client, List<FlvFile.Tag> tags, long startNanos) {
            super(startNanos);
            this.client = client;
            this.tags = tags;
        }

        @Override
        protected void send() throws IOException, InterruptedException {
            for (FlvFile.Tag tag : tags) {
                long mediaNanos = tag.timestampMillis() * 1_000_000L;
                if (!awaitDue(mediaNanos)) {
                    return;
                }
                client.send(tag);
                sent(mediaNanos);
            }
        }
    }

    /// A WHIP publisher. The first keyframe counts as time 0, as it does for a recording.
    public static final class OfWhip extends LiveSender {
        private final WhipClient client;
        private final List<Frame> frames;

        public OfWhip(WhipClient client, List<Frame> frames, long startNanos) {
            super(startNanos);
            this.client = client;
            this.frames = frames;
        }

        @Override
        protected void send() throws IOException, InterruptedException {
            send(frames, client::send);
        }
    }

    /// An RTSP publisher over one connection.
    public static final class OfRtsp extends LiveSender {
        private final RtspClient client;
        private final List<Frame> frames;

        public OfRtsp(RtspClient client, List<Frame> frames, long startNanos) {
            super(startNanos);
            this.client = client;
            this.frames = frames;
        }

        @Override
        protected void send() throws IOException, InterruptedException {
            List<Track> tracks = TestMedia.tracks(frames);
            client.reportBeginning(tracks);
            send(frames, frame -> client.send(tracks, List.of(frame)));
        }
    }

    /// A publisher of a transport stream over TCP.
    public static final class OfTs extends LiveSender {
        private final Socket socket;
        private final List<byte[]> pieces;
        private final long pictureNanos;

        /// @param pieces of [TsPieces]
        public OfTs(Socket socket, List<byte[]> pieces, long pictureNanos, long startNanos) {
            super(startNanos);
            this.socket = socket;
            this.pieces = pieces;
            this.pictureNanos = pictureNanos;
        }

        @Override
        protected void send() throws IOException, InterruptedException {
            for (int i = 0; i < pieces.size(); i++) {
                if (!awaitDue(i * pictureNanos)) {
                    return;
                }
                socket.getOutputStream().write(pieces.get(i));
                sent(i * pictureNanos);
            }
        }
    }
}
