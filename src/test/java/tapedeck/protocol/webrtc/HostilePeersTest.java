package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.peers.Await;
import tapedeck.protocol.webrtc.dtls.DtlsFilter;
import tapedeck.protocol.webrtc.dtls.DtlsFilterTest;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.protocol.webrtc.transport.PeerTransport;
import tapedeck.stream.StreamName;

/// What anybody on the internet may send to the port, before, during and after others connect.
@Timeout(180)
class HostilePeersTest {
    private static final int SPRAYERS = 3;
    private static final int HELLOS = 1_000;
    private static final int SET_UPS = 20;
    private static final int BAD_PACKETS = 10_000;

    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    private boolean live(String name) {
        return house.streams.find(new StreamName(name)).isPresent();
    }

    private WhipClient client(String name) throws Exception {
        return new WhipClient(house.whip(name), WhipClient.Options.of(new Codec.Opus(2, 0)));
    }

    /// A ClientHello that offers no cipher worth the name.
    private static byte[] hello(Random random) {
        byte[] clientRandom = new byte[32];
        random.nextBytes(clientRandom);
        Bytes body = new ByteWriter()
                .u16(0xFEFD)
                .bytes(clientRandom)
                .u16(0)
                .u16(2)
                .u16(0x0002)
                .u16(0x0100)
                .toBytes();
        return DtlsFilterTest.record(
                        DtlsFilter.HANDSHAKE,
                        0,
                        new ByteWriter()
                                .bytes(DtlsFilterTest.fragment(body.length(), 0, 0, body.length(), 0))
                                .bytes(body)
                                .toBytes())
                .toByteArray();
    }

    private static byte[] junk(Random random, int run) {
        byte[] junk = new byte[random.nextInt(1, 300)];
        random.nextBytes(junk);
        junk[0] = (byte) new int[] {0, 1, 20, 22, 64, 0x80, 0x90, 0xFF}[run % 8];
        return junk;
    }

    @Test
    void helloSprayAndJunkFromOthersDoNotDisturbSetUpsAndGetNoAnswer() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong answers = new AtomicLong();
        List<Thread> sprayers = new ArrayList<>();
        for (int i = 0; i < SPRAYERS; i++) {
            int seed = i;
            sprayers.add(Thread.ofVirtual().start(() -> spray(new Random(seed), done, answers)));
        }
        for (int i = 0; i < SET_UPS; i++) {
            try (WhipClient _ = client("cam" + i)) {
                String name = "cam" + i;
                Await.await(name, () -> live(name));
            }
        }
        done.set(true);
        for (Thread sprayer : sprayers) {
            sprayer.join();
        }
        assertEquals(0, answers.get());
    }

    private void spray(Random random, AtomicBoolean done, AtomicLong answers) {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setSoTimeout(1);
            for (int run = 0; !done.get() || run < HELLOS; run++) {
                byte[] datagram = run % 2 == 0 ? hello(random) : junk(random, run / 2);
                socket.send(new DatagramPacket(
                        datagram, datagram.length, InetAddress.getLoopbackAddress(), house.udpPort()));
                try {
                    socket.receive(new DatagramPacket(new byte[2_048], 2_048));
                    answers.incrementAndGet();
                } catch (SocketTimeoutException e) {
                    // As it should be.
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void badPacketsFromThePeersOwnAddressDoNotEndItsStream() throws Exception {
        Random random = new Random(3711);
        try (WhipClient client = client("cam")) {
            Await.await("stream", () -> live("cam"));
            for (int run = 0; run < BAD_PACKETS; run++) {
                client.sendRaw(run % 10 == 0 ? hello(random) : junk(random, run));
                if (run % 500 == 0) {
                    // So that the socket's buffer holds them all.
                    TimeUnit.MILLISECONDS.sleep(5);
                }
            }
            assertTrue(live("cam"));
            assertEquals(200, client.delete());
        }
    }

    @Test
    void aWrongPasswordIsNotAnswered() throws Exception {
        try (WhipClient client = client("cam");
                DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setSoTimeout(300);
            byte[] check = new StunWriter(StunMessage.BINDING_REQUEST, Bytes.wrap(new byte[12]))
                    .attribute(StunMessage.USERNAME, Bytes.ofUtf8(client.username()))
                    .integrity(new IceCredentials("x", "wrong").hmac())
                    .fingerprint()
                    .toBytes()
                    .toByteArray();
            socket.send(new DatagramPacket(check, check.length, InetAddress.getLoopbackAddress(), house.udpPort()));
            assertThrows(
                    SocketTimeoutException.class, () -> socket.receive(new DatagramPacket(new byte[2_048], 2_048)));
        }
    }

    @Test
    void aPeerThatMovesToAnotherAddressGoesOn() throws Exception {
        try (WhipClient client = client("cam")) {
            Await.await("stream", () -> live("cam"));
            // More addresses than are kept: the oldest are forgotten, the newest is where the peer is.
            for (int i = 0; i < PeerTransport.MAX_ADDRESSES + 2; i++) {
                client.move();
            }
            client.close();
        }
        Await.await("close_notify from the new address", () -> !live("cam"));
    }

    @Test
    void aPeerThatFallsSilentIsGoneAfterThirtySecondsAndNotBefore() throws Exception {
        try (WhipClient client = client("cam")) {
            Await.await("stream", () -> live("cam"));
            client.vanish();
            house.skippedNanos.set(TimeUnit.SECONDS.toNanos(25));
            TimeUnit.MILLISECONDS.sleep(5L * PeerPort.TICK_MILLIS);
            assertTrue(live("cam"));
            house.skippedNanos.set(PeerTransport.CONSENT_NANOS);
            Await.await("consent lost", () -> !live("cam"));
        }
    }
}
