package tapedeck.protocol.webrtc.transport;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.dtls.DtlsClientRole;
import tapedeck.protocol.webrtc.dtls.DtlsConnection;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.rtp.srtp.SrtpProfile;

/// Both ends of one session without signalling: the server's [PeerTransport], and a peer that checks, shakes hands and
/// sends over whatever wires the test gives it.
final class IcePeer implements PeerMedia, AutoCloseable {
    static final long PRIORITY = 1_853_817_087L;
    private static final int DEADLINE_SECONDS = 30;
    private static final DtlsIdentity CLIENT = DtlsIdentity.create();

    final PortHouse house;
    final IceCredentials local = IceCredentials.random();
    volatile IceCredentials remote = IceCredentials.random();
    volatile String localUfrag = local.ufrag();
    final PeerTransport transport;
    final CompletableFuture<DtlsKeys> serverKeys = new CompletableFuture<>();
    final CompletableFuture<String> ended = new CompletableFuture<>();
    /// Media that the server took, by its first byte behind the header.
    final AtomicInteger received = new AtomicInteger();
    /// Application data that the server decrypted.
    final BlockingQueue<Bytes> data = new LinkedBlockingQueue<>();
    /// What came to the peer that is neither STUN nor DTLS, with the port of the wire.
    final BlockingQueue<Arrived> media = new LinkedBlockingQueue<>();

    private final BlockingQueue<Arrived> stun = new LinkedBlockingQueue<>();
    private final BlockingQueue<Bytes> dtls = new LinkedBlockingQueue<>();
    private final List<Wire> wires = new ArrayList<>();
    private volatile @Nullable Wire sending;
    private @Nullable DTLSTransport connection;

    record Arrived(Wire wire, Bytes bytes) {}

    IcePeer(PortHouse house) {
        this.house = house;
        this.transport = new PeerTransport(
                house.port, house.identity, remote, local.ufrag(), DtlsPeer.client(CLIENT.fingerprint()), this);
    }

    void open() {
        if (!house.onLoop(() -> house.port.add(transport))) {
            throw new AssertionError("too many sessions");
        }
    }

    /// What the peer sends goes this way from now on.
    Wire use(Wire wire) {
        wires.add(wire);
        sending = wire;
        wire.readTo(bytes -> arrived(wire, Bytes.wrap(bytes)));
        return wire;
    }

    private void arrived(Wire wire, Bytes bytes) {
        if (bytes.u8(0) < 4) {
            stun.add(new Arrived(wire, bytes));
        } else if (bytes.u8(0) < 64) {
            dtls.add(bytes);
        } else {
            media.add(new Arrived(wire, bytes));
        }
    }

    StunWriter request() {
        return request(PRIORITY);
    }

    StunWriter request(long priority) {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        ThreadLocalRandom.current().nextBytes(id);
        return new StunWriter(StunMessage.BINDING_REQUEST, Bytes.wrap(id))
                .attribute(StunMessage.USERNAME, Bytes.ofUtf8(remote.ufrag() + ":" + localUfrag))
                .attribute(StunMessage.PRIORITY, new ByteWriter().u32(priority).toBytes())
                .attribute(StunMessage.ICE_CONTROLLING, new ByteWriter().u64(7).toBytes());
    }

    /// The sealed request.
    byte[] sealed(StunWriter request) {
        return request.integrity(remote.hmac()).fingerprint().toBytes().toByteArray();
    }

    /// Sends a check and returns the answer.
    StunMessage check(Wire wire, StunWriter request) throws Exception {
        byte[] bytes = sealed(request);
        wire.send(bytes);
        StunMessage answer = answer(wire, DEADLINE_SECONDS * 1_000);
        if (answer == null) {
            throw new AssertionError("no answer to the check");
        }
        return answer;
    }

    StunMessage check(Wire wire) throws Exception {
        return check(wire, request());
    }

    StunMessage nominate(Wire wire) throws Exception {
        return check(wire, request().attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY));
    }

    /// The next answer on this wire, or null if none comes in time.
    @Nullable
    StunMessage answer(Wire wire, int waitMillis) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMillis);
        while (true) {
            Arrived next = stun.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                return null;
            }
            if (next.wire() == wire) {
                return StunMessage.parse(next.bytes());
            }
        }
    }

    /// Checks, nominates and shakes hands on the wire.
    IcePeer connect(Wire wire) throws Exception {
        use(wire);
        nominate(wire);
        shakeHands();
        return this;
    }

    void shakeHands() throws Exception {
        DtlsClientRole role = new DtlsClientRole(CLIENT, List.of(SrtpProfile.AEAD_AES_128_GCM));
        connection = new DTLSClientProtocol().connect(role, new Datagrams());
        DtlsKeys keys = serverKeys.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (!keys.equals(role.keys().ofPeer())) {
            throw new AssertionError("different keys");
        }
    }

    /// Something that looks like RTP.
    void sendMedia(Wire wire, int number) throws IOException {
        wire.send(new ByteWriter().u8(0x80).u8(96).u16(number).zeros(40).toByteArray());
    }

    /// The server sends one packet; returns the wire on which it came.
    Wire whereTheServerSends() throws Exception {
        byte[] packet = new ByteWriter().u8(0x81).zeros(30).toByteArray();
        house.port.execute(() -> {
            transport.send(packet, 0, packet.length);
            house.port.flush();
        });
        Arrived arrived = media.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (arrived == null) {
            throw new AssertionError("nothing came");
        }
        return arrived.wire();
    }

    /// Says close_notify.
    void sayGoodbye() throws IOException {
        DTLSTransport open = connection;
        if (open != null) {
            open.close();
        }
    }

    /// Whether a DTLS alert came after the handshake.
    boolean alertCame() throws InterruptedException {
        Bytes last = dtls.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        return last != null && last.u8(0) == 21;
    }

    @Override
    public void connected(DtlsKeys keys) {
        serverKeys.complete(keys);
    }

    @Override
    public void received(byte[] packet, int length, long arrivalNanos) {
        received.incrementAndGet();
    }

    @Override
    public void data(Bytes plain, long arrivalNanos) {
        data.add(plain);
    }

    /// Application data, over DTLS.
    void sendData(byte[] plain) throws IOException {
        DTLSTransport open = connection;
        if (open != null) {
            open.send(plain, 0, plain.length);
        }
    }

    @Override
    public void tick(long nowNanos) {}

    @Override
    public void ended(String reason) {
        ended.complete(reason);
    }

    String reason() throws Exception {
        return ended.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        wires.forEach(Wire::close);
    }

    private final class Datagrams implements DatagramTransport {
        @Override
        public int getReceiveLimit() {
            return DtlsConnection.MAX_DATAGRAM_BYTES;
        }

        @Override
        public int getSendLimit() {
            return DtlsConnection.SEND_BYTES;
        }

        @Override
        public int receive(byte[] target, int offset, int length, int waitMillis) throws IOException {
            try {
                Bytes datagram = dtls.poll(waitMillis, TimeUnit.MILLISECONDS);
                if (datagram == null) {
                    return -1;
                }
                datagram.copyTo(0, target, offset, datagram.length());
                return datagram.length();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void send(byte[] source, int offset, int length) throws IOException {
            Wire wire = sending;
            if (wire != null) {
                wire.send(Arrays.copyOfRange(source, offset, offset + length));
            }
        }

        @Override
        public void close() {}
    }
}
