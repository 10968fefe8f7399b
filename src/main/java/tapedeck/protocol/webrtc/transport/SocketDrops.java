package tapedeck.protocol.webrtc.transport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// How many datagrams the kernel dropped because a UDP socket's buffer was full: a loss inside this machine that no
/// peer and no counter of ours sees. Linux alone tells.
final class SocketDrops {
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/udp"), Path.of("/proc/net/udp6"));
    /// `sl local_address …` with the address and port in hexadecimal; `drops` is the last column.
    private static final int LOCAL_ADDRESS = 1;

    private SocketDrops() {}

    /// Of all sockets on this port since they were opened; 0 where nobody counts.
    static long of(int port) {
        long drops = 0;
        for (Path table : TABLES) {
            try {
                for (String line : Files.readAllLines(table)) {
                    drops += ofLine(line, port);
                }
            } catch (IOException e) {
                // Another system, or no IPv6.
            }
        }
        return drops;
    }

    static long ofLine(String line, int port) {
        String[] columns = line.strip().split("\\s+", -1);
        if (columns.length <= LOCAL_ADDRESS || !columns[LOCAL_ADDRESS].endsWith(":%04X".formatted(port))) {
            return 0;
        }
        try {
            return Long.parseLong(columns[columns.length - 1]);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
