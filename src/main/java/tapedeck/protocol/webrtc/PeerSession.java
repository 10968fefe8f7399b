package tapedeck.protocol.webrtc;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.transport.PeerMedia;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.protocol.webrtc.transport.PeerTransport;
import tapedeck.rtp.sdp.DataSection;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.stream.Item;
import tapedeck.stream.SessionReport;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A publisher or a viewer from its offer to its end: what both have in common, which is all but the direction of the
/// media. HTTP calls [#open], [#restart] and [#close] from its own threads; all else lives on the loop of the port.
///
/// Nothing that is not authenticated can end it: bad packets are dropped and counted.
abstract sealed class PeerSession implements PeerMedia permits WhipSession, ViewerSession {
    private static final Logger log = LoggerFactory.getLogger(PeerSession.class);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int LOGIN_CHARACTERS = 8;

    /// What both sides agreed on before a packet was sent.
    ///
    /// @param id names the session in reports, metrics and file names, which others than the peer may see
    /// @param resource names it in the address that the peer was given. Whoever knows it can end or restart the
    ///     session (RFC 9725 7), so nobody can guess it, and nothing but the answer tells it
    record Agreed(String id, String resource, StreamName stream, Answer answer) {
        static Agreed of(StreamName stream, Answer answer) {
            return new Agreed(SessionRoutes.randomId(), SessionRoutes.randomId(), stream, answer);
        }
    }

    /// What a session is, for logs and reports.
    ///
    /// @param word `WebRTC` or `WebRTC viewer`
    /// @param login the first part of what the peer is called
    /// @param maxPacketsPerSecond what comes beyond is dropped before it costs anything
    record Kind(SessionReport.Direction direction, String word, String login, int maxPacketsPerSecond) {}

    /// Where a session lives.
    record Place(PeerPort port, DtlsIdentity identity, Streams streams, Consumer<PeerSession> ended) {}

    private final Kind kind;
    private final Agreed agreed;
    private final Place place;
    private final PeerTransport transport;

    private @Nullable SessionMedia media;
    private @Nullable SrtpReceiver srtp;
    private @Nullable DataChannels channels;
    private @Nullable SessionView view;
    private volatile boolean connected;
    private long connectedNanos;
    private long secondNanos;
    private int packetsThisSecond;
    private long flooded;
    private long malformed;

    PeerSession(Kind kind, Agreed agreed, IceCredentials ice, Place place) {
        this.kind = kind;
        this.agreed = agreed;
        this.place = place;
        Answer answer = agreed.answer();
        this.transport =
                new PeerTransport(place.port(), place.identity(), ice, answer.remoteUfrag(), answer.peer(), this);
    }

    /// The peer is there. Null if it may not stay; then the transport is closed already.
    abstract @Nullable SessionMedia begin(DtlsKeys keys, long nowNanos);

    /// Media and data can flow.
    void begun() {}

    /// Where what the peer says on its data channels goes; false if it was dropped.
    abstract boolean said(Item.Message message);

    /// A packet of media; a viewer's are dropped unseen.
    void rtp(SrtpReceiver receiver, byte[] packet, int length, long arrivalNanos) {}

    /// Whether it is one of the server's sessions, or another one speaks for it.
    boolean isListed() {
        return true;
    }

    /// The last call: no packet comes or goes any more.
    abstract void left(String reason);

    final String id() {
        return agreed.id();
    }

    final String resource() {
        return agreed.resource();
    }

    final StreamName name() {
        return agreed.stream();
    }

    final Answer answer() {
        return agreed.answer();
    }

    /// What the peer is called in the stream and its recordings.
    final String login() {
        return kind.login() + "-" + id().substring(0, LOGIN_CHARACTERS);
    }

    final PeerPort port() {
        return place.port();
    }

    final Streams streams() {
        return place.streams();
    }

    /// Takes encrypted packets for the peer.
    final PeerTransport transport() {
        return transport;
    }

    /// Begins to listen for the peer. False if there are too many sessions.
    final boolean open() {
        CompletableFuture<Boolean> added = new CompletableFuture<>();
        port().execute(() -> added.complete(port().add(transport)));
        return added.join();
    }

    /// Whether the peer has proved who it is.
    final boolean isConnected() {
        return connected;
    }

    /// The peer begins ICE anew, RFC 8445 9: from now on checks with these credentials are its own too.
    final void restart(IceCredentials local, String remoteUfrag) {
        port().execute(() -> transport.restart(local, remoteUfrag));
    }

    /// From any thread; again without effect.
    final void close(String reason) {
        port().execute(() -> end(reason));
    }

    /// On the loop.
    public void end(String reason) {
        transport.close(reason);
    }

    final String address() {
        InetSocketAddress selected = transport.selected();
        return selected == null ? "nowhere" : Addresses.text(selected);
    }

    @Override
    public final void connected(DtlsKeys keys) {
        connected = true;
        connectedNanos = port().now();
        SessionMedia begun = begin(keys, connectedNanos);
        if (begun == null) {
            return;
        }
        media = begun;
        srtp = new SrtpReceiver(keys.remote());
        SessionView.Identity identity = new SessionView.Identity(
                id(), kind.direction(), name(), keys.profile().name(), Instant.now());
        SessionView seen = new SessionView(identity, port().port(), this::close, connectedNanos);
        if (isListed()) {
            view = seen;
            streams().opened(seen);
        }
        log.info("{}: {} at {}, {}", name(), kind.word(), address(), keys.profile());
        DataSection data = answer().data();
        if (data != null) {
            DataChannels opened = new DataChannels(name().toString(), login(), data, transport::sendData, this::said);
            channels = opened;
            opened.begin(connectedNanos);
        }
        begun();
    }

    @Override
    public final void received(byte[] packet, int length, long arrivalNanos) {
        SrtpReceiver receiver = srtp;
        SessionMedia flowing = media;
        if (receiver == null || flowing == null) {
            return;
        }
        if (arrivalNanos - secondNanos >= SECOND_NANOS) {
            secondNanos = arrivalNanos;
            packetsThisSecond = 0;
        }
        if (++packetsThisSecond > kind.maxPacketsPerSecond()) {
            flooded++;
            return;
        }
        try {
            if (!isRtcp(packet, length)) {
                rtp(receiver, packet, length, arrivalNanos);
                return;
            }
            Bytes plain = receiver.unprotectRtcp(packet, 0, length);
            if (plain != null && flowing.rtcp(plain, arrivalNanos)) {
                end("the peer said goodbye");
            }
        } catch (MalformedException e) {
            malformed++;
            log.debug("{}: {}", name(), e.getMessage());
        }
    }

    /// RFC 5761 4: RTCP packet types 192 to 223 on the place of marker and payload type.
    private static boolean isRtcp(byte[] packet, int length) {
        int type = length < 2 ? 0 : packet[1] & 0xFF;
        return type >= 192 && type <= 223;
    }

    @Override
    public final void data(Bytes plain, long arrivalNanos) {
        DataChannels open = channels;
        if (open != null) {
            open.received(plain, arrivalNanos);
        }
    }

    /// To the peer, on the loop.
    public final void message(Item.Message message) {
        DataChannels open = channels;
        if (open != null) {
            open.message(message, port().now());
        }
    }

    @Override
    public final void tick(long nowNanos) {
        SessionMedia flowing = media;
        if (flowing == null) {
            return;
        }
        flowing.tick(nowNanos);
        SessionView seen = view;
        if (seen != null && seen.due(nowNanos)) {
            seen.update(
                    nowNanos, transport, flowing.roundTripNanos(), flowing.availableBitsPerSecond(), flowing.reports());
        }
        DataChannels open = channels;
        if (open != null) {
            open.tick(nowNanos);
        }
    }

    @Override
    public final void ended(String reason) {
        SessionMedia last = media;
        media = null;
        try {
            report(last, reason);
        } finally {
            left(reason);
            if (view != null) {
                streams().closed(view);
            }
            place.ended().accept(this);
        }
    }

    private void report(@Nullable SessionMedia last, String reason) {
        if (last == null) {
            log.info("{}: {} ended before it was connected: {} ({})", name(), kind.word(), reason, transport.drops());
            return;
        }
        last.close();
        log.info(
                "{}: {} ended after {} s: {} ({}, {}{})",
                name(),
                kind.word(),
                TimeUnit.NANOSECONDS.toSeconds(port().now() - connectedNanos),
                reason,
                last,
                drops(),
                channels == null ? "" : ", " + channels);
    }

    private String drops() {
        SrtpReceiver receiver = srtp;
        long forged = receiver == null ? 0 : receiver.refused(SrtpReceiver.Refusal.NOT_AUTHENTIC);
        long replayed = receiver == null ? 0 : receiver.refused(SrtpReceiver.Refusal.REPLAYED);
        return "not authentic %d, replayed %d, malformed %d, flooded %d, %s"
                .formatted(forged, replayed, malformed, flooded + excess(), transport.drops());
    }

    /// Authentic packets that were dropped because there were too many.
    long excess() {
        return 0;
    }
}
