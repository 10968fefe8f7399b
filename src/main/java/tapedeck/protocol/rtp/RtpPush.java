package tapedeck.protocol.rtp;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.EventLoops;
import tapedeck.net.udp.Datagrams;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.PushClient;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.Stream;

/// Sends streams by RTP to `rtp://HOST:PORT`, each track two ports behind the one before. Option `crypto`: the value of
/// an `a=crypto` line; then it is SRTP.
public final class RtpPush implements PushClient {
    static final String CRYPTO = "crypto";
    /// Nobody says what the network takes: 6 MB/s.
    static final int BURST_BYTES = 32 * 1024;

    static final long PACE_NANOS = 5_000_000L;
    static final long REPORT_NANOS = 5_000_000_000L;

    /// What the other side reports back is not needed.
    private static final Datagrams NOTHING = new Datagrams() {
        @Override
        public void received(boolean control, InetSocketAddress sender, Bytes datagram) {}

        @Override
        public void receivedAll() {}
    };

    private final EventLoops loops;
    private final PortPairs ports;

    public RtpPush(EventLoops loops, PortPairs ports) {
        this.loops = loops;
        this.ports = ports;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("rtp");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.RTP;
    }

    @Override
    public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
        Optional<CryptoLine> crypto = crypto(target.option(CRYPTO, ""));
        Stream stream = source.stream();
        // A description names them once and for all.
        List<Track> known = stream.awaitTracks();
        int port = target.address().getPort();
        if (port < 1 || port % 2 != 0) {
            throw new RelayRefusedException("rtp://HOST:PORT needs an even port");
        }
        List<SentTrack.Described> described = SentTrack.Described.of(known, port);
        if (described.isEmpty()) {
            throw new IOException("RTP carries nothing of \"%s\"".formatted(stream.name()));
        }
        List<Codec> carried = described.stream().map(one -> one.track().codec()).toList();
        source.sends(known.stream().map(Track::codec).toList(), "RTP", carried::contains);
        EventLoop loop = loops.group().next();
        InetAddress to = target.address().getAddress();
        List<SentTrack> tracks = new ArrayList<>();
        try {
            InetAddress local = to.isLoopbackAddress() ? to : new InetSocketAddress(0).getAddress();
            for (SentTrack.Described one : described) {
                tracks.add(on(loop, () -> new SentTrack(one, ports.open(loop, local, NOTHING), to, crypto)));
            }
            Semaphore news = new Semaphore(0);
            Reader reader = source.subscribe(news::release);
            source.accepted();
            send(reader, news, tracks, stream, loop);
        } finally {
            // A push that is ended before its stream does not wait: the server may be about to stop.
            loop.execute(() -> {
                tracks.forEach(SentTrack::goodbye);
                tracks.forEach(SentTrack::close);
            });
        }
    }

    static Optional<CryptoLine> crypto(String value) throws RelayRefusedException {
        if (value.isEmpty()) {
            return Optional.empty();
        }
        MediaDescription section =
                new MediaDescription("video", 0, "RTP/SAVP", List.of(), "", List.of(new Attribute(CRYPTO, value)));
        Optional<CryptoLine> line = CryptoLine.best(section);
        if (line.isEmpty()) {
            throw new RelayRefusedException("crypto: a tag, a suite and inline:KEY are needed");
        }
        return line;
    }

    private static <T> T on(EventLoop loop, Callable<T> step) throws IOException, InterruptedException {
        try {
            return loop.submit(step).get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    private static void send(Reader reader, Semaphore news, List<SentTrack> tracks, Stream stream, EventLoop loop)
            throws IOException, InterruptedException {
        long reportedNanos = System.nanoTime();
        List<Item> items = new ArrayList<>();
        while (true) {
            boolean _ = news.tryAcquire(1, TimeUnit.SECONDS);
            news.drainPermits();
            items.clear();
            reader.drainTo(items);
            for (int at = 0; at < items.size(); ) {
                int from = at;
                int sent = 0;
                while (at < items.size() && sent < BURST_BYTES) {
                    sent += demandSendable(items.get(at++), tracks);
                }
                List<Item> burst = List.copyOf(items.subList(from, at));
                loop.execute(() -> burst(burst, tracks, stream));
                if (sent >= BURST_BYTES) {
                    TimeUnit.NANOSECONDS.sleep(PACE_NANOS);
                }
            }
            if (!items.isEmpty() && items.getLast() instanceof Item.End) {
                TimeUnit.NANOSECONDS.sleep(Rtcp.GOODBYE_NANOS);
                return;
            }
            if (System.nanoTime() - reportedNanos >= REPORT_NANOS) {
                reportedNanos = System.nanoTime();
                loop.execute(() -> tracks.forEach(track -> track.report(stream)));
            }
        }
    }

    /// Its bytes.
    private static int demandSendable(Item item, List<SentTrack> tracks) throws IOException {
        if (!(item instanceof Item.Media media)) {
            return 0;
        }
        for (SentTrack track : tracks) {
            if (track.id() == media.frame().track().id()
                    && !track.decodes(media.frame().track().codec())) {
                throw new IOException("the stream's %s is not what was described"
                        .formatted(media.frame().track().codec().name()));
            }
        }
        return media.frame().data().length();
    }

    private static void burst(List<Item> items, List<SentTrack> tracks, Stream stream) {
        for (Item item : items) {
            for (SentTrack track : tracks) {
                if (item instanceof Item.Media media && media.frame().track().id() == track.id()) {
                    track.send(media.frame(), stream);
                }
            }
        }
        tracks.forEach(SentTrack::flush);
    }
}
