package tapedeck.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TcpServerTest {
    private static final int MOST = 3;
    private static final int DEADLINE_MILLIS = 30_000;

    /// Sends back what it gets.
    private record Echo(Connection connection) implements Conversation {
        @Override
        public void received(ByteBuf bytes) {
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.readBytes(copy);
            connection.send(connection.buffer(copy.length).writeBytes(copy));
        }

        @Override
        public void swept(long nowNanos) {}

        @Override
        public void ended(String reason) {}
    }

    @Test
    void oneConnectionTooManyIsClosedAndTheOthersGoOn() throws Exception {
        try (EventLoops loops = new EventLoops(1);
                TcpServer server = new TcpServer(0, loops, Optional.empty(), Echo::new, MOST)) {
            List<Socket> open = new ArrayList<>();
            for (int i = 0; i < MOST; i++) {
                open.add(connect(server));
                assertEquals(i, echoed(open.getLast(), i));
            }
            try (Socket refused = connect(server)) {
                assertEquals(-1, echoed(refused, 7));
            }
            for (Socket socket : open) {
                assertEquals(8, echoed(socket, 8));
            }
            open.getFirst().close();
            int answer = -1;
            for (long end = System.currentTimeMillis() + DEADLINE_MILLIS;
                    answer < 0 && System.currentTimeMillis() < end; ) {
                try (Socket next = connect(server)) {
                    answer = echoed(next, 9);
                }
            }
            assertEquals(9, answer, "a place that was left is given again");
            for (Socket socket : open) {
                socket.close();
            }
        }
        assertTrue(TcpServer.MAX_CONNECTIONS > MOST);
    }

    private static Socket connect(TcpServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(DEADLINE_MILLIS);
        return socket;
    }

    /// The byte that comes back, or -1 where the connection is closed.
    private static int echoed(Socket socket, int value) throws IOException {
        try {
            socket.getOutputStream().write(value);
            return socket.getInputStream().read();
        } catch (SocketException e) {
            return -1;
        }
    }
}
