package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.peers.RightsMatrix.Shown;

/// Who may and who may not, over the ways that [RightsMatrixTest] leaves: live streams over HTTP, chunks, pulls, and
/// protocols that have no place to show anything.
@Tag("peer")
@Timeout(300)
class RightsOfOtherWaysTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final int PACE = 8;

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final RightsMatrix matrix = new RightsMatrix(PACE);
    private final byte[] chunk = new LiveFragments(TestMedia.tracks(TestMedia.h264(1)), "test", Instant.EPOCH)
            .init()
            .toByteArray();
    private byte[] transportStream;
    private byte[] flv;

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        transportStream = PlainClip.made(folder.resolve("plain.ts"), "-metadata", "service_name=in-ts", "-f", "mpegts");
        flv = PlainClip.made(folder.resolve("plain.flv"), "-metadata", "streamName=in-flv", "-f", "flv");
        matrix.run(folder, this::judge);
        matrix.judged(Door.of(RightsOfOtherWaysTest.class));
    }

    private void judge(TestServer server, String when, Shown shown, RightsMatrix.Row row) throws Exception {
        String name = "in-" + when.split(" ")[0] + "-" + shown.what();
        row.cell(Door.LIVE_FLV, got(server, "/live/live.flv", "FLV", shown));
        row.cell(Door.LIVE_TS, got(server, "/live/live.ts", "G", shown));
        row.cell(Door.LIVE_MP4, header(server, "/live/live.mp4", shown));
        row.cell(Door.LIVE_MP4_SOCKET, socket(server, "/live/live.mp4" + shown.query()));
        row.cell(Door.HLS, got(server, "/hls/live/index.m3u8", "#EXTM3U", shown));
        row.cell(Door.CHUNKS, put(server, name + "-i", shown));
        row.cell(Door.CHUNKS_SOCKET, socket(server, "/ingest/" + name + "-s" + shown.query()));
        row.cell(Door.RTSP_PULLED, pulled(server, name, shown));
        if (shown.what().equals("nothing")) {
            row.cell(Door.MPEG_TS, sent(server, "MPEG-TS", transportStream, "in-ts"));
            row.cell(Door.LIVE_FLV_IN, sent(server, "LiveFLV", flv, "in-flv"));
        }
    }

    private HttpResponse<InputStream> asked(HttpRequest.Builder request) throws Exception {
        HttpResponse<InputStream> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        assertTrue(List.of(200, 204, 401).contains(answer.statusCode()), answer.toString());
        return answer;
    }

    private static HttpRequest.Builder request(TestServer server, String path) {
        return HttpRequest.newBuilder(URI.create(server.httpUrl(path)));
    }

    /// Whether what comes begins like this; what is shown stands in the address.
    private boolean got(TestServer server, String path, String begin, Shown shown) throws Exception {
        HttpResponse<InputStream> answer = asked(request(server, path + shown.query()));
        try (InputStream body = answer.body()) {
            if (answer.statusCode() == 200) {
                assertEquals(begin, new String(body.readNBytes(begin.length())));
            }
        }
        return answer.statusCode() == 200;
    }

    /// Here it stands in a header.
    private boolean header(TestServer server, String path, Shown shown) throws Exception {
        HttpRequest.Builder request = request(server, path);
        if (!shown.header().isEmpty()) {
            request.headers(shown.header().toArray(String[]::new));
        }
        HttpResponse<InputStream> answer = asked(request);
        answer.body().close();
        return answer.statusCode() == 200;
    }

    private boolean socket(TestServer server, String path) throws Exception {
        return http.newWebSocketBuilder()
                .buildAsync(URI.create(server.httpUrl(path).replaceFirst("http", "ws")), new WebSocket.Listener() {})
                .handle((socket, refused) -> {
                    if (socket != null) {
                        socket.abort();
                        return true;
                    }
                    Throwable cause = refused instanceof CompletionException ? refused.getCause() : refused;
                    assertEquals(
                            401,
                            ((WebSocketHandshakeException) cause).getResponse().statusCode());
                    return false;
                })
                .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private boolean put(TestServer server, String name, Shown shown) throws Exception {
        HttpRequest.Builder request = request(server, "/ingest/" + name + "?session=s&seq=0&last=true")
                .PUT(HttpRequest.BodyPublishers.ofByteArray(chunk));
        if (!shown.header().isEmpty()) {
            request.headers(shown.header().toArray(String[]::new));
        }
        return asked(request).statusCode() == 204;
    }

    /// The server fetches a stream of its own.
    private static boolean pulled(TestServer server, String name, Shown shown) throws Exception {
        String user = shown.user().isEmpty() ? "" : "alice:" + Shown.encoded(shown.password()) + "@";
        return new Pulled(server, name)
                .from("rtsp://%s127.0.0.1:%d/live/live%s"
                        .formatted(user, server.port("RTSP"), user.isEmpty() ? shown.query() : ""));
    }

    /// Nothing can be shown here.
    private static boolean sent(TestServer server, String protocol, byte[] bytes, String name) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        try (Socket socket = new Socket("127.0.0.1", server.port(protocol))) {
            socket.setSoTimeout(20);
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException e) {
                return false;
            }
            while (!Pulled.isLive(server, name)) {
                assertTrue(System.nanoTime() < deadline, name);
                if (isClosed(socket)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isClosed(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }
}
