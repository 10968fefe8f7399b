package tapedeck.protocol.webrtc;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
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
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.transport.PeerMedia;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.protocol.webrtc.transport.PeerTransport;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.sdp.DataSection;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.stream.Item;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;

/// One viewer from its offer to its end. Lives on its port's event loop.
final class WhepSession implements PeerMedia, PeerSession, Audience.Viewer {
    /// Feedback on the fastest stream stays far below; what an authenticated peer sends beyond is dropped.
    static final int MAX_PACKETS_PER_SECOND = 1_000;

    private static final Logger log = LoggerFactory.getLogger(WhepSession.class);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    /// What offer and answer agreed on.
    ///
    /// @param id names the session at the outside
    /// @param remoteUfrag the peer's ICE fragment
    /// @param peer the certificate that the peer will show, and its side of DTLS
    /// @param agreed the sections that the peer wants; at most one of each kind
    /// @param data the peer's half of the data channels; null if there are none
    record Request(
            Stream stream,
            String id,
            String remoteUfrag,
            DtlsPeer peer,
            List<AgreedMedia> agreed,
            @Nullable DataSection data) {
        Request {
            agreed = List.copyOf(agreed);
        }

        static Request of(Stream stream, String id, Answer answer) {
            return new Request(stream, id, answer.remoteUfrag(), answer.peer(), answer.agreed(), answer.data());
        }
    }

    private final PeerPort port;
    private final PeerTransport transport;
    private final Request request;
    private final Audiences audiences;
    private final Consumer<WhepSession> ended;

    private @Nullable SrtpReceiver srtp;
    private @Nullable OutboundMedia media;
    private @Nullable SessionView view;
    private @Nullable Audience audience;
    private @Nullable DataChannels channels;
    private volatile boolean connected;
    private long connectedNanos;
    private long secondNanos;
    private int packetsThisSecond;
    private long flooded;
    private long malformed;

    WhepSession(
            PeerPort port,
            DtlsIdentity identity,
            IceCredentials ice,
            Request request,
            Audiences audiences,
            Consumer<WhepSession> ended) {
        this.port = port;
        this.request = request;
        this.audiences = audiences;
        this.ended = ended;
        this.transport = new PeerTransport(port, identity, ice, request.remoteUfrag(), request.peer(), this);
    }

    @Override
    public String id() {
        return request.id();
    }

    @Override
    public boolean open() {
        CompletableFuture<Boolean> added = new CompletableFuture<>();
        port.execute(() -> added.complete(port.add(transport)));
        return added.join();
    }

    @Override
    public boolean isConnected() {
        return connected;
    }

    @Override
    public void restart(IceCredentials local, String remoteUfrag) {
        port.execute(() -> transport.restart(local, remoteUfrag));
    }

    @Override
    public void close(String reason) {
        port.execute(() -> end(reason));
    }

    @Override
    public void connected(DtlsKeys keys) {
        connected = true;
        connectedNanos = port.now();
        srtp = new SrtpReceiver(keys.remote());
        media = new OutboundMedia(
                request.agreed(), keys.local(), transport::send, new Wishes(), connectedNanos, Instant.now());
        SessionView seen = new SessionView(
                new SessionView.Identity(
                        request.id(),
                        SessionReport.Direction.PLAYS,
                        request.stream().name(),
                        keys.profile().name(),
                        Instant.now()),
                port.port(),
                this::close,
                connectedNanos);
        view = seen;
        audiences.streams().opened(seen);
        log.info("{}: WebRTC viewer at {}, {}", request.stream().name(), address(), keys.profile());
        DataSection data = request.data();
        if (data != null) {
            DataChannels begun = new DataChannels(
                    request.stream().name().toString(),
                    "whep-" + request.id().substring(0, 8),
                    data,
                    transport::sendData,
                    request.stream()::message);
            channels = begun;
            begun.begin(connectedNanos);
        }
        Audience joined = audiences.of(request.stream());
        audience = joined;
        joined.join(this);
    }

    private String address() {
        InetSocketAddress selected = transport.selected();
        return selected == null ? "nowhere" : Addresses.text(selected);
    }

    @Override
    public void received(byte[] packet, int length, long arrivalNanos) {
        SrtpReceiver receiver = srtp;
        OutboundMedia outbound = media;
        if (receiver == null || outbound == null) {
            return;
        }
        if (arrivalNanos - secondNanos >= SECOND_NANOS) {
            secondNanos = arrivalNanos;
            packetsThisSecond = 0;
        }
        if (++packetsThisSecond > MAX_PACKETS_PER_SECOND) {
            flooded++;
            return;
        }
        try {
            // RFC 5761 4. A viewer sends no media: anything else is dropped unseen.
            int type = length < 2 ? 0 : packet[1] & 0xFF;
            Bytes plain = type >= 192 && type <= 223 ? receiver.unprotectRtcp(packet, 0, length) : null;
            if (plain != null && outbound.rtcp(plain, arrivalNanos)) {
                end("the viewer said goodbye");
            }
        } catch (MalformedException e) {
            malformed++;
            log.debug("{}: {}", request.stream().name(), e.getMessage());
        }
    }

    @Override
    public void tick(long nowNanos) {
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.tick(nowNanos);
            SessionView seen = view;
            if (seen != null && seen.due(nowNanos)) {
                seen.update(
                        nowNanos,
                        transport,
                        outbound.roundTripNanos(),
                        outbound.availableBitsPerSecond(),
                        outbound.reports());
            }
        }
    }

    @Override
    public void data(Bytes plain, long arrivalNanos) {
        DataChannels open = channels;
        if (open != null) {
            open.received(plain, arrivalNanos);
        }
    }

    @Override
    public void message(Item.Message message) {
        DataChannels open = channels;
        if (open != null) {
            open.message(message, port.now());
        }
    }

    @Override
    public boolean takesVideo() {
        OutboundMedia outbound = media;
        return outbound != null && outbound.takesVideo();
    }

    @Override
    public boolean waitsForKeyframe() {
        OutboundMedia outbound = media;
        return outbound != null && outbound.waitsForKeyframe();
    }

    @Override
    public void catchUp(List<FramePackets> gop, long nowNanos) {
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.catchUp(gop, nowNanos);
        }
    }

    @Override
    public void frame(FramePackets frame, long nowNanos) {
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.frame(frame, nowNanos);
        }
    }

    @Override
    public boolean pump(long nowNanos) {
        OutboundMedia outbound = media;
        return outbound != null && outbound.pump(nowNanos);
    }

    @Override
    public void end(String reason) {
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.goodbye(reason, port.now());
            port.flush();
        }
        transport.close(reason);
    }

    @Override
    public void ended(String reason) {
        OutboundMedia outbound = media;
        Audience joined = audience;
        media = null;
        if (joined != null) {
            joined.leave(this);
        }
        try {
            if (outbound == null) {
                log.info(
                        "{}: WebRTC viewer ended before it was connected: {} ({})",
                        request.stream().name(),
                        reason,
                        transport.drops());
            } else {
                log.info(
                        "{}: WebRTC viewer ended after {} s: {} ({}, malformed {}, flooded {}, {}{})",
                        request.stream().name(),
                        TimeUnit.NANOSECONDS.toSeconds(port.now() - connectedNanos),
                        reason,
                        outbound,
                        malformed,
                        flooded,
                        transport.drops(),
                        channels == null ? "" : ", " + channels);
            }
        } finally {
            if (view != null) {
                audiences.streams().closed(view);
            }
            ended.accept(this);
        }
    }

    private final class Wishes implements OutboundMedia.Needs {
        @Override
        public void keyframe() {
            request.stream().requestKeyframe();
        }

        @Override
        public void restart() {
            Audience joined = audience;
            if (joined != null) {
                joined.restart(WhepSession.this);
            }
        }

        /// Not at once: frames are being handed out.
        @Override
        public void cannotFollow(String reason) {
            port.later(() -> end(reason));
        }
    }
}
