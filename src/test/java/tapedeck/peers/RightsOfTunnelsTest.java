package tapedeck.peers;

import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.RightsMatrix.Shown;
import tapedeck.rights.Request;
import tapedeck.stream.Publisher;

/// Who may and who may not, where RTSP comes through HTTP, in the open and over TLS.
@Tag("peer")
@Timeout(300)
class RightsOfTunnelsTest {
    @TempDir
    private Path folder;

    private final RightsMatrix matrix = new RightsMatrix(1, Publisher.RecordWish.NO, "rtsps_port=0");

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        matrix.run(folder, this::judge);
        matrix.judged(Door.of(RightsOfTunnelsTest.class));
    }

    private void judge(TestServer server, String when, Shown shown, RightsMatrix.Row row) throws Exception {
        String name = "live/in-" + when.split(" ")[0] + "-" + shown.what();
        SSLContext trusting = Trust.ofServer(server.dataDir());
        int open = server.port("RTSP");
        int secure = server.port("RTSPS");
        row.cell(
                Door.RTSP_TUNNEL_IN,
                RightsMatrix.rtsp(RtspClient.tunnelled(open, name + "-h"), Request.Action.PUBLISH, shown));
        row.cell(
                Door.RTSP_TUNNEL_OUT,
                RightsMatrix.rtsp(RtspClient.tunnelled(open, "live/live"), Request.Action.PLAY, shown));
        row.cell(
                Door.RTSPS_TUNNEL_IN,
                RightsMatrix.rtsp(
                        RtspClient.tunnelledSecurely(secure, name + "-s", trusting), Request.Action.PUBLISH, shown));
        row.cell(
                Door.RTSPS_TUNNEL_OUT,
                RightsMatrix.rtsp(
                        RtspClient.tunnelledSecurely(secure, "live/live", trusting), Request.Action.PLAY, shown));
    }
}
