package tapedeck.faults;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;

/// Junk for a WebRTC port, from anybody on the internet: connectivity checks of sessions that are not, DTLS hellos, RTP
/// of nobody, and noise; at a steady rate, from several sockets, whose answers are measured.
final class Junk implements AutoCloseable {
    private static final int SOCKETS = 8;
    private static final int KINDS = 400;
    private static final int MOST_BYTES = 1_200;
    private static final int STUN_HEADER_BYTES = 20;
    private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final List<DatagramChannel> sockets = new ArrayList<>();
    private final List<byte[]> datagrams = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(65_536);
    private final int packetsPerSecond;
    private final Thread thread;
    private volatile boolean closed;
    private volatile long sent;
    private volatile long answers;
    private volatile int largestExcessBytes = Integer.MIN_VALUE;

    Junk(int port, int packetsPerSecond, Random random) throws IOException {
        this.packetsPerSecond = packetsPerSecond;
        InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        for (int i = 0; i < SOCKETS; i++) {
            DatagramChannel socket = DatagramChannel.open().connect(server);
            socket.configureBlocking(false);
            sockets.add(socket);
        }
        for (int i = 0; i < KINDS; i++) {
            datagrams.add(datagram(random, i));
        }
        thread = Thread.ofPlatform().daemon().name("junk").start(this::run);
    }

    long sent() {
        return sent;
    }

    long answers() {
        return answers;
    }

    /// By how much the largest answer was larger than what it answers; far below 0 if there were none.
    int largestExcessBytes() {
        return largestExcessBytes;
    }

    private static byte[] datagram(Random random, int kind) {
        return switch (kind % 4) {
            case 0 -> check(random);
            case 1 -> filled(random, 16, 254, 253);
            case 2 -> filled(random, 0x80, 96 + random.nextInt(32), random.nextInt(256));
            default -> filled(random, random.nextInt(256), random.nextInt(256), random.nextInt(256));
        };
    }

    /// RFC 8445 7.2.5, whole, for a session that nobody knows. An answer has its transaction: it ends with our length.
    private static byte[] check(Random random) {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        random.nextBytes(id);
        StunWriter writer = new StunWriter(StunMessage.BINDING_REQUEST, numbered(id, 0))
                .attribute(
                        StunMessage.USERNAME,
                        Bytes.ofUtf8(IceCredentials.random().ufrag() + ":abcd"))
                .attribute(
                        StunMessage.PRIORITY, new ByteWriter().u32(1853817087).toBytes())
                .attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY);
        byte[] check = random.nextBoolean()
                ? writer.fingerprint().toBytes().toByteArray()
                : writer.integrity(IceCredentials.random().hmac())
                        .fingerprint()
                        .toBytes()
                        .toByteArray();
        check[STUN_HEADER_BYTES - 1] = (byte) check.length;
        return check;
    }

    private static Bytes numbered(byte[] id, int number) {
        id[id.length - 1] = (byte) number;
        return Bytes.wrap(id);
    }

    /// Noise behind three bytes: DTLS by its kind and version, RTP by its version and type.
    private static byte[] filled(Random random, int first, int second, int third) {
        byte[] datagram = new byte[random.nextInt(13, MOST_BYTES)];
        random.nextBytes(datagram);
        boolean dtls = first == 16;
        datagram[0] = (byte) (dtls ? 20 + random.nextInt(5) : first);
        datagram[1] = (byte) second;
        datagram[2] = (byte) third;
        if (dtls) {
            // Its length is right, so that it passes for a record.
            datagram[11] = (byte) (datagram.length - 13 >> 8);
            datagram[12] = (byte) (datagram.length - 13);
        }
        return datagram;
    }

    private void run() {
        try {
            long start = System.nanoTime();
            while (!closed) {
                long due = (System.nanoTime() - start) / 1_000 * packetsPerSecond / 1_000_000;
                // What this thread could not send in time, because the machine is busy, comes late but comes.
                for (int i = 0; sent < due && i < packetsPerSecond / 20; i++) {
                    send((int) (sent % KINDS));
                    sent++;
                }
                for (DatagramChannel socket : sockets) {
                    receive(socket);
                }
                LockSupport.parkNanos(TURN_NANOS);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void send(int kind) throws IOException {
        byte[] datagram = datagrams.get(kind);
        sockets.get((int) (sent % SOCKETS)).write(buffer.clear().put(datagram).flip());
    }

    private void receive(DatagramChannel socket) throws IOException {
        while (socket.read(buffer.clear()) > 0) {
            answers++;
            int length = buffer.flip().remaining();
            boolean stun = length >= STUN_HEADER_BYTES && buffer.get(0) < 2;
            // What is no STUN answers nothing that we know: anything is too much.
            int asked = stun ? buffer.get(STUN_HEADER_BYTES - 1) & 0xFF : 0;
            largestExcessBytes = Math.max(largestExcessBytes, length - asked);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        closed = true;
        thread.join();
        for (DatagramChannel socket : sockets) {
            socket.close();
        }
    }
}
