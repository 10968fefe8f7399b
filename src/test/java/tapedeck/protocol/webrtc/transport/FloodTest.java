package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Await;
import tapedeck.protocol.webrtc.dtls.DtlsFilterTest;
import tapedeck.protocol.webrtc.ice.IceCredentials;

/// M7: what a port on the internet gets, at 20,000 datagrams a second.
@Timeout(180)
class FloodTest {
    private static final int FLOODERS = 3;
    private static final int JUNK_PER_SECOND = 20_000;
    private static final int MAX_BURST = 100;
    private static final int SECONDS = 4;
    private static final int LIVE = 4;
    private static final int MEDIA_PER_SECOND = 250;

    private final PortHouse house = new PortHouse();

    @AfterEach
    void close() {
        house.close();
    }

    /// One of each kind: noise of every first byte, media and DTLS of nobody, checks without a seal, with a wrong one
    /// for a real session, and of a session that is not there.
    private static List<byte[]> junk(IcePeer target, Random random) {
        List<byte[]> junk = new ArrayList<>();
        for (int first : new int[] {0, 1, 5, 16, 19, 20, 22, 23, 63, 64, 79, 127, 128, 144, 191, 192, 255}) {
            byte[] noise = new byte[random.nextInt(1, 1_400)];
            random.nextBytes(noise);
            noise[0] = (byte) first;
            junk.add(noise);
        }
        junk.add(DtlsFilterTest.record(22, 0, DtlsFilterTest.fragment(200, 0, 0, 200, 200))
                .toByteArray());
        junk.add(target.request().toBytes().toByteArray());
        junk.add(target.request().fingerprint().toBytes().toByteArray());
        junk.add(target.request()
                .integrity(new IceCredentials("x", "wrong").hmac())
                .fingerprint()
                .toBytes()
                .toByteArray());
        IceCredentials right = target.remote;
        target.remote = new IceCredentials("nobody", right.password());
        junk.add(target.sealed(target.request()));
        target.remote = right;
        return junk;
    }

    @Test
    void twentyThousandDatagramsOfJunkASecondCostLittleAndLiveSessionsNothing() throws Exception {
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger("tapedeck.protocol.webrtc");
        lines.start();
        logger.addAppender(lines);
        List<IcePeer> peers = new ArrayList<>();
        List<Wire> wires = new ArrayList<>();
        try {
            for (int i = 0; i < LIVE; i++) {
                IcePeer peer = house.peer();
                Wire wire = i % 2 == 0 ? house.udp() : house.tcp();
                peers.add(peer.connect(wire));
                wires.add(wire);
            }
            long loop = house.onLoop(() -> Thread.currentThread().threadId());
            long before = cpuNanos(loop);
            AtomicBoolean done = new AtomicBoolean();
            AtomicLong sent = new AtomicLong();
            AtomicLong answers = new AtomicLong();
            List<Thread> flooders = new ArrayList<>();
            for (int i = 0; i < FLOODERS; i++) {
                List<byte[]> junk = junk(peers.get(i), new Random(i));
                flooders.add(Thread.ofPlatform().start(() -> flood(junk, done, sent, answers)));
            }
            int packets = SECONDS * MEDIA_PER_SECOND;
            long start = System.nanoTime();
            for (int n = 0; n < packets; n++) {
                TimeUnit.NANOSECONDS.sleep(start + n * 1_000_000_000L / MEDIA_PER_SECOND - System.nanoTime());
                for (int i = 0; i < LIVE; i++) {
                    peers.get(i).sendMedia(wires.get(i), n);
                }
            }
            done.set(true);
            for (Thread flooder : flooders) {
                flooder.join();
            }
            long all = sent.get() + (long) packets * LIVE / 2;
            Await.await(
                    "all UDP was seen",
                    () -> house.statistics().junk()
                                    + peers.get(0).received.get()
                                    + peers.get(2).received.get()
                                    + SocketDrops.of(house.port.port())
                            == all);
            long drops = SocketDrops.of(house.port.port());
            assertNothingElseIsLost(peers, packets, drops);
            assertEquals(0, answers.get());
            long perDatagram = (cpuNanos(loop) - before) / (sent.get() + (long) packets * LIVE);
            assertTrue(perDatagram < 1_000_000_000L / JUNK_PER_SECOND, perDatagram + " ns of CPU for a datagram");
            assertTrue(lines.list.size() <= 10 * SECONDS, lines.list.size() + " lines");
            System.out.printf(
                    "M7: %d datagrams of junk in %d s, %d ns of the loop's CPU each, %d dropped by the kernel, %d log lines%n",
                    sent.get(), SECONDS, perDatagram, drops, lines.list.size());
        } finally {
            logger.detachAppender(lines);
            peers.forEach(IcePeer::close);
        }
    }

    /// A machine that starves the loop for tenths of a second makes the socket's buffer overflow; over TCP nothing is
    /// lost at all.
    private static void assertNothingElseIsLost(List<IcePeer> peers, int packets, long drops) {
        for (int i = 0; i < LIVE; i++) {
            int received = peers.get(i).received.get();
            assertTrue(received >= packets - (i % 2 == 0 ? drops : 0), "peer " + i + ": " + received);
        }
    }

    private static long cpuNanos(long thread) {
        return ManagementFactory.getThreadMXBean().getThreadCpuTime(thread);
    }

    /// In small bursts, as networks deliver a flood.
    private void flood(List<byte[]> junk, AtomicBoolean done, AtomicLong sent, AtomicLong answers) {
        InetSocketAddress target = new InetSocketAddress(PortHouse.LOOPBACK, house.port.port());
        try (DatagramSocket socket = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            long start = System.nanoTime();
            for (long n = 0; !done.get(); ) {
                long due = (System.nanoTime() - start) * (JUNK_PER_SECOND / FLOODERS) / 1_000_000_000L;
                if (due - n > MAX_BURST) {
                    // The machine held us up: no flood of a whole second at once.
                    start += (due - n - MAX_BURST) * 1_000_000_000L / (JUNK_PER_SECOND / FLOODERS);
                    due = n + MAX_BURST;
                }
                for (; n < due; n++) {
                    byte[] datagram = junk.get((int) (n % junk.size()));
                    socket.send(new DatagramPacket(datagram, datagram.length, target));
                    sent.incrementAndGet();
                }
                TimeUnit.MILLISECONDS.sleep(2);
            }
            socket.setSoTimeout(200);
            while (true) {
                socket.receive(new DatagramPacket(new byte[2_048], 2_048));
                answers.incrementAndGet();
            }
        } catch (SocketTimeoutException e) {
            // No answer, as it should be.
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// ASVS 17.2.6: hellos from elsewhere, and from where the peer is, while fifty set up.
    @Test
    void fiftySetUpsSucceedUnderAClientHelloSpray() throws Exception {
        Random random = new Random(50);
        byte[] hello = DtlsFilterTest.record(22, 0, hello(random)).toByteArray();
        AtomicBoolean done = new AtomicBoolean();
        List<Thread> sprayers = new ArrayList<>();
        List<IcePeer> peers = new ArrayList<>();
        AtomicLong answers = new AtomicLong();
        try {
            for (int i = 0; i < FLOODERS; i++) {
                sprayers.add(Thread.ofPlatform().start(() -> flood(List.of(hello), done, new AtomicLong(), answers)));
            }
            for (int i = 0; i < 50; i++) {
                IcePeer peer = house.peer();
                peers.add(peer);
                Wire wire = peer.use(house.udp());
                peer.nominate(wire);
                // From the very address: spoils an attempt at most.
                wire.send(hello);
                peer.shakeHands();
            }
            assertTrue(peers.stream().noneMatch(peer -> peer.ended.isDone()));
        } finally {
            done.set(true);
            for (Thread sprayer : sprayers) {
                sprayer.join();
            }
            peers.forEach(IcePeer::close);
        }
        assertEquals(0, answers.get());
    }

    /// A whole ClientHello without a cipher that anybody has.
    private static Bytes hello(Random random) {
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
        return new ByteWriter()
                .bytes(DtlsFilterTest.fragment(body.length(), 0, 0, body.length(), 0))
                .bytes(body)
                .toBytes();
    }
}
