package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.net.EventLoops;
import tapedeck.peers.Await;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;

/// Sessions that we begin: we check the other side, nominate, shake hands, and hear whether it still wants us.
@Timeout(120)
class ControlTest {
    private static final long DEADLINE_SECONDS = 30;

    private final EventLoops loops = new EventLoops(1);
    private final DtlsIdentity identity = DtlsIdentity.create();
    private final AtomicLong skippedNanos = new AtomicLong();
    private final PeerPort calling = new PeerPort(loops, () -> System.nanoTime() + skippedNanos.get());
    private final PeerPort called = new PeerPort(loops, 0, System::nanoTime);
    private final IceCredentials ours = IceCredentials.random();
    private final IceCredentials theirs = IceCredentials.random();

    @AfterEach
    void close() {
        calling.close();
        called.close();
        loops.close();
    }

    /// What one side sees.
    private static final class Side implements PeerMedia {
        final CompletableFuture<DtlsKeys> keys = new CompletableFuture<>();
        final CompletableFuture<String> ended = new CompletableFuture<>();
        final BlockingQueue<Bytes> received = new LinkedBlockingQueue<>();

        @Override
        public void connected(DtlsKeys agreed) {
            keys.complete(agreed);
        }

        @Override
        public void received(byte[] packet, int length, long arrivalNanos) {
            received.add(Bytes.wrap(Arrays.copyOf(packet, length)));
        }

        @Override
        public void tick(long nowNanos) {}

        @Override
        public void ended(String reason) {
            ended.complete(reason);
        }
    }

    private PeerTransport caller(Side side, DtlsPeer peer, InetSocketAddress... candidates) {
        PeerTransport transport = new PeerTransport(calling, identity, ours, theirs.ufrag(), peer, side);
        transport.control(theirs, List.of(candidates));
        CompletableFuture<Boolean> added = new CompletableFuture<>();
        calling.execute(() -> added.complete(calling.add(transport)));
        assertTrue(added.join());
        return transport;
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private InetSocketAddress at(int port) {
        return new InetSocketAddress(PortHouse.LOOPBACK, port);
    }

    @ParameterizedTest
    @EnumSource
    void whoIsCalledIsReachedOnWhicheverSideOfDtls(DtlsPeer.Side itsSide) throws Exception {
        DtlsPeer.Side ourSide = itsSide == DtlsPeer.Side.CLIENT ? DtlsPeer.Side.SERVER : DtlsPeer.Side.CLIENT;
        Side there = new Side();
        PeerTransport other = new PeerTransport(
                called, identity, theirs, ours.ufrag(), new DtlsPeer(identity.fingerprint(), ourSide), there);
        called.execute(() -> called.add(other));
        Side here = new Side();
        try (DatagramSocket silent = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            PeerTransport transport = caller(
                    here, new DtlsPeer(identity.fingerprint(), itsSide), at(silent.getLocalPort()), at(called.port()));
            assertEquals(get(here.keys).local(), get(there.keys).remote());
            calling.execute(() -> {
                transport.send(Bytes.ofHex("80600000000000000000000000000000"));
                calling.flush();
            });
            assertTrue(there.received.poll(DEADLINE_SECONDS, TimeUnit.SECONDS) != null, "media goes there");
            assertEquals("udp 127.0.0.1:" + called.port(), transport.selectedPath());
            calling.execute(() -> transport.close("enough"));
        }
        assertEquals("enough", get(here.ended));
        assertEquals("the peer closed the connection", get(there.ended));
    }

    @Test
    void whoDoesNotAnswerIsGivenUp() throws Exception {
        try (DatagramSocket silent = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            Side here = new Side();
            caller(here, DtlsPeer.server(identity.fingerprint()), at(silent.getLocalPort()));
            Bytes check = received(silent);
            assertTrue(StunMessage.parse(check).has(StunMessage.ICE_CONTROLLING));
            skippedNanos.addAndGet(PeerTransport.REACH_NANOS);
            assertEquals("none of its addresses answers", get(here.ended));
        }
    }

    private static Bytes received(DatagramSocket socket) throws Exception {
        DatagramPacket packet = new DatagramPacket(new byte[2_048], 2_048);
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
        socket.receive(packet);
        return Bytes.wrap(Arrays.copyOf(packet.getData(), packet.getLength()));
    }

    private static void send(DatagramSocket from, int to, StunWriter message) throws Exception {
        byte[] bytes = message.fingerprint().toBytes().toByteArray();
        from.send(new DatagramPacket(bytes, bytes.length, PortHouse.LOOPBACK, to));
    }

    private StunWriter success(StunMessage check, InetSocketAddress from) {
        return new StunWriter(StunMessage.BINDING_SUCCESS, check.transactionId()).xorMappedAddress(from);
    }

    @Test
    void onlyAnAuthenticAnswerFromWhereItWasAskedNominates() throws Exception {
        try (DatagramSocket peer = new DatagramSocket(0, PortHouse.LOOPBACK);
                DatagramSocket stranger = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            Side here = new Side();
            InetSocketAddress us = at(calling.port());
            caller(here, DtlsPeer.server(identity.fingerprint()), at(peer.getLocalPort()));
            StunMessage first = StunMessage.parse(received(peer));
            assertTrue(first.integrityBy(theirs.hmac()) && first.fingerprintRight());
            assertFalse(first.has(StunMessage.USE_CANDIDATE), "not before it answers");
            send(peer, us.getPort(), success(first, us).integrity(ours.hmac()));
            send(stranger, us.getPort(), success(first, us).integrity(theirs.hmac()));
            send(peer, us.getPort(), success(first, us));
            assertFalse(StunMessage.parse(received(peer)).has(StunMessage.USE_CANDIDATE), "none of them counts");
            send(peer, us.getPort(), success(first, us).integrity(theirs.hmac()));
            StunMessage nomination = StunMessage.parse(received(peer));
            assertTrue(nomination.has(StunMessage.USE_CANDIDATE));
            send(peer, us.getPort(), success(nomination, us).integrity(theirs.hmac()));
            assertEquals(22, received(peer).u8(0), "a ClientHello");
        }
    }

    /// A full agent checks us too, from where nobody told us of it, and may be wrong about who is in control.
    @Test
    void aPeerThatChecksUsIsAnsweredAndCheckedBack() throws Exception {
        try (DatagramSocket peer = new DatagramSocket(0, PortHouse.LOOPBACK);
                DatagramSocket silent = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            caller(new Side(), DtlsPeer.server(identity.fingerprint()), at(silent.getLocalPort()));
            send(peer, calling.port(), check(StunMessage.ICE_CONTROLLED));
            List<Integer> types = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                types.add(StunMessage.parse(received(peer)).type());
            }
            assertEquals(List.of(StunMessage.BINDING_SUCCESS, StunMessage.BINDING_REQUEST), types);
            send(peer, calling.port(), check(StunMessage.ICE_CONTROLLING));
            Bytes conflict = received(peer);
            while (StunMessage.parse(conflict).type() == StunMessage.BINDING_REQUEST) {
                conflict = received(peer);
            }
            assertEquals(StunMessage.BINDING_ERROR, StunMessage.parse(conflict).type(), "487");
        }
    }

    private StunWriter check(int role) {
        return new StunWriter(StunMessage.BINDING_REQUEST, Bytes.wrap(new byte[StunMessage.TRANSACTION_ID_BYTES]))
                .attribute(StunMessage.USERNAME, Bytes.ofUtf8(ours.ufrag() + ":" + theirs.ufrag()))
                .attribute(StunMessage.PRIORITY, new ByteWriter().u32(1).toBytes())
                .attribute(role, new ByteWriter().u64(1).toBytes())
                .integrity(ours.hmac());
    }

    @Test
    void consentIsAskedForAndItsLossEndsTheSession() throws Exception {
        Side there = new Side();
        PeerTransport other = new PeerTransport(
                called, identity, theirs, ours.ufrag(), DtlsPeer.client(identity.fingerprint()), there);
        called.execute(() -> called.add(other));
        Side here = new Side();
        caller(here, DtlsPeer.server(identity.fingerprint()), at(called.port()));
        get(here.keys);
        for (int i = 0; i < 10; i++) {
            long checks = called.counters().datagrams.get();
            skippedNanos.addAndGet(Checks.CONSENT_PERIOD_NANOS);
            Await.await("another check", () -> called.counters().datagrams.get() > checks);
        }
        assertFalse(here.ended.isDone(), "it answers");
        skippedNanos.addAndGet(PeerTransport.CONSENT_NANOS + 1);
        assertEquals("consent lost", get(here.ended));
    }
}
