package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.RightsMatrix.Shown;
import tapedeck.stream.Publisher;

/// Who may and who may not: each playlist of HLS and what stands in it, without the one in front of them that hands
/// out addresses, of a stream that is recorded; and HTTP over TLS.
@Tag("peer")
@Timeout(300)
class RightsOfPlaylistsTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final int PACE = 8;
    private static final Pattern SEGMENT = Pattern.compile("seg-\\d+\\.m4s");
    private static final String FIRST_SEGMENT = "seg-1.m4s";

    @TempDir
    private Path folder;

    private final HttpClient http =
            HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();
    private final RightsMatrix matrix = new RightsMatrix(PACE, Publisher.RecordWish.YES, "hls_rewind=3600");

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        matrix.run(folder, this::judge);
        matrix.judged(Door.of(RightsOfPlaylistsTest.class));
    }

    private void judge(TestServer server, String when, Shown shown, RightsMatrix.Row row) throws Exception {
        row.cell(Door.HLS_LIVE, got(server, "live.m3u8", shown));
        row.cell(Door.HLS_TS, got(server, "ts.m3u8", shown));
        row.cell(Door.HLS_DVR, got(server, "dvr.m3u8", shown));
        row.cell(Door.HLS_REWIND, got(server, "index.m3u8?rewind=5", shown));
        row.cell(Door.HLS_PAST, got(server, "past.mp4", shown));
        row.cell(Door.HLS_SEGMENT, got(server, shown.may() ? segment(server, shown) : FIRST_SEGMENT, shown));
        row.cell(Door.HTTPS, byTls(server, shown));
    }

    private HttpResponse<String> asked(TestServer server, String file, Shown shown) throws Exception {
        String query = file.contains("?") ? shown.query().replace('?', '&') : shown.query();
        return http.send(
                HttpRequest.newBuilder(URI.create(server.httpUrl("/hls/live/" + file + query)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// What is there only in a moment is asked for again by who may.
    private boolean got(TestServer server, String file, Shown shown) throws Exception {
        HttpResponse<String> answer = asked(server, file, shown);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (shown.may() && List.of(404, 503).contains(answer.statusCode())) {
            assertTrue(System.nanoTime() < deadline, file + ": " + answer.statusCode() + answer.body());
            TimeUnit.MILLISECONDS.sleep(50);
            answer = asked(server, file, shown);
        }
        assertTrue(List.of(200, 206, 401).contains(answer.statusCode()), file + ": " + answer + answer.body());
        return answer.statusCode() != 401;
    }

    private String segment(TestServer server, Shown shown) throws Exception {
        Matcher segment = SEGMENT.matcher(asked(server, "live.m3u8", shown).body());
        assertTrue(segment.find());
        return segment.group();
    }

    private static boolean byTls(TestServer server, Shown shown) throws Exception {
        try (HttpClient client = HttpClient.newBuilder()
                .sslContext(Trust.ofServer(server.dataDir()))
                .build()) {
            URI address =
                    URI.create("https://localhost:%d/live/live.flv%s".formatted(server.port("HTTPS"), shown.query()));
            HttpResponse<InputStream> answer =
                    client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofInputStream());
            answer.body().close();
            assertTrue(List.of(200, 401).contains(answer.statusCode()), answer.toString());
            client.shutdownNow();
            return answer.statusCode() == 200;
        }
    }
}
