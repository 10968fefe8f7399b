package bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/// Sends one transport stream N times over TCP at the speed of its clock. Without its SDT, so that each is named after
/// its port: `java bench.TsLoad PORT STREAMS FILE VIDEO AUDIO`, the last two being the packets in it.
final class TsLoad {
    private static final int PACKET_BYTES = 188;
    private static final int SDT_PID = 0x11;

    private TsLoad() {}

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        PacedClip clip = read(Files.readAllBytes(Path.of(arguments[2])));
        boolean complete = clip.send(
                Integer.parseInt(arguments[1]), _ -> SocketChannel.open(server), _ -> {}, arguments[3], arguments[4]);
        System.exit(complete ? 0 : 1);
    }

    private static PacedClip read(byte[] file) {
        PacedClip clip = new PacedClip(file.length);
        clip.due(0);
        long first = -1;
        for (int at = 0; at + PACKET_BYTES <= file.length; at += PACKET_BYTES) {
            int pid = (file[at + 1] & 0x1F) << 8 | file[at + 2] & 0xFF;
            if (pid == SDT_PID) {
                continue;
            }
            boolean clock = (file[at + 3] & 0x20) != 0 && file[at + 4] != 0 && (file[at + 5] & 0x10) != 0;
            if (clock) {
                long ticks = (file[at + 6] & 0xFFL) << 25
                        | (file[at + 7] & 0xFF) << 17
                        | (file[at + 8] & 0xFF) << 9
                        | (file[at + 9] & 0xFF) << 1
                        | (file[at + 10] & 0xFF) >> 7;
                first = first < 0 ? ticks : first;
                clip.due((ticks - first) * 100_000 / 9);
            }
            clip.add(file, at, PACKET_BYTES);
        }
        return clip;
    }
}
