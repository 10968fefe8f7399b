package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramChannel;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.net.EventLoops;

/// What arrives at real sockets.
@Timeout(60)
class UdpBatchTest {
    private static final int DEADLINE_MILLIS = 20_000;

    private EventLoops loops;
    private DatagramChannel channel;
    private UdpBatch batch;
    private DatagramSocket one;
    private DatagramSocket other;

    @BeforeEach
    void open() throws Exception {
        loops = new EventLoops(1);
        channel = (DatagramChannel) new Bootstrap()
                .group(loops.group())
                .channel(loops.datagramChannel())
                .handler(new ChannelInboundHandlerAdapter())
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
        batch = new UdpBatch(channel);
        one = socket();
        other = socket();
    }

    private static DatagramSocket socket() throws Exception {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket.setReceiveBufferSize(4 << 20);
        socket.setSoTimeout(DEADLINE_MILLIS);
        return socket;
    }

    @AfterEach
    void close() {
        channel.eventLoop().submit(batch::close).syncUninterruptibly();
        loops.close();
        one.close();
        other.close();
    }

    /// Sends datagrams of these sizes in one batch, to `other` where the size is negative; asserts that each socket
    /// gets its own, in order and byte by byte.
    private void assertArrives(int... sizes) throws Exception {
        Random random = new Random(sizes.length);
        List<byte[]> forOne = new ArrayList<>();
        List<byte[]> forOther = new ArrayList<>();
        byte[] shared = new byte[2_048];
        channel.eventLoop()
                .submit(() -> {
                    for (int size : sizes) {
                        random.nextBytes(shared);
                        DatagramSocket to = size < 0 ? other : one;
                        (size < 0 ? forOther : forOne).add(Arrays.copyOfRange(shared, 7, 7 + Math.abs(size)));
                        assertTrue(
                                batch.add(shared, 7, Math.abs(size), (InetSocketAddress) to.getLocalSocketAddress()));
                    }
                    batch.flush();
                    return null;
                })
                .get();
        for (byte[] expected : forOne) {
            assertArrayEquals(expected, receive(one));
        }
        for (byte[] expected : forOther) {
            assertArrayEquals(expected, receive(other));
        }
    }

    private static byte[] receive(DatagramSocket socket) throws Exception {
        DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
        socket.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    @Test
    void packetsOfOnePictureArriveOneByOne() throws Exception {
        assertArrives(1_200, 1_200, 1_200, 1_200, 700);
    }

    @Test
    void sizesAndPeersInAnyOrder() throws Exception {
        assertArrives(100, 1_200, 1_200, -1_200, -1_200, -80, -90, 1_200, 60, 60, 60, -60, 1, 2, 3, 3, 2, 1, -1);
    }

    @Test
    void moreThanTheKernelTakesAtOnce() throws Exception {
        int[] sizes = new int[3 * UdpBatch.MAX_SEGMENTS + 5];
        Arrays.fill(sizes, 1_230);
        assertArrives(sizes);
        Arrays.fill(sizes, 90);
        assertArrives(sizes);
    }

    @Test
    void moreThanOneBufferHolds() throws Exception {
        int[] sizes = new int[1_000];
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = i % 10 == 9 ? 500 : 1_200;
            }
            assertArrives(sizes);
        }
    }

    @Test
    void nothingGoesOutAfterTheEnd() throws Exception {
        boolean taken = channel.eventLoop()
                .submit(() -> {
                    batch.close();
                    boolean added = batch.add(new byte[10], 0, 10, (InetSocketAddress) one.getLocalSocketAddress());
                    batch.flush();
                    batch = new UdpBatch(channel);
                    return added;
                })
                .get();
        assertFalse(taken);
    }
}
