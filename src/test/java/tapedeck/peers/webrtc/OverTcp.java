package tapedeck.peers.webrtc;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;

/// A client's way to the server where only TCP passes: what one client sends to [#port()] goes over one TCP connection,
/// framed as RFC 4571 2 has it, and what comes back the other way.
public final class OverTcp implements AutoCloseable {
    private final DatagramSocket client =
            new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    private final Socket server;
    private volatile SocketAddress from = client.getLocalSocketAddress();
    private volatile long toServer;
    private volatile long toClient;

    public OverTcp(int serverPort) throws IOException {
        server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
        server.setTcpNoDelay(true);
        Thread.ofVirtual().start(this::carryToServer);
        Thread.ofVirtual().start(this::carryToClient);
    }

    public int port() {
        return client.getLocalPort();
    }

    /// Datagrams that the client sent.
    public long toServer() {
        return toServer;
    }

    /// Datagrams that the server sent.
    public long toClient() {
        return toClient;
    }

    /// The SDP with this instead of the server's UDP candidates, and without its TCP ones.
    public String rewrite(String sdp) {
        StringBuilder out = new StringBuilder();
        for (String line : sdp.split("\r\n")) {
            String[] words = line.split(" ");
            if (line.startsWith("a=candidate:")) {
                if (!words[2].equalsIgnoreCase("udp")) {
                    continue;
                }
                words[5] = Integer.toString(port());
            }
            out.append(String.join(" ", words)).append("\r\n");
        }
        return out.toString();
    }

    private void carryToServer() {
        try {
            DataOutputStream out = new DataOutputStream(server.getOutputStream());
            byte[] frame = new byte[2_050];
            DatagramPacket packet = new DatagramPacket(frame, 2, 2_048);
            while (true) {
                packet.setLength(2_048);
                client.receive(packet);
                from = packet.getSocketAddress();
                frame[0] = (byte) (packet.getLength() >> 8);
                frame[1] = (byte) packet.getLength();
                out.write(frame, 0, 2 + packet.getLength());
                toServer++;
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void carryToClient() {
        try {
            DataInputStream in = new DataInputStream(server.getInputStream());
            byte[] packet = new byte[65_535];
            while (true) {
                int length = in.readUnsignedShort();
                in.readFully(packet, 0, length);
                client.send(new DatagramPacket(packet, length, from));
                toClient++;
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }
}
