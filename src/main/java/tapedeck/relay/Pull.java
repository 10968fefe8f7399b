package tapedeck.relay;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.SessionReport;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;
import tapedeck.stream.Tally;

/// Fetches: one stream that outlives the connections it comes over, up to [#holdNanos] without any.
final class Pull implements RelayWork {
    private final PullClient client;
    private final Streams streams;
    private final StreamName name;
    private final Publisher publisher;
    private final long holdNanos;
    private final Relay relay;
    private final Returning returning = new Returning();

    // Guarded by this, as the event loops of two connections in a row are not the same.
    private Timeline timeline = new Timeline();
    /// Into the publication.
    private Tally written = new Tally();

    private @Nullable Publication publication;
    private @Nullable Line line;
    private @Nullable PullControls controls;
    private @Nullable NameTakenException taken;
    private long lastMediaNanos;
    private boolean closed;

    /// @param address of the source, without password
    /// @param holdNanos how long the stream stays without a connection
    Pull(
            PullClient client,
            Streams streams,
            StreamName name,
            String address,
            Publisher.RecordWish recording,
            long holdNanos,
            Relay relay) {
        this.client = client;
        this.streams = streams;
        this.name = name;
        this.holdNanos = holdNanos;
        this.relay = relay;
        publisher = new Publisher(
                client.protocol(),
                address,
                relay.id(),
                Publisher.randomLogin(new Random()),
                recording,
                Publisher.Expects.UNKNOWN);
    }

    @Override
    public Set<String> schemes() {
        return client.schemes();
    }

    @Override
    public Publisher.Protocol protocol() {
        return client.protocol();
    }

    @Override
    public RelayReport.Direction direction() {
        return RelayReport.Direction.PULL;
    }

    @Override
    public boolean awaitReason() {
        return true;
    }

    @Override
    public void connect(RelayTarget target) throws IOException, InterruptedException {
        Line now = new Line();
        synchronized (this) {
            line = now;
            taken = null;
        }
        try {
            client.pull(target, now);
        } finally {
            returning.connection(Feedback.NONE);
            over();
        }
    }

    /// @throws IOException if it was we who interrupted the client, because it has no stream to put anything into
    private synchronized void over() throws IOException {
        line = null;
        controls = null;
        if (taken != null) {
            boolean _ = Thread.interrupted();
            throw new IOException(taken.getMessage(), taken);
        }
    }

    /// Null where the name was taken meanwhile.
    private @Nullable Publication open() {
        if (publication == null && taken == null && !closed) {
            try {
                publication = streams.publish(name, publisher, returning);
                lastMediaNanos = System.nanoTime();
                timeline = new Timeline();
                written = new Tally();
            } catch (NameTakenException e) {
                taken = e;
                relay.interruptConnection();
            }
        }
        return publication;
    }

    @Override
    public synchronized long idle(long nowNanos) {
        if (publication == null) {
            return Long.MAX_VALUE;
        }
        long leftNanos = lastMediaNanos + holdNanos - nowNanos;
        if (leftNanos > 0) {
            return leftNanos;
        }
        end("the source is gone");
        return Long.MAX_VALUE;
    }

    private void end(String reason) {
        if (publication != null) {
            publication.close(reason);
            publication = null;
        }
    }

    @Override
    public synchronized Optional<PullControls> controls() {
        return Optional.ofNullable(controls);
    }

    @Override
    public synchronized String mediaSessionId() {
        return publication == null ? "" : publication.stream().mediaSessionId();
    }

    @Override
    public List<SessionReport.TrackReport> tracks() {
        Publication now;
        Tally counted;
        synchronized (this) {
            now = publication;
            counted = written.copy();
        }
        if (now == null) {
            return List.of();
        }
        List<Track> tracks = now.stream().tracks();
        return counted.reports(tracks, Tally.ofUnknown(tracks, now.stream().missedFrames()));
    }

    @Override
    public synchronized void close(String reason) {
        closed = true;
        end(reason);
    }

    /// One connection's end of the sink.
    private final class Line implements PullSink {
        private final Set<Integer> begun = new HashSet<>();
        private boolean placed;

        @Override
        public void announce(Track track) {
            synchronized (Pull.this) {
                Publication out = out();
                if (out != null) {
                    out.announce(track);
                }
            }
        }

        @Override
        public void expect(Publisher.Expects expects) {
            synchronized (Pull.this) {
                Publication out = out();
                if (out != null) {
                    out.expect(expects);
                }
            }
        }

        @Override
        public void write(Frame frame) {
            synchronized (Pull.this) {
                Publication out = out();
                int id = frame.track().id();
                if (out == null || !begun.contains(id) && frame.track().isVideo() && !frame.keyframe()) {
                    return;
                }
                begun.add(id);
                if (!placed) {
                    placed = true;
                    long missing = timeline.place(frame, System.nanoTime());
                    if (missing > 0) {
                        out.missed(missing);
                    }
                    relay.active();
                }
                lastMediaNanos = System.nanoTime();
                written.add(frame);
                out.write(timeline.shifted(frame));
            }
        }

        @Override
        public void missed(long frames) {
            synchronized (Pull.this) {
                Publication out = out();
                if (out != null) {
                    out.missed(frames);
                }
            }
        }

        @Override
        public void controls(PullControls given) {
            synchronized (Pull.this) {
                controls = line == this ? given : null;
            }
        }

        @Override
        public void feedback(Feedback feedback) {
            synchronized (Pull.this) {
                if (line != this) {
                    return;
                }
            }
            returning.connection(feedback);
        }

        /// Null once this connection is over.
        private @Nullable Publication out() {
            return line == this ? open() : null;
        }
    }

    /// What flows back goes to the connection of the moment. Called under the stream's lock, so it takes no other.
    private final class Returning implements Feedback {
        private volatile Feedback connection = Feedback.NONE;
        private volatile boolean live;

        void connection(Feedback feedback) {
            connection = feedback;
            feedback.watched(live);
        }

        @Override
        public void requestKeyframe() {
            connection.requestKeyframe();
        }

        @Override
        public void watched(boolean now) {
            live = now;
            connection.watched(now);
        }

        @Override
        public void terminate(String reason) {
            relay.end(reason);
        }

        /// The relay is.
        @Override
        public boolean isPeer() {
            return false;
        }

        @Override
        public void message(Item.Message message) {
            connection.message(message);
        }
    }
}
