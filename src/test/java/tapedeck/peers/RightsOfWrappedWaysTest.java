package tapedeck.peers;

import java.io.IOException;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.RightsMatrix.Shown;
import tapedeck.rights.Request;
import tapedeck.stream.Publisher;

/// Who may and who may not, where a protocol comes within another one: RTMP over TLS and through HTTP, RTSP over TLS.
@Tag("peer")
@Timeout(300)
class RightsOfWrappedWaysTest {
    @TempDir
    private Path folder;

    private final RightsMatrix matrix = new RightsMatrix(1, Publisher.RecordWish.NO, "rtsps_port=0");

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        matrix.run(folder, this::judge);
        matrix.judged(Door.of(RightsOfWrappedWaysTest.class));
    }

    private void judge(TestServer server, String when, Shown shown, RightsMatrix.Row row) throws Exception {
        String name = "in-" + when.split(" ")[0] + "-" + shown.what();
        SSLContext trusting = Trust.ofServer(server.dataDir());
        row.cell(
                Door.RTMPS_IN,
                RightsMatrix.rtmp(
                        RtmpClient.secured(server.port("RTMPS"), trusting),
                        Request.Action.PUBLISH,
                        name + "-s",
                        shown));
        row.cell(
                Door.RTMPS_OUT,
                RightsMatrix.rtmp(
                        RtmpClient.secured(server.port("RTMPS"), trusting), Request.Action.PLAY, "live", shown));
        row.cell(Door.RTMPT_IN, rtmpt(server.port("RTMPT"), Request.Action.PUBLISH, name + "-t", shown));
        row.cell(Door.RTMPT_OUT, rtmpt(server.port("HTTP"), Request.Action.PLAY, "live", shown));
        row.cell(
                Door.RTSPS_IN,
                RightsMatrix.rtsp(
                        RtspClient.secured(server.port("RTSPS"), "live/" + name + "-r", trusting),
                        Request.Action.PUBLISH,
                        shown));
        row.cell(
                Door.RTSPS_OUT,
                RightsMatrix.rtsp(
                        RtspClient.secured(server.port("RTSPS"), "live/live", trusting), Request.Action.PLAY, shown));
    }

    private static boolean rtmpt(int port, Request.Action action, String name, Shown shown) throws IOException {
        try (RtmptPipe pipe = new RtmptPipe(port)) {
            return RightsMatrix.rtmp(RtmpClient.open(pipe.port()), action, name, shown);
        }
    }
}
