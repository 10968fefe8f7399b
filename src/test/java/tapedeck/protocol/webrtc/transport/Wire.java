package tapedeck.protocol.webrtc.transport;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.function.Consumer;
import tapedeck.bytes.ByteWriter;

/// A peer's end of one path: a UDP socket, or a TCP connection with frames.
abstract sealed class Wire implements AutoCloseable {
    abstract void send(byte[] datagram) throws IOException;

    abstract byte[] receive() throws IOException;

    abstract int localPort();

    @Override
    public abstract void close();

    static Wire udp(InetAddress host, int port) throws IOException {
        return new Udp(new DatagramSocket(0, host), new InetSocketAddress(host, port));
    }

    static Wire tcp(InetAddress host, int port) throws IOException {
        return new Tcp(new Socket(host, port));
    }

    /// Reads until it is closed.
    void readTo(Consumer<byte[]> target) {
        Thread.ofVirtual().name("wire").start(() -> {
            try {
                while (true) {
                    target.accept(receive());
                }
            } catch (IOException e) {
                // Closed.
            }
        });
    }

    private static final class Udp extends Wire {
        private final DatagramSocket socket;
        private final InetSocketAddress server;

        Udp(DatagramSocket socket, InetSocketAddress server) {
            this.socket = socket;
            this.server = server;
        }

        @Override
        void send(byte[] datagram) throws IOException {
            socket.send(new DatagramPacket(datagram, datagram.length, server));
        }

        @Override
        byte[] receive() throws IOException {
            DatagramPacket packet = new DatagramPacket(new byte[2_048], 2_048);
            socket.receive(packet);
            return Arrays.copyOf(packet.getData(), packet.getLength());
        }

        @Override
        int localPort() {
            return socket.getLocalPort();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    private static final class Tcp extends Wire {
        private final Socket socket;
        private final DataInputStream in;

        Tcp(Socket socket) throws IOException {
            this.socket = socket;
            socket.setTcpNoDelay(true);
            this.in = new DataInputStream(socket.getInputStream());
        }

        @Override
        void send(byte[] datagram) throws IOException {
            socket.getOutputStream()
                    .write(new ByteWriter().u16(datagram.length).bytes(datagram).toByteArray());
        }

        @Override
        byte[] receive() throws IOException {
            byte[] frame = new byte[in.readUnsignedShort()];
            in.readFully(frame);
            return frame;
        }

        @Override
        int localPort() {
            return socket.getLocalPort();
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }
}
