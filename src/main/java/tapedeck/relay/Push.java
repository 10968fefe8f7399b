package tapedeck.relay;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Track;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;
import tapedeck.stream.Tally;

/// Sends: whatever is published under one name, as often as it is.
final class Push implements RelayWork {
    private final PushClient client;
    private final Streams streams;
    private final StreamName name;
    private final Relay relay;

    // Guarded by this.
    private @Nullable Stream sent;
    private @Nullable Reader reader;
    /// By the connections that are over.
    private final Tally sentBefore = new Tally();

    private final Tally droppedBefore = new Tally();

    Push(PushClient client, Streams streams, StreamName name, Relay relay) {
        this.client = client;
        this.streams = streams;
        this.name = name;
        this.relay = relay;
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
        return RelayReport.Direction.PUSH;
    }

    /// A stream appeared.
    synchronized void published(StreamName appeared) {
        if (appeared.equals(name)) {
            notifyAll();
        }
    }

    @Override
    public synchronized boolean awaitReason() throws InterruptedException {
        while (streams.find(name).isEmpty()) {
            if (!relay.isConfigured()) {
                return false;
            }
            relay.waits("nobody publishes \"%s\"".formatted(name));
            wait();
        }
        return true;
    }

    @Override
    public void connect(RelayTarget target) throws IOException, InterruptedException {
        Optional<Stream> stream = streams.find(name);
        if (stream.isEmpty()) {
            return;
        }
        Line line = new Line(stream.get());
        synchronized (this) {
            sent = stream.get();
        }
        try {
            client.push(target, line);
        } finally {
            line.close();
        }
    }

    @Override
    public long idle(long nowNanos) {
        return Long.MAX_VALUE;
    }

    @Override
    public synchronized String mediaSessionId() {
        return sent == null ? "" : sent.mediaSessionId();
    }

    @Override
    public List<SessionReport.TrackReport> tracks() {
        Stream now;
        synchronized (this) {
            now = sent;
        }
        if (now == null) {
            return List.of();
        }
        // The stream's lock comes before those of this and of its readers.
        List<Track> tracks = now.tracks();
        synchronized (this) {
            if (reader == null) {
                return List.of();
            }
            Tally queued = reader.queued();
            queued.add(sentBefore);
            Tally dropped = reader.dropped();
            dropped.add(droppedBefore);
            return queued.reports(tracks, dropped);
        }
    }

    @Override
    public void close(String reason) {}

    private final class Line implements PushSource {
        private final Stream stream;

        Line(Stream stream) {
            this.stream = stream;
        }

        @Override
        public Stream stream() {
            return stream;
        }

        @Override
        public Reader subscribe(Runnable wake) {
            Reader opened = stream.subscribe(ReaderOptions.viewer(relay.toString(), wake));
            synchronized (Push.this) {
                reader = opened;
            }
            return opened;
        }

        @Override
        public void leavesOut(String why) {
            relay.leavesOut(why);
        }

        @Override
        public void accepted() {
            relay.active();
        }

        void close() {
            @Nullable Reader open;
            synchronized (Push.this) {
                open = reader;
                reader = null;
                sent = null;
                if (open != null) {
                    sentBefore.add(open.queued());
                    droppedBefore.add(open.dropped());
                }
            }
            if (open != null) {
                open.close();
            }
        }
    }
}
