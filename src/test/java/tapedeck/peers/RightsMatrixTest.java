package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.RightsMatrix.Shown;
import tapedeck.rights.Request;

/// Who may and who may not: ffmpeg for RTMP, offers of a real Chromium for WHIP and WHEP, requests of RTSP. The other
/// ways are those of [RightsOfOtherWaysTest].
@Tag("peer")
@Timeout(600)
class RightsMatrixTest {
    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final RightsMatrix matrix = new RightsMatrix(1);
    private Path clip;

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        clip = folder.resolve("clip.flv");
        Ffmpeg.ffmpeg(
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=160x120:r=15",
                "-t",
                "1",
                "-c:v",
                "libx264",
                "-g",
                "15",
                "-f",
                "flv",
                clip.toString());
        matrix.run(folder, this::judge);
        matrix.judged(Door.of(RightsMatrixTest.class));
    }

    private void judge(TestServer server, String when, Shown shown, RightsMatrix.Row row) throws Exception {
        // The clip goes on under a name of its own, so that no publisher meets another.
        String name = "in-" + when.split(" ")[0] + "-" + shown.what();
        row.cell(Door.RTMP_IN, ffmpegPublishes(server, name, shown));
        row.cell(Door.RTMP_OUT, ffmpegPlays(server, shown));
        row.cell(Door.WHIP, posted(server, "/whip/" + name + "-w", shown) == 201);
        row.cell(Door.WHEP, posted(server, "/whep/live", shown) == 201);
        row.cell(Door.RTSP_IN, RightsMatrix.rtsp(rtsp(server, name + "-r"), Request.Action.PUBLISH, shown));
        row.cell(Door.RTSP_OUT, RightsMatrix.rtsp(rtsp(server, "live"), Request.Action.PLAY, shown));
    }

    private static RtspClient rtsp(TestServer server, String name) throws IOException {
        return new RtspClient(server.port("RTSP"), "live/" + name);
    }

    private boolean ffmpegPublishes(TestServer server, String name, Shown shown) throws InterruptedException {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                Ffmpeg.ffmpeg(),
                "-v",
                "error",
                "-i",
                clip.toString(),
                "-c",
                "copy",
                "-f",
                "flv",
                server.rtmpUrl(name) + shown.query()));
        if (result.exitCode() == 0) {
            server.awaitRecordingOf(name);
        }
        return result.exitCode() == 0;
    }

    private static boolean ffmpegPlays(TestServer server, Shown shown) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                Ffmpeg.ffmpeg(),
                "-v",
                "error",
                "-fflags",
                "nobuffer",
                "-probesize",
                "5000",
                "-analyzeduration",
                "0",
                "-rw_timeout",
                "20000000",
                "-i",
                server.rtmpUrl("live") + shown.query(),
                "-frames:v",
                "1",
                "-c",
                "copy",
                "-f",
                "null",
                "-"));
        return result.exitCode() == 0;
    }

    private int posted(TestServer server, String path, Shown shown) throws Exception {
        String offer = Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/chromium-156.sdp"));
        if (path.startsWith("/whep")) {
            offer = offer.replace("a=sendonly", "a=recvonly").replaceAll("a=(ssrc|ssrc-group|msid):.*\n", "");
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.httpUrl(path)))
                .header("Content-Type", "application/sdp")
                .POST(HttpRequest.BodyPublishers.ofString(offer));
        if (!shown.header().isEmpty()) {
            request.headers(shown.header().toArray(String[]::new));
        }
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertTrue(answer.statusCode() == 201 || answer.statusCode() == 401, answer.statusCode() + answer.body());
        if (answer.statusCode() == 201) {
            URI session = URI.create(
                    server.httpUrl(answer.headers().firstValue("Location").orElseThrow()));
            http.send(HttpRequest.newBuilder(session).DELETE().build(), HttpResponse.BodyHandlers.discarding());
        }
        return answer.statusCode();
    }
}
