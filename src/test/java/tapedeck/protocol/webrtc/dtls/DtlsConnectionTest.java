package tapedeck.protocol.webrtc.dtls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.tls.DTLSTransport;
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
        assertEquals(link.role.keys(), keys);
        client.close();
        assertEquals("the peer closed the connection", closed(link));
    }

    @Test
    void anOlderPeerGetsAesCounterMode() throws Exception {
        DtlsLink link = new DtlsLink(SERVER, SrtpProfile.AES_CM_128_HMAC_SHA1_80);
        link.connect();
        assertEquals(SrtpProfile.AES_CM_128_HMAC_SHA1_80, keys(link).profile());
        assertEquals(link.role.keys(), keys(link));
        link.server.close();
        assertEquals("closed", closed(link));
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
                assertEquals(link.role.keys(), keys(link), "lost " + lost + " from client " + fromClient);
                link.server.close();
            }
        }
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
        assertEquals(link.role.keys(), keys(link));
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
