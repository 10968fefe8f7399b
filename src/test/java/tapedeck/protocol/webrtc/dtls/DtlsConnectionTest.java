package tapedeck.protocol.webrtc.dtls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.KeyExchangeAlgorithm;
import org.bouncycastle.tls.TlsUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.srtp.SrtpProfile;

/// Whole handshakes with a real client.
@Timeout(120)
class DtlsConnectionTest {
    private static final DtlsIdentity SERVER = DtlsIdentity.create();

    private static DtlsKeys keys(DtlsLink link) throws Exception {
        return link.connected.get(DtlsLink.DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private static String closed(DtlsLink link) throws Exception {
        return link.closed.get(DtlsLink.DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void bothSidesDeriveTheSameKeysAndGcmIsPreferred() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AES_CM_128_HMAC_SHA1_80, SrtpProfile.AEAD_AES_128_GCM);
        DTLSTransport client = link.connect();
        DtlsKeys keys = keys(link);
        assertEquals(SrtpProfile.AEAD_AES_128_GCM, keys.profile());
        assertEquals(link.role.keys().ofPeer(), keys);
        client.close();
        assertEquals("the peer closed the connection", closed(link));
    }

    @Test
    void anotherServerHasAnotherKey() {
        assertNotEquals(SERVER.fingerprint(), DtlsIdentity.create().fingerprint());
    }

    /// Between the same two, too: whoever wants new keys begins again.
    @Test
    void eachSessionHasKeysOfItsOwn() throws Exception {
        DtlsLink first = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
        first.connect();
        DtlsLink second = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
        second.connect();
        assertNotEquals(keys(first).remote(), keys(second).remote());
        assertNotEquals(keys(first).local(), keys(second).local());
        assertNotEquals(keys(first).local(), keys(first).remote());
        first.server.close();
        second.server.close();
        assertEquals("closed", closed(first));
        assertEquals("closed", closed(second));
    }

    @Test
    void onlyAuthenticatedEncryptionWithForwardSecrecyIsSpoken() throws Exception {
        for (int suite : new DtlsServerRole(SERVER, SERVER.fingerprint()).getSupportedCipherSuites()) {
            assertTrue(TlsUtils.isAEADCipherSuite(suite), "suite " + suite);
            assertEquals(KeyExchangeAlgorithm.ECDHE_ECDSA, TlsUtils.getKeyExchangeAlgorithm(suite));
        }
    }

    @Test
    void anOlderPeerGetsAesCounterMode() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AES_CM_128_HMAC_SHA1_80);
        link.connect();
        assertEquals(SrtpProfile.AES_CM_128_HMAC_SHA1_80, keys(link).profile());
        assertEquals(link.role.keys().ofPeer(), keys(link));
        link.server.close();
        assertEquals("closed", closed(link));
    }

    @Test
    void applicationDataGoesBothWaysAndDamageIsDropped() throws Exception {
        for (SrtpProfile profile : SrtpProfile.values()) {
            DtlsLink link = new DtlsLink(SERVER, profile);
            assertFalse(link.server.send(Bytes.ofU8(1)), "nobody is there yet");
            DTLSTransport client = link.connect();
            keys(link);
            byte[] longest = new byte[tapedeck.protocol.webrtc.sctp.SctpAssociation.MAX_PACKET_BYTES];
            new Random(1).nextBytes(longest);
            int[] largest = {0};
            link.passes = (fromClient, datagram) -> {
                largest[0] = Math.max(largest[0], datagram.length());
                return true;
            };
            client.send(longest, 0, longest.length);
            assertEquals(Bytes.wrap(longest), link.data.poll(DtlsLink.DEADLINE_SECONDS, TimeUnit.SECONDS));
            link.server.receive(DtlsFilterTest.record(DtlsFilter.APPLICATION_DATA, 1, Bytes.wrap(longest)));
            assertTrue(link.server.send(Bytes.wrap(longest)));
            byte[] received = new byte[DtlsConnection.MAX_DATAGRAM_BYTES];
            int length = client.receive(received, 0, received.length, 30_000);
            assertEquals(Bytes.wrap(longest), Bytes.wrap(received, 0, length));
            assertTrue(largest[0] <= DtlsConnection.SEND_BYTES, largest[0] + " bytes");
            client.send(new byte[] {7}, 0, 1);
            assertEquals(Bytes.ofU8(7), link.data.poll(DtlsLink.DEADLINE_SECONDS, TimeUnit.SECONDS));
            client.close();
            closed(link);
        }
    }

    @Test
    void theWarmUpShakesHandsAndOpensItsOwnPackets() {
        assertTrue(WarmUp.run(SERVER));
    }

    @Test
    void aPeerWithAnotherCertificateIsRefused() throws Exception {
        DtlsIdentity other = DtlsIdentity.create();
        DtlsLink link = new DtlsLink(SERVER, other.fingerprint(), SrtpProfile.AEAD_AES_128_GCM);
        assertThrows(IOException.class, link::connect);
        assertEquals("DTLS: the peer's certificate is not the one of a=fingerprint", closed(link));
        assertFalse(link.connected.isDone());
    }

    @Test
    void eachDatagramMayBeLost() throws Exception {
        for (boolean fromClient : new boolean[] {true, false}) {
            for (int lost = 0; lost < 5; lost++) {
                DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
                int number = lost;
                link.arrives = (client, n) -> client != fromClient || n != number;
                try {
                    link.connect();
                } catch (IOException e) {
                    throw new AssertionError("lost " + lost + " from client " + fromClient, e);
                }
                assertEquals(link.role.keys().ofPeer(), keys(link), "lost " + lost + " from client " + fromClient);
                link.server.close();
            }
        }
    }

    /// N11. RFC 6347 4.2.4: the flights are ClientHello; ServerHello to ServerHelloDone; Certificate to Finished;
    /// ChangeCipherSpec and Finished.
    @Test
    void eachFlightMayBeLostOnceAndTwice() throws Exception {
        for (int times = 1; times <= 2; times++) {
            for (Flight flight : Flight.values()) {
                DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
                AtomicInteger begun = new AtomicInteger();
                link.passes = flight.lost(times, begun);
                long start = System.nanoTime();
                link.connect();
                assertEquals(link.role.keys().ofPeer(), keys(link), flight + " lost " + times);
                assertTrue(begun.get() > times, flight + " was sent " + begun + " times");
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                assertTrue(millis <= 5_000, flight + " lost " + times + " times: " + millis + " ms");
                link.server.close();
                assertEquals("closed", closed(link));
            }
        }
    }

    private enum Flight {
        CLIENT_HELLO(true, 1, 1),
        SERVER_HELLO(false, 1, 2),
        CLIENT_CERTIFICATE(true, 2, 11),
        SERVER_FINISHED(false, 2, DtlsFilter.CHANGE_CIPHER_SPEC);

        private final boolean ofClient;
        private final int number;
        /// Handshake type of its first message, or ChangeCipherSpec.
        private final int begin;

        Flight(boolean ofClient, int number, int begin) {
            this.ofClient = ofClient;
            this.number = number;
            this.begin = begin;
        }

        /// Loses all datagrams of this flight until it was begun more than `times` times.
        BiPredicate<Boolean, Bytes> lost(int times, AtomicInteger begun) {
            return (fromClient, datagram) -> {
                if (fromClient != ofClient || numberOf(fromClient, datagram) != number) {
                    return true;
                }
                int first = datagram.u8(0) == DtlsFilter.HANDSHAKE ? datagram.u8(13) : datagram.u8(0);
                return (first == begin ? begun.incrementAndGet() : begun.get()) > times;
            };
        }

        private static int numberOf(boolean client, Bytes datagram) {
            boolean hello = datagram.u8(0) == DtlsFilter.HANDSHAKE && datagram.u16(3) == 0 && datagram.u8(13) == 1;
            boolean sealed = datagram.u8(0) == DtlsFilter.CHANGE_CIPHER_SPEC || datagram.u16(3) > 0;
            return (client ? hello : !sealed) ? 1 : 2;
        }
    }

    @Test
    void flightsFitAnMtuOf600AndAPeersFragmentsAreJoined() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
        int udpAndIp = 28;
        AtomicInteger largest = new AtomicInteger();
        // A peer that fragments more than it must.
        link.sendLimit = 100;
        link.passes = (client, datagram) -> {
            if (!client) {
                largest.accumulateAndGet(datagram.length(), Math::max);
            }
            return datagram.length() <= 600 - udpAndIp;
        };
        link.connect();
        assertEquals(link.role.keys().ofPeer(), keys(link));
        assertTrue(largest.get() > 0 && largest.get() <= 600 - udpAndIp, "largest " + largest);
        link.server.close();
    }

    @Test
    void aDuplicateCloseNotifyIsNothing() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
        DTLSTransport client = link.connect();
        keys(link);
        link.passes = (fromClient, datagram) -> {
            if (fromClient && datagram.u8(0) == DtlsFilter.ALERT) {
                link.server.receive(datagram);
                link.server.receive(datagram);
            }
            return true;
        };
        client.close();
        assertEquals("the peer closed the connection", closed(link));
    }

    /// L5: they compute in turns, and each one gets its turn.
    @Test
    void aStormOfHandshakesIsServedInTurns() throws Exception {
        DtlsIdentity identity = DtlsIdentity.create();
        List<DtlsLink> links = new ArrayList<>();
        List<Thread> clients = new ArrayList<>();
        // One that never says anything has no turn while it is waited for.
        DtlsLink silent = new DtlsLink(identity, SrtpProfile.AEAD_AES_128_GCM);
        silent.server.start();
        for (int i = 0; i < 100; i++) {
            DtlsLink link = new DtlsLink(identity, SrtpProfile.AEAD_AES_128_GCM);
            links.add(link);
            clients.add(Thread.ofVirtual().start(() -> {
                try {
                    link.connect();
                } catch (IOException e) {
                    link.connected.completeExceptionally(e);
                }
            }));
        }
        for (DtlsLink link : links) {
            keys(link);
        }
        for (Thread client : clients) {
            client.join();
        }
        links.forEach(link -> link.server.close());
        silent.server.close();
        for (DtlsLink link : links) {
            assertEquals("closed", closed(link));
        }
        assertEquals("closed", closed(silent));
        assertEquals(
                Math.max(1, Runtime.getRuntime().availableProcessors() / 2),
                identity.turns().availablePermits());
    }

    @Test
    void junkAndBadHellosBeforeAndAfterTheHandshakeDoNotEndIt() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
        link.server.start();
        Random random = new Random(7);
        for (int i = 0; i < 20; i++) {
            link.server.receive(badHello(random));
        }
        link.server.receive(DtlsFilterTest.record(DtlsFilter.ALERT, 0, Bytes.ofU8(2, 40)));
        DTLSTransport client = new org.bouncycastle.tls.DTLSClientProtocol().connect(link.role, link);
        assertEquals(link.role.keys().ofPeer(), keys(link));
        // No more than the queue holds: close_notify shall find room.
        for (int i = 0; i < DtlsConnection.MAX_QUEUED_DATAGRAMS / 4 - 1; i++) {
            link.server.receive(badHello(random));
            byte[] junk = new byte[random.nextInt(1, 200)];
            random.nextBytes(junk);
            link.server.receive(Bytes.wrap(junk));
            link.server.receive(DtlsFilterTest.record(DtlsFilter.ALERT, 1, Bytes.wrap(junk)));
            link.server.receive(DtlsFilterTest.record(DtlsFilter.HANDSHAKE, 1, Bytes.wrap(junk)));
        }
        client.close();
        assertEquals("the peer closed the connection", closed(link));
    }

    /// A well-formed fragment around a ClientHello that means nothing.
    private static Bytes badHello(Random random) {
        byte[] content = new byte[80];
        random.nextBytes(content);
        return DtlsFilterTest.record(
                DtlsFilter.HANDSHAKE,
                0,
                new tapedeck.bytes.ByteWriter()
                        .bytes(DtlsFilterTest.fragment(80, 0, 0, 80, 0))
                        .bytes(content)
                        .toBytes());
    }

    @Test
    void aHundredBombsCostNoMemory() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AEAD_AES_128_GCM);
        link.server.start();
        for (int i = 0; i < 100; i++) {
            assertFalse(link.server.receive(DtlsFilterTest.bomb()));
        }
        long allocated = allocatedBy(() -> {
            // As large as the filter lets through: what the library may at most allocate for them.
            for (int i = 0; i < 100; i++) {
                link.server.receive(DtlsFilterTest.record(
                        DtlsFilter.HANDSHAKE,
                        0,
                        DtlsFilterTest.fragment(DtlsFilter.MAX_MESSAGE_BYTES, i % 16, 0, 1, 1)));
            }
        });
        assertTrue(allocated < 5 << 20, allocated + " bytes");
        link.server.close();
        closed(link);
    }

    /// Bytes in use afterwards that were not before.
    private static long allocatedBy(Runnable work) {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        long before = runtime.totalMemory() - runtime.freeMemory();
        work.run();
        System.gc();
        return runtime.totalMemory() - runtime.freeMemory() - before;
    }
}
