package tapedeck.protocol.webrtc.dtls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.srtp.SrtpProfile;

/// A peer that wants to be the server: then we begin.
@Timeout(120)
class DtlsClientSideTest {
    private static final int DEADLINE_SECONDS = 30;
    private static final DtlsIdentity US = DtlsIdentity.create();
    private static final DtlsIdentity PEER = DtlsIdentity.create();

    /// One of the two, and what becomes of it.
    private static final class End implements DtlsConnection.Events {
        final CompletableFuture<DtlsKeys> connected = new CompletableFuture<>();
        final CompletableFuture<String> closed = new CompletableFuture<>();
        final BlockingQueue<Bytes> data = new LinkedBlockingQueue<>();
        DtlsConnection connection;
        /// Where its datagrams go.
        DtlsConnection other;
        /// The number of the datagram that is lost, or -1.
        int lost = -1;
        private int sent;

        @Override
        public void send(Bytes datagram) {
            if (sent++ != lost) {
                other.receive(datagram);
            }
        }

        @Override
        public void connected(DtlsKeys keys) {
            connected.complete(keys);
        }

        @Override
        public void data(Bytes plain) {
            data.add(plain);
        }

        @Override
        public void closed(String reason) {
            closed.complete(reason);
        }

        DtlsKeys keys() throws Exception {
            return connected.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }

        String reason() throws Exception {
            return closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private final End us = new End();
    private final End peer = new End();

    private void shakeHands(Fingerprint promised) {
        us.connection = new DtlsConnection(US, DtlsPeer.server(promised), us);
        peer.connection = new DtlsConnection(PEER, DtlsPeer.client(US.fingerprint()), peer);
        us.other = peer.connection;
        peer.other = us.connection;
        peer.connection.start();
        us.connection.start();
    }

    @Test
    void weBeginAndBothHaveTheSameKeys() throws Exception {
        shakeHands(PEER.fingerprint());
        assertEquals(us.keys(), peer.keys().ofPeer());
        assertEquals(SrtpProfile.AEAD_AES_128_GCM, us.keys().profile());
        assertTrue(us.connection.send(Bytes.ofU8(1, 2, 3)));
        assertEquals(Bytes.ofU8(1, 2, 3), peer.data.poll(DEADLINE_SECONDS, TimeUnit.SECONDS));
        assertTrue(peer.connection.send(Bytes.ofU8(4)));
        assertEquals(Bytes.ofU8(4), us.data.poll(DEADLINE_SECONDS, TimeUnit.SECONDS));
        us.connection.close();
        assertEquals("closed", us.reason());
        assertEquals("the peer closed the connection", peer.reason());
    }

    @Test
    void aServerWithAnotherCertificateIsRefused() throws Exception {
        shakeHands(DtlsIdentity.create().fingerprint());
        assertEquals("DTLS: the peer's certificate is not the one of a=fingerprint", us.reason());
        assertFalse(us.connected.isDone());
        assertFalse(peer.connected.isDone());
        peer.connection.close();
    }

    @Test
    void eachDatagramMayBeLost() throws Exception {
        for (boolean ofUs : new boolean[] {true, false}) {
            for (int lost = 0; lost < 4; lost++) {
                DtlsClientSideTest round = new DtlsClientSideTest();
                (ofUs ? round.us : round.peer).lost = lost;
                round.shakeHands(PEER.fingerprint());
                assertEquals(round.us.keys(), round.peer.keys().ofPeer(), "lost " + lost + " of us " + ofUs);
                round.us.connection.close();
                round.us.reason();
                round.peer.reason();
            }
        }
    }
}
