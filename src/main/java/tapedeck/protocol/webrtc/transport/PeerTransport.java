package tapedeck.protocol.webrtc.transport;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.dtls.DtlsConnection;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.Priority;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;

/// One peer's way to us: ICE as the lite side (RFC 8445), or in control where we call ([#control]), DTLS on the side
/// that the peer leaves to us, and the addresses between which its media flows. Lives on its port's event loop.
///
/// Nothing but an authenticated check makes an address the peer's. The one that it nominates (USE-CANDIDATE) is where
/// we send; until it does, the first. Without a check for [#CONSENT_NANOS] the peer has gone (RFC 7675), unless it is
/// [#heard(long)].
public final class PeerTransport {
    /// RFC 7675 5.1.
    public static final long CONSENT_NANOS = TimeUnit.SECONDS.toNanos(30);
    /// Who is called answers within this time, or cannot be reached.
    static final long REACH_NANOS = TimeUnit.SECONDS.toNanos(10);
    /// A phone has Wi-Fi, cellular and a VPN, each with IPv4 and IPv6.
    public static final int MAX_ADDRESSES = 8;

    /// Each is decrypted on a thread, at ten times the price of media: a little more than the data channels may carry.
    static final int MAX_DTLS_PER_SECOND = 5_000;

    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    private enum State {
        WAITING_FOR_CHECK,
        HANDSHAKING,
        CONNECTED,
        CLOSED
    }

    /// For so long after the first nomination the best nominated pair wins, then the latest: a peer may nominate
    /// several pairs in a row while it is still checking, and later another one because its network changed.
    static final long SETTLING_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final PeerPort port;
    private final PeerMedia media;
    private final DtlsConnection dtls;
    /// Oldest check first.
    private final List<Path> paths = new ArrayList<>(2);

    private final EarlyMedia earlyMedia;
    /// Where we are in control.
    private @Nullable Checks checks;

    private State state = State.WAITING_FOR_CHECK;
    private Generation current;
    /// After a restart, until a check proves that the peer knows of it.
    private @Nullable Generation next;

    private @Nullable Path selected;
    private boolean nominated;
    private long firstNominatedNanos;
    private long lastCheckNanos;
    private long badChecks;
    private long takenPaths;
    private long droppedDtls;
    private long dtlsSecondNanos;
    private int dtlsThisSecond;
    private long early;

    /// The credentials of one (re)start of ICE.
    private static final class Generation {
        private final IceCredentials local;
        private final Mac hmac;
        private final Optional<String> username;

        Generation(IceCredentials local, String remoteUfrag) {
            this.local = local;
            this.hmac = local.hmac();
            this.username = Optional.of(local.ufrag() + ":" + remoteUfrag);
        }

        boolean authenticates(StunMessage message) {
            return message.attribute(StunMessage.USERNAME)
                            .map(attribute -> attribute.value().toUtf8())
                            .equals(username)
                    && message.fingerprintRight()
                    && message.integrityBy(hmac);
        }
    }

    /// @param remoteUfrag of the peer's SDP
    /// @param remote what the peer's SDP promised
    public PeerTransport(
            PeerPort port,
            DtlsIdentity identity,
            IceCredentials local,
            String remoteUfrag,
            DtlsPeer remote,
            PeerMedia media) {
        this.port = port;
        this.earlyMedia = new EarlyMedia(port.earlyRoom());
        this.lastCheckNanos = port.now();
        this.current = new Generation(local, remoteUfrag);
        this.media = media;
        this.dtls = new DtlsConnection(identity, remote, new DtlsEvents());
    }

    String localUfrag() {
        return current.local.ufrag();
    }

    /// We called this peer, so we check it, and say which way is taken. Before [PeerPort#add].
    ///
    /// @param candidates of the peer, best first
    public void control(IceCredentials remote, List<InetSocketAddress> candidates) {
        checks = new Checks(
                remote, localUfrag(), candidates.stream().map(port::pathTo).toList());
    }

    boolean isInControl() {
        return checks != null;
    }

    /// ICE begins anew, RFC 8445 9, while DTLS and media go on where they are. The old credentials hold until a check
    /// comes with the new ones; another restart before that replaces this one. On the loop.
    public void restart(IceCredentials newLocal, String newRemoteUfrag) {
        if (state == State.CLOSED) {
            return;
        }
        Generation replaced = next;
        if (replaced != null) {
            port.unlisten(replaced.local.ufrag(), this);
        }
        next = new Generation(newLocal, newRemoteUfrag);
        port.listen(newLocal.ufrag(), this);
    }

    /// The addresses between which media flows.
    ///
    /// @param transport `udp` or `tcp`
    /// @param remote the peer's address and port
    public record Pair(String transport, String remote) {}

    /// The selected pair, or null until the peer can be reached.
    public @Nullable Pair pair() {
        Path path = selected;
        return path == null ? null : new Pair(path.link().transport(), Addresses.text(path.address()));
    }

    /// Where the peer's media goes to and most likely comes from.
    public @Nullable InetSocketAddress selected() {
        Path path = selected;
        return path == null ? null : path.address();
    }

    /// For people: `udp 192.0.2.1:5000`, `tcp …`, or `nowhere`.
    public String selectedPath() {
        return selected == null ? "nowhere" : selected.toString();
    }

    /// Datagrams that were dropped, for the log.
    public String drops() {
        return "bad checks %d, DTLS dropped %d, early media %d".formatted(badChecks, droppedDtls, early)
                + (takenPaths == 0 ? "" : ", addresses of other sessions %d".formatted(takenPaths));
    }

    /// A connectivity check that names this session. False if it proves nothing: then there is no answer either.
    boolean check(StunMessage message, Path path, long now) {
        if (message.type() != StunMessage.BINDING_REQUEST || state == State.CLOSED || !authenticates(message)) {
            badChecks++;
            return false;
        }
        Checks own = checks;
        if (message.has(own == null ? StunMessage.ICE_CONTROLLED : StunMessage.ICE_CONTROLLING)) {
            // RFC 8445 7.3.1.1: where we are lite, the peer has to be in control; where we called, we are.
            answer(error(message, 487, "Role Conflict"), path);
            return true;
        }
        List<Integer> unknown = unknownAttributes(message);
        if (!unknown.isEmpty()) {
            answer(error(message, 420, "Unknown Attribute").unknownAttributes(unknown), path);
            return true;
        }
        if (!path.bind(this, priority(message, path), now)) {
            takenPaths++;
            return false;
        }
        learn(path);
        StunWriter success = new StunWriter(StunMessage.BINDING_SUCCESS, message.transactionId());
        answer(success.xorMappedAddress(path.address()), path);
        if (own != null) {
            own.heardFrom(path);
            return true;
        }
        lastCheckNanos = now;
        select(path, message.has(StunMessage.USE_CANDIDATE), now);
        shakeHands();
        return true;
    }

    /// What may be an answer to a check of ours; false if it is not.
    boolean answered(StunMessage message, Path path, long now) {
        Checks own = checks;
        if (own == null || state == State.CLOSED) {
            return false;
        }
        return switch (own.answered(message, path, now)) {
            case NONE -> false;
            case CARRIES -> true;
            case NOMINATED -> {
                if (path.bind(this, path.priority(), now)) {
                    lastCheckNanos = now;
                    learn(path);
                    selected = path;
                    shakeHands();
                }
                yield true;
            }
        };
    }

    private void shakeHands() {
        if (state == State.WAITING_FOR_CHECK) {
            state = State.HANDSHAKING;
            port.conversations(1);
            dtls.start();
        }
    }

    private boolean authenticates(StunMessage message) {
        if (current.authenticates(message)) {
            return true;
        }
        Generation restarted = next;
        if (restarted == null || !restarted.authenticates(message)) {
            return false;
        }
        port.unlisten(current.local.ufrag(), this);
        current = restarted;
        next = null;
        nominated = false;
        return true;
    }

    /// Of the pair: the peer says how much it likes its side, RFC 8445 7.1.1.
    private static long priority(StunMessage message, Path path) {
        long remote = message.attribute(StunMessage.PRIORITY)
                .filter(attribute -> attribute.value().length() == 4)
                .map(attribute -> attribute.value().u32(0))
                .orElse(0L);
        return Priority.ofPair(remote, path.link() instanceof TcpLink ? Priority.tcpHost(0) : Priority.udpHost(0));
    }

    private void select(Path path, boolean useCandidate, long now) {
        Path before = selected;
        if (before == null) {
            selected = path;
        }
        if (!useCandidate) {
            return;
        }
        if (!nominated) {
            nominated = true;
            firstNominatedNanos = now;
            selected = path;
        } else if (before == null
                || now - firstNominatedNanos > SETTLING_NANOS
                || path.priority() >= before.priority()) {
            selected = path;
        }
    }

    private static StunWriter error(StunMessage message, int code, String reason) {
        return new StunWriter(StunMessage.BINDING_ERROR, message.transactionId()).errorCode(code, reason);
    }

    private void answer(StunWriter response, Path path) {
        Bytes bytes = response.integrity(current.hmac).fingerprint().toBytes();
        path.write(bytes.toByteArray(), 0, bytes.length());
    }

    /// RFC 8489 6.3.1: attributes below 0x8000 have to be understood.
    private static List<Integer> unknownAttributes(StunMessage message) {
        List<Integer> unknown = new ArrayList<>();
        for (StunMessage.Attribute attribute : message.attributes()) {
            switch (attribute.type()) {
                case StunMessage.USERNAME,
                        StunMessage.MESSAGE_INTEGRITY,
                        StunMessage.MESSAGE_INTEGRITY_SHA256,
                        StunMessage.PRIORITY,
                        StunMessage.USE_CANDIDATE -> {}
                default -> {
                    if (attribute.type() < 0x8000) {
                        unknown.add(attribute.type());
                    }
                }
            }
        }
        return unknown;
    }

    private void learn(Path path) {
        paths.remove(path);
        if (paths.size() == MAX_ADDRESSES) {
            Path oldest = paths.getFirst() == selected ? paths.get(1) : paths.getFirst();
            lost(oldest);
            oldest.release(this);
        }
        paths.add(path);
    }

    /// The path is no longer ours: what was sent there goes by the one that was checked last, until the peer nominates.
    void lost(Path path) {
        paths.remove(path);
        if (selected == path) {
            selected = paths.isEmpty() ? null : paths.getLast();
            nominated = false;
        }
    }

    void dtls(Bytes datagram) {
        long now = port.now();
        if (now - dtlsSecondNanos >= SECOND_NANOS) {
            dtlsSecondNanos = now;
            dtlsThisSecond = 0;
        }
        if (++dtlsThisSecond > MAX_DTLS_PER_SECOND || !dtls.receive(datagram)) {
            droppedDtls++;
        }
    }

    void media(byte[] packet, int length, long arrivalNanos) {
        if (state == State.CONNECTED) {
            media.received(packet, length, arrivalNanos);
        } else if (state != State.HANDSHAKING || !earlyMedia.keep(packet, length, arrivalNanos)) {
            early++;
        }
    }

    /// Authenticated media came from the peer. Who has but one path, and sends on it, is there and wants to be,
    /// although it checks that no more: ffmpeg's WHIP checks once. Where there are several, checks alone say which
    /// ones hold. On the loop.
    public void heard(long nowNanos) {
        if (paths.size() == 1) {
            lastCheckNanos = nowNanos;
            paths.getFirst().heard(nowNanos);
        }
    }

    private void connected(DtlsKeys keys) {
        state = State.CONNECTED;
        media.connected(keys);
        earlyMedia.release(media::received);
    }

    void tick(long now) {
        Checks own = checks;
        boolean waiting = state == State.WAITING_FOR_CHECK;
        if (now - lastCheckNanos > (waiting && own != null ? REACH_NANOS : CONSENT_NANOS)) {
            String never = own == null ? "no connectivity check came" : "none of its addresses answers";
            close(waiting ? never : "consent lost");
            return;
        }
        if (own != null) {
            own.tick(now);
        }
        while (!paths.isEmpty() && now - paths.getFirst().checkedNanos() > CONSENT_NANOS) {
            Path expired = paths.getFirst();
            lost(expired);
            expired.release(this);
        }
        if (state == State.CONNECTED) {
            media.tick(now);
        }
    }

    /// Sent with the port's next flush; lost while no address is known.
    public void send(Bytes datagram) {
        send(datagram.toByteArray(), 0, datagram.length());
    }

    /// As [#send(Bytes)]; the array is the caller's again at once.
    public void send(byte[] bytes, int offset, int length) {
        Path path = selected;
        if (path != null) {
            path.write(bytes, offset, length);
        }
    }

    /// Room for one datagram, until it is sent. All sessions of the port have the same: on the loop only.
    public byte[] sharedRoom() {
        return port.sharedRoom();
    }

    /// A packet of the data channels, encrypted by DTLS; sent with the port's next flush. On the loop.
    public void sendData(Bytes plain) {
        if (state == State.CONNECTED) {
            dtls.send(plain);
        }
    }

    /// Ends the session; again without effect. On the loop.
    public void close(String reason) {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        earlyMedia.clear();
        port.remove(this);
        port.unlisten(current.local.ufrag(), this);
        Generation restarted = next;
        if (restarted != null) {
            port.unlisten(restarted.local.ufrag(), this);
        }
        dtls.close();
        media.ended(reason);
    }

    /// From the connection's thread to the loop.
    private final class DtlsEvents implements DtlsConnection.Events {
        @Override
        public void send(Bytes datagram) {
            if (port.onLoop()) {
                PeerTransport.this.send(datagram); // Data: flushed with all that the loop sends.
                return;
            }
            port.execute(() -> {
                PeerTransport.this.send(datagram);
                port.flush();
            });
        }

        @Override
        public void data(Bytes plain) {
            port.execute(() -> {
                if (state == State.CONNECTED) {
                    try {
                        media.data(plain, port.now());
                    } catch (RuntimeException bug) {
                        PeerPort.failed(PeerTransport.this, bug);
                    }
                    port.flush();
                }
            });
        }

        @Override
        public void connected(DtlsKeys keys) {
            port.execute(() -> {
                if (state == State.HANDSHAKING) {
                    PeerTransport.this.connected(keys);
                }
            });
        }

        @Override
        public void closed(String reason) {
            port.execute(() -> {
                close(reason);
                // Only now: our own close_notify went this way.
                List.copyOf(paths).forEach(path -> path.release(PeerTransport.this));
                paths.clear();
                port.conversations(-1);
            });
        }
    }
}
