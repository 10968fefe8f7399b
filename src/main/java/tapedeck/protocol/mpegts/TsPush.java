package tapedeck.protocol.mpegts;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.media.Carried;
import tapedeck.media.Track;
import tapedeck.net.EventLoops;
import tapedeck.relay.PushClient;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.Stream;

/// Sends a stream as a transport stream to `tcp://host:port`, or in datagrams to `udp://host:port`, which may be a
/// multicast group.
public final class TsPush implements PushClient {
    /// Frames are gathered for so long: every batch costs the tables.
    static final long BATCH_MILLIS = 100;
    private final EventLoops loops;

    public TsPush(EventLoops loops) {
        this.loops = loops;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("tcp", "udp");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.MPEGTS;
    }

    /// Where batches go.
    interface Way extends AutoCloseable {
        /// Blocks until they are on their way, as the way likes it.
        void send(List<Bytes> batch) throws IOException, InterruptedException;

        @Override
        void close();
    }

    @Override
    public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
        Stream stream = source.stream();
        List<Track> tracks = stream.awaitTracks();
        Carried carried = Carried.of(tracks, Container.TS::canCarry);
        if (!tracks.isEmpty() && !carried.isEnough()) {
            throw new RelayRefusedException("MPEG-TS cannot carry " + carried.missing());
        }
        source.sends(tracks.stream().map(Track::codec).toList(), "MPEG-TS", Container.TS::canCarry);
        Semaphore news = new Semaphore(0);
        try (Way way = target.scheme().equals("udp") ? new UdpWay(target) : new TcpWay(target, loops);
                Reader reader = source.subscribe(news::release)) {
            source.accepted();
            TsBytes bytes = new TsBytes(stream, tracks);
            List<Item> items = new ArrayList<>();
            while (true) {
                news.acquire();
                TimeUnit.MILLISECONDS.sleep(BATCH_MILLIS);
                news.drainPermits();
                reader.drainTo(items);
                boolean ended = false;
                for (Item item : items) {
                    switch (item) {
                        case Item.Media media -> bytes.write(media.frame());
                        case Item.Gap _, Item.Message _ -> {}
                        case Item.End _ -> ended = true;
                    }
                }
                items.clear();
                way.send(bytes.take());
                if (ended) {
                    return;
                }
            }
        }
    }
}
