package tapedeck.protocol.webrtc;

import java.net.InetSocketAddress;
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
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.SessionReport;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One publisher from its offer to its end. Lives on its port's event loop.
///
/// Nothing that is not authenticated can end it: bad packets are dropped and counted.
final class WhipSession implements PeerMedia, PeerSession {
    /// What costs no more than a look at whether it is authentic; beyond, not even that.
    static final int MAX_PACKETS_PER_SECOND = 50_000;

    private static final Logger log = LoggerFactory.getLogger(WhipSession.class);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    /// What the offer asked for.
    ///
    /// @param id names the session at the outside
    record Request(StreamName name, Publisher.RecordWish recording, String id, Answer answer) {}

    private final PeerPort port;
    private final PeerTransport transport;
    private final Request request;
    private final Streams streams;
    private final Consumer<WhipSession> ended;

    private @Nullable Publication publication;
    private @Nullable SrtpReceiver srtp;
    private @Nullable InboundMedia media;
    private @Nullable DataChannels channels;
    private @Nullable SessionView view;
    private volatile boolean connected;
    private long connectedNanos;
    private long secondNanos;
    private int packetsThisSecond;
    private final FloodLimit flood = new FloodLimit();
    private long flooded;
    private long malformed;

    WhipSession(
            PeerPort port,
            DtlsIdentity identity,
            IceCredentials ice,
            Request request,
            Streams streams,
            Consumer<WhipSession> ended) {
        this.port = port;
        this.request = request;
        this.streams = streams;
        this.ended = ended;
        Answer answer = request.answer();
        this.transport = new PeerTransport(port, identity, ice, answer.remoteUfrag(), answer.peer(), this);
    }

    StreamName name() {
        return request.name();
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
        port.execute(() -> transport.close(reason));
    }

    @Override
    public void connected(DtlsKeys keys) {
        connected = true;
        Answer answer = request.answer();
        String login = "whip-" + request.id().substring(0, 8);
        Publisher publisher = new Publisher(
                Publisher.Protocol.WEBRTC, address(), request.id(), login, request.recording(), expects(answer));
        try {
            Publication opened = streams.publish(request.name(), publisher, new Wishes());
            publication = opened;
            connectedNanos = port.now();
            srtp = new SrtpReceiver(keys.remote());
            media = new InboundMedia(answer.agreed(), keys.local(), opened, transport::send, connectedNanos);
            view = new SessionView(
                    new SessionView.Identity(
                            request.id(),
                            SessionReport.Direction.PUBLISHES,
                            request.name(),
                            keys.profile().name(),
                            opened.stream().startedAt()),
                    port.port(),
                    this::close,
                    connectedNanos);
            streams.opened(view);
            log.info("{}: WebRTC from {}, {}", request.name(), address(), keys.profile());
            DataSection data = answer.data();
            if (data != null) {
                DataChannels begun =
                        new DataChannels(request.name().toString(), login, data, transport::sendData, opened::message);
                channels = begun;
                begun.begin(connectedNanos);
            }
        } catch (NameTakenException e) {
            transport.close(String.valueOf(e.getMessage()));
        }
    }

    private static Publisher.Expects expects(Answer answer) {
        if (!answer.hasVideo()) {
            return Publisher.Expects.AUDIO;
        }
        return !answer.hasAudio() ? Publisher.Expects.VIDEO : Publisher.Expects.BOTH;
    }

    private String address() {
        InetSocketAddress selected = transport.selected();
        return selected == null ? "nowhere" : Addresses.text(selected);
    }

    @Override
    public void received(byte[] packet, int length, long arrivalNanos) {
        SrtpReceiver receiver = srtp;
        InboundMedia inbound = media;
        if (receiver == null || inbound == null) {
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
            if (isRtcp(packet, length)) {
                Bytes plain = receiver.unprotectRtcp(packet, 0, length);
                if (plain != null && inbound.rtcp(plain, arrivalNanos)) {
                    transport.close("the peer said goodbye");
                }
            } else {
                Bytes plain = receiver.unprotectRtp(packet, 0, length);
                if (plain != null && flood.admits(length, arrivalNanos)) {
                    transport.heard(arrivalNanos);
                    inbound.rtp(plain, arrivalNanos);
                }
            }
        } catch (MalformedException e) {
            malformed++;
            log.debug("{}: {}", request.name(), e.getMessage());
        }
    }

    /// RFC 5761 4: RTCP packet types 192 to 223 on the place of marker and payload type.
    private static boolean isRtcp(byte[] packet, int length) {
        int type = length < 2 ? 0 : packet[1] & 0xFF;
        return type >= 192 && type <= 223;
    }

    @Override
    public void data(Bytes plain, long arrivalNanos) {
        DataChannels open = channels;
        if (open != null) {
            open.received(plain, arrivalNanos);
        }
    }

    @Override
    public void tick(long nowNanos) {
        InboundMedia inbound = media;
        if (inbound != null) {
            inbound.tick(nowNanos);
            SessionView seen = view;
            if (seen != null && seen.due(nowNanos)) {
                seen.update(nowNanos, transport, inbound.roundTripNanos(), 0, inbound.reports());
            }
        }
        DataChannels open = channels;
        if (open != null) {
            open.tick(nowNanos);
        }
    }

    @Override
    public void ended(String reason) {
        Publication opened = publication;
        InboundMedia inbound = media;
        media = null;
        try {
            report(inbound, reason);
        } finally {
            if (opened != null) {
                opened.close(reason);
            }
            if (view != null) {
                streams.closed(view);
            }
            ended.accept(this);
        }
    }

    private void report(@Nullable InboundMedia inbound, String reason) {
        if (inbound == null) {
            log.info("{}: WebRTC ended before it was connected: {} ({})", request.name(), reason, transport.drops());
        } else {
            inbound.close();
            log.info(
                    "{}: WebRTC ended after {} s: {} ({}, {}{})",
                    request.name(),
                    TimeUnit.NANOSECONDS.toSeconds(port.now() - connectedNanos),
                    reason,
                    inbound,
                    drops(),
                    channels == null ? "" : ", " + channels);
        }
    }

    private String drops() {
        SrtpReceiver receiver = srtp;
        long forged = receiver == null ? 0 : receiver.refused(SrtpReceiver.Refusal.NOT_AUTHENTIC);
        long replayed = receiver == null ? 0 : receiver.refused(SrtpReceiver.Refusal.REPLAYED);
        return "not authentic %d, replayed %d, malformed %d, flooded %d, %s"
                .formatted(forged, replayed, malformed, flooded + flood.dropped(), transport.drops());
    }

    /// From any thread, also under the stream's lock: only schedules.
    private final class Wishes implements Feedback {
        @Override
        public void requestKeyframe() {
            port.later(() -> {
                InboundMedia inbound = media;
                if (inbound != null) {
                    inbound.requestKeyframe();
                }
            });
        }

        /// Media is read as it comes, watched or not: feedback to the peer cannot wait.
        @Override
        public void watched(boolean live) {}

        @Override
        public void message(Item.Message message) {
            port.later(() -> {
                DataChannels open = channels;
                if (open != null) {
                    open.message(message, port.now());
                }
            });
        }

        @Override
        public void terminate(String reason) {
            port.later(() -> transport.close(reason));
        }
    }
}
