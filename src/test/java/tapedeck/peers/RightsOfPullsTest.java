package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.RightsMatrix.Shown;

/// Who may and who may not, where another server comes to play: this one fetches a stream of its own; and datagrams,
/// which can show nothing.
@Tag("peer")
@Timeout(300)
class RightsOfPullsTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final int PACE = 8;
    private static final int DATAGRAM_BYTES = 7 * 188;

    @TempDir
    private Path folder;

    private final RightsMatrix matrix = new RightsMatrix(PACE);
    private byte[] transportStream;

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        transportStream =
                PlainClip.made(folder.resolve("plain.ts"), "-metadata", "service_name=in-udp", "-f", "mpegts");
        matrix.run(folder, this::judge);
        matrix.judged(Door.of(RightsOfPullsTest.class));
    }

    private void judge(TestServer server, String when, Shown shown, RightsMatrix.Row row) throws Exception {
        Pulled pulled = new Pulled(server, "in-" + when.split(" ")[0] + "-" + shown.what());
        String query = shown.query();
        row.cell(Door.RTMP_PULLED, pulled.from(server.rtmpUrl("live") + query));
        row.cell(Door.HLS_PULLED, pulled.from(server.httpUrl("/hls/live/index.m3u8") + query));
        row.cell(Door.FLV_PULLED, pulled.from(server.httpUrl("/live/live.flv") + query));
        row.cell(Door.TS_PULLED, pulled.from(server.httpUrl("/live/live.ts") + query));
        if (shown.what().equals("nothing")) {
            row.cell(Door.MPEG_TS_UDP, sent(server, row));
        }
    }

    /// Sent until it is there, or the server says that it will not be.
    private boolean sent(TestServer server, RightsMatrix.Row row) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        try (DatagramSocket socket = new DatagramSocket()) {
            String refused = "127.0.0.1:%d: ended: \"in-udp\" may not be published".formatted(socket.getLocalPort());
            for (int at = 0; !Pulled.isLive(server, "in-udp"); ) {
                assertTrue(System.nanoTime() < deadline, "neither published nor refused");
                if (row.said(refused)) {
                    return false;
                }
                int length = Math.min(DATAGRAM_BYTES, transportStream.length - at);
                socket.send(new DatagramPacket(
                        transportStream, at, length, InetAddress.getLoopbackAddress(), server.port("MPEG-TS")));
                at = at + length == transportStream.length ? 0 : at + length;
                TimeUnit.MILLISECONDS.sleep(1);
            }
            return true;
        }
    }
}
