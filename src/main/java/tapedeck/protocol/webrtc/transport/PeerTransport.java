package tapedeck.protocol.webrtc.transport;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.dtls.DtlsConnection;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.rtp.sdp.Fingerprint;

/// One peer's way to us: ICE as the lite side (RFC 8445), DTLS as the server, and the addresses between which its media
/// flows. Lives on its port's event loop.
///
/// Nothing but an authenticated check makes an address the peer's. The one that it nominates (USE-CANDIDATE) is
/// where we send; until it does, the first. Without a check for [#CONSENT_NANOS] the peer has gone (RFC 7675).
public final class PeerTransport {
    /// RFC 7675 5.1.
    public static final long CONSENT_NANOS = TimeUnit.SECONDS.toNanos(30);
    /// A phone has Wi-Fi, cellular and a VPN, each with IPv4 and IPv6.
    public static final int MAX_ADDRESSES = 8;

    private enum State {
        WAITING_FOR_CHECK,
        HANDSHAKING,
        CONNECTED,
        CLOSED
    }

    private final PeerPort port;
    private final IceCredentials local;
    private final Mac hmac;
    private final String username;
    private final PeerMedia media;
    private final DtlsConnection dtls;
    /// Address → when it was last checked, oldest first.
    private final Map<InetSocketAddress, Long> addresses = new LinkedHashMap<>();

    private final EarlyMedia earlyMedia = new EarlyMedia();

    private State state = State.WAITING_FOR_CHECK;
    private @Nullable InetSocketAddress selected;
    private boolean nominated;
    private long lastCheckNanos;
    private long badChecks;
    private long droppedDtls;
    private long early;

    /// @param remoteUfrag of the peer's SDP
    /// @param remote the certificate that the peer's SDP promised
    public PeerTransport(
            PeerPort port,
            DtlsIdentity identity,
            IceCredentials local,
            String remoteUfrag,
            Fingerprint remote,
            PeerMedia media) {
        this.port = port;
        this.lastCheckNanos = port.now();
        this.local = local;
        this.hmac = local.hmac();
        this.username = local.ufrag() + ":" + remoteUfrag;
        this.media = media;
        this.dtls = new DtlsConnection(identity, remote, new DtlsEvents());
    }

    String localUfrag() {
        return local.ufrag();
    }

    /// Where the peer's media goes to and most likely comes from.
    @Nullable
    public InetSocketAddress selected() {
        return selected;
    }

    /// Datagrams that were dropped, for the log.
    public String drops() {
        return "bad checks %d, DTLS dropped %d, early media %d".formatted(badChecks, droppedDtls, early);
    }

    /// A connectivity check that names this session. False if it proves nothing: then there is no answer either.
    boolean check(StunMessage message, InetSocketAddress from, long now) {
        if (message.type() != StunMessage.BINDING_REQUEST
                || state == State.CLOSED
                || !message.attribute(StunMessage.USERNAME)
                        .map(attribute -> attribute.value().toUtf8())
                        .equals(Optional.of(username))
                || !message.fingerprintRight()
                || !message.integrityBy(hmac)) {
            badChecks++;
            return false;
        }
        if (message.has(StunMessage.ICE_CONTROLLED)) {
            // RFC 8445 7.3.1.1: we are lite, so the peer has to be in control.
            answer(error(message, 487, "Role Conflict"), from);
            return true;
        }
        List<Integer> unknown = unknownAttributes(message);
        if (!unknown.isEmpty()) {
            answer(error(message, 420, "Unknown Attribute").unknownAttributes(unknown), from);
            return true;
        }
        lastCheckNanos = now;
        learn(from, now);
        answer(new StunWriter(StunMessage.BINDING_SUCCESS, message.transactionId()).xorMappedAddress(from), from);
        if (message.has(StunMessage.USE_CANDIDATE)) {
            selected = from;
            nominated = true;
        } else if (selected == null || !nominated && !addresses.containsKey(selected)) {
            selected = from;
        }
        if (state == State.WAITING_FOR_CHECK) {
            state = State.HANDSHAKING;
            dtls.start();
        }
        return true;
    }

    private static StunWriter error(StunMessage message, int code, String reason) {
        return new StunWriter(StunMessage.BINDING_ERROR, message.transactionId()).errorCode(code, reason);
    }

    private void answer(StunWriter response, InetSocketAddress to) {
        port.write(response.integrity(hmac).fingerprint().toBytes(), to);
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

    private void learn(InetSocketAddress from, long now) {
        addresses.remove(from);
        if (addresses.size() == MAX_ADDRESSES) {
            forget(addresses.keySet().iterator().next());
        }
        addresses.put(from, now);
        port.bind(from, this);
    }

    private void forget(InetSocketAddress address) {
        addresses.remove(address);
        port.unbind(address, this);
    }

    void dtls(Bytes datagram) {
        if (!dtls.receive(datagram)) {
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

    private void connected(DtlsKeys keys) {
        state = State.CONNECTED;
        media.connected(keys);
        earlyMedia.release(media::received);
    }

    void tick(long now) {
        if (now - lastCheckNanos > CONSENT_NANOS) {
            close(state == State.WAITING_FOR_CHECK ? "no connectivity check came" : "consent lost");
            return;
        }
        Iterator<Map.Entry<InetSocketAddress, Long>> oldestFirst =
                addresses.entrySet().iterator();
        while (oldestFirst.hasNext()) {
            Map.Entry<InetSocketAddress, Long> oldest = oldestFirst.next();
            if (now - oldest.getValue() <= CONSENT_NANOS) {
                break;
            }
            oldestFirst.remove();
            port.unbind(oldest.getKey(), this);
        }
        if (state == State.CONNECTED) {
            media.tick(now);
        }
    }

    /// Sent with the port's next flush; lost while no address is known.
    public void send(Bytes datagram) {
        InetSocketAddress to = selected;
        if (to != null) {
            port.write(datagram, to);
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
        List.copyOf(addresses.keySet()).forEach(this::forget);
        dtls.close();
        media.ended(reason);
    }

    /// From the connection's thread to the loop.
    private final class DtlsEvents implements DtlsConnection.Events {
        @Override
        public void send(Bytes datagram) {
            port.execute(() -> {
                PeerTransport.this.send(datagram);
                port.flush();
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
            port.execute(() -> close(reason));
        }
    }
}
