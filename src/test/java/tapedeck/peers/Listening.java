package tapedeck.peers;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/// Ports for programs that cannot say which one they took.
public final class Listening {
    /// Below those that the system gives away by itself.
    private static final int FIRST_PORT = 20_000;

    private static final int PORTS = 10_000;
    /// Of RTP and RTCP, of sound and picture.
    private static final int IN_A_ROW = 4;
    /// `TCP_LISTEN` in `/proc/net/tcp`.
    private static final String LISTENS = "0A";

    private Listening() {}

    /// An even port, which is free together with the three behind it.
    public static int freePort() {
        for (int attempt = 0; attempt < 100; attempt++) {
            int port = FIRST_PORT + 2 * ThreadLocalRandom.current().nextInt(PORTS / 2);
            boolean free = true;
            for (int one = port; one < port + IN_A_ROW; one++) {
                free &= isFree(one);
            }
            if (free) {
                return port;
            }
        }
        throw new AssertionError("no free ports");
    }

    private static boolean isFree(int port) {
        try (ServerSocket tcp = new ServerSocket();
                DatagramSocket udp = new DatagramSocket(null)) {
            tcp.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            udp.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    /// Waits until a program listens, without connecting: many take one connection only.
    ///
    /// @param kind `tcp` or `udp`
    public static void await(String kind, int port, Process program) {
        Await.await("somebody listens at " + port, () -> isBound(kind, port) || !program.isAlive());
    }

    /// @param kind `tcp` or `udp`
    public static boolean isBound(String kind, int port) {
        String hexadecimal = ":%04X".formatted(port);
        for (String table : List.of(kind, kind + "6")) {
            try {
                for (String line : Files.readAllLines(Path.of("/proc/net", table))) {
                    // `sl local remote state …`
                    String[] words = line.strip().toUpperCase(Locale.ROOT).split("\\s+");
                    if (words[1].endsWith(hexadecimal) && (kind.equals("udp") || words[3].equals(LISTENS))) {
                        return true;
                    }
                }
            } catch (IOException _) {
                // There is no IPv6.
            }
        }
        return false;
    }
}
