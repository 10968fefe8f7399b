package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Await;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;

/// Which path a session has, and who may change that.
@Timeout(120)
class IceTest {
    private static final long HIGH = IcePeer.PRIORITY;
    private static final long LOW = 1_000_000;

    private final PortHouse house = new PortHouse();

    @AfterEach
    void close() {
        house.close();
    }

    private void skip(long nanos) {
        house.skippedNanos.addAndGet(nanos);
    }

    private static StunMessage nominate(IcePeer peer, Wire wire, long priority) throws Exception {
        return peer.check(wire, peer.request(priority).attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY));
    }

    @Test
    void theFirstPathIsUsedUntilOneIsNominated() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire first = peer.use(house.udp());
            Wire second = peer.use(house.udp());
            peer.check(first);
            peer.check(second);
            assertSame(first, peer.whereTheServerSends());
            peer.nominate(second);
            assertSame(second, peer.whereTheServerSends());
            // Consent on the other one changes nothing.
            peer.check(first);
            assertSame(second, peer.whereTheServerSends());
        }
    }

    @Test
    void ofSeveralNominationsAtTheStartTheBestPairWinsAndLaterTheLast() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire tcp = peer.use(house.tcp());
            Wire low = peer.use(house.udp());
            Wire high = peer.use(house.udp());
            nominate(peer, tcp, HIGH);
            assertSame(tcp, peer.whereTheServerSends());
            nominate(peer, high, HIGH);
            assertSame(high, peer.whereTheServerSends());
            nominate(peer, low, LOW);
            nominate(peer, tcp, HIGH);
            assertSame(high, peer.whereTheServerSends());
            skip(PeerTransport.SETTLING_NANOS);
            nominate(peer, low, LOW);
            assertSame(low, peer.whereTheServerSends());
        }
    }

    @Test
    void whatIsNotAuthenticatedDoesNotMoveASession() throws Exception {
        try (IcePeer peer = house.peer();
                IcePeer thief = house.peer()) {
            Wire own = house.udp();
            peer.connect(own);
            Wire other = peer.use(house.udp());
            IceCredentials right = peer.remote;
            peer.remote = new IceCredentials(right.ufrag(), "a wrong password");
            other.send(peer.sealed(peer.request().attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY)));
            peer.remote = right;
            // Without any seal; with an indication; from media alone.
            other.send(peer.request()
                    .attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY)
                    .toBytes()
                    .toByteArray());
            peer.sendMedia(other, 1);
            assertNull(peer.answer(other, 200));
            assertSame(own, peer.whereTheServerSends());
            assertEquals(0, peer.received.get());
            assertEquals(3, house.statistics().junk());
            assertFalse(thief.ended.isDone());
        }
    }

    @Test
    void anAuthenticatedPeerCannotTakeAnothersAddressWhileItsConsentIsFresh() throws Exception {
        try (IcePeer owner = house.peer();
                IcePeer other = house.peer()) {
            Wire shared = house.udp();
            owner.connect(shared);
            // Both live in this process, so that the second can send from the first one's very port.
            byte[] check = other.sealed(other.request().attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY));
            shared.send(check);
            assertNull(owner.answer(shared, 200), "no answer");
            owner.sendMedia(shared, 1);
            Await.await("the owner's media", () -> owner.received.get() == 1);
            assertEquals("nowhere", house.onLoop(other.transport::selectedPath));
            // The NAT gave the port to somebody new.
            skip(Path.KEPT_NANOS + 1);
            shared.send(check);
            Await.await("taken over", () -> house.onLoop(other.transport::selected) != null);
            assertEquals("nowhere", house.onLoop(owner.transport::selectedPath));
            assertFalse(owner.ended.isDone(), "its own consent decides");
            Wire next = owner.use(house.udp());
            owner.nominate(next);
            assertSame(next, owner.whereTheServerSends());
        }
    }

    @Test
    void aPeerThatIsNotInControlIsToldSo() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire wire = peer.use(house.udp());
            StunMessage conflict = peer.check(
                    wire,
                    peer.request()
                            .attribute(
                                    StunMessage.ICE_CONTROLLED,
                                    new ByteWriter().u64(1).toBytes()));
            assertEquals(StunMessage.BINDING_ERROR, conflict.type());
            assertEquals(487, errorCode(conflict));
            assertEquals("nowhere", house.onLoop(peer.transport::selectedPath));
            StunMessage unknown = peer.check(wire, peer.request().attribute(0x7FF0, Bytes.EMPTY));
            assertEquals(420, errorCode(unknown));
            assertEquals(StunMessage.BINDING_SUCCESS, peer.check(wire).type());
        }
    }

    private static int errorCode(StunMessage message) {
        Bytes value = message.attribute(9).orElseThrow().value();
        return value.u8(2) * 100 + value.u8(3);
    }

    @Test
    void aRestartChangesTheCredentialsAndNothingElse() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire first = house.udp();
            peer.connect(first);
            IceCredentials old = peer.remote;
            IceCredentials fresh = IceCredentials.random();
            house.port.execute(() -> peer.transport.restart(IceCredentials.random(), "replaced"));
            house.port.execute(() -> peer.transport.restart(fresh, "again"));
            // The answer is still on its way: the old ones hold.
            assertEquals(StunMessage.BINDING_SUCCESS, peer.check(first).type());
            Wire second = peer.use(house.udp());
            peer.remote = fresh;
            peer.localUfrag = "again";
            assertEquals(StunMessage.BINDING_SUCCESS, peer.nominate(second).type());
            assertSame(second, peer.whereTheServerSends());
            peer.sendMedia(second, 1);
            Await.await("media goes on", () -> peer.received.get() == 1);
            peer.remote = old;
            peer.localUfrag = peer.local.ufrag();
            first.send(peer.sealed(peer.request()));
            assertNull(peer.answer(first, 200), "the old ones are void");
            assertFalse(peer.ended.isDone());
            peer.sayGoodbye();
            assertEquals("the peer closed the connection", peer.reason());
        }
    }

    @Test
    void aPathThatNobodyChecksIsForgottenAfterThirtySecondsAndTheSessionWithItsLast() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire first = house.udp();
            peer.connect(first);
            Wire second = peer.use(house.udp());
            skip(TimeUnit.SECONDS.toNanos(20));
            peer.check(second);
            assertSame(first, peer.whereTheServerSends());
            skip(TimeUnit.SECONDS.toNanos(11));
            Await.await(
                    "the other path",
                    () -> house.onLoop(peer.transport::selected).getPort() == second.localPort());
            assertFalse(peer.ended.isDone());
            skip(PeerTransport.CONSENT_NANOS);
            assertEquals("consent lost", peer.reason());
            assertEquals(0, house.statistics().sessions());
        }
    }

    private static void heard(IcePeer peer) {
        peer.house.onLoop(() -> {
            peer.transport.heard(peer.house.port.now());
            return true;
        });
    }

    @Test
    void whoHasOnePathAndSendsMediaOnItNeedNotCheckItAgain() throws Exception {
        try (IcePeer peer = house.peer()) {
            peer.connect(house.udp());
            for (int i = 0; i < 4; i++) {
                skip(TimeUnit.SECONDS.toNanos(20));
                heard(peer);
            }
            Wire second = peer.use(house.udp());
            peer.check(second);
            assertFalse(peer.ended.isDone());
            // From here on checks decide: nobody knows which of the two media came on.
            skip(TimeUnit.SECONDS.toNanos(20));
            heard(peer);
            skip(TimeUnit.SECONDS.toNanos(11));
            assertEquals("consent lost", peer.reason());
        }
    }

    @Test
    void manySessionsLiveBehindOneAddressAndOverBothFamilies() throws Exception {
        List<IcePeer> peers = new ArrayList<>();
        List<Wire> wires = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                IcePeer peer = house.peer();
                peers.add(peer);
                InetAddress host = house.loopbacks().get(i % 2);
                Wire wire = Wire.udp(host, house.port.port());
                wires.add(wire);
                peer.connect(wire);
            }
            for (int i = 0; i < peers.size(); i++) {
                peers.get(i).sendMedia(wires.get(i), i);
                assertSame(wires.get(i), peers.get(i).whereTheServerSends());
            }
            Await.await("one packet each", () -> peers.stream().allMatch(p -> p.received.get() == 1));
        } finally {
            peers.forEach(IcePeer::close);
        }
    }

    @Test
    void aFloodOfDataIsDroppedBeforeItIsDecryptedAndTheSessionGoesOn() throws Exception {
        try (IcePeer peer = house.peer().connect(house.tcp())) {
            for (int i = 0; i < 2 * PeerTransport.MAX_DTLS_PER_SECOND; i++) {
                peer.sendData(new byte[] {1});
            }
            // Into the next second of the server, whatever the machine did meanwhile.
            skip(2_000_000_000L);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            boolean came = false;
            int taken = 0;
            while (!came && System.nanoTime() < deadline) {
                peer.sendData(new byte[] {2});
                for (Bytes next = peer.data.poll(20, TimeUnit.MILLISECONDS); next != null; next = peer.data.poll()) {
                    taken++;
                    came |= next.u8(0) == 2;
                }
            }
            assertTrue(came, "data still comes: " + taken);
            assertTrue(peer.transport.drops().matches(".*DTLS dropped [1-9].*"), peer.transport.drops());
        }
    }
}
