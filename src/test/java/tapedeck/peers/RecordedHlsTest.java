package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Playlists over recordings: while they grow, afterwards, and to go back in what is live.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class RecordedHlsTest {
    private static final int SECONDS = 12;
    private static final long DEADLINE_SECONDS = 60;

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Frame> frames = TestMedia.of("h264b+aac", SECONDS);
    private TestServer server;
    private Publication publication;

    @BeforeEach
    void open() throws Exception {
        server = new TestServer(folder.resolve("data"), "hls_rewind=3600");
        publication = server.server()
                .streams()
                .publish(
                        new StreamName("tape"),
                        new Publisher(
                                Publisher.Protocol.RTMP,
                                "test",
                                "test",
                                "test",
                                Publisher.RecordWish.YES,
                                Publisher.Expects.BOTH),
                        Feedback.NONE);
        TestMedia.tracks(frames).forEach(publication::announce);
    }

    @AfterEach
    void close() throws Exception {
        publication.close();
        server.close();
    }

    private HttpResponse<String> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.httpUrl(path)));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private void write(List<Frame> some) {
        RecordedMedia.write(server.server().recordings(), publication, some);
    }

    private String await(String path, String wanted) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        HttpResponse<String> answer = get(path);
        while (!answer.body().contains(wanted)) {
            assertTrue(System.nanoTime() < deadline, answer.statusCode() + " " + answer.body());
            TimeUnit.MILLISECONDS.sleep(50);
            answer = get(path);
        }
        return answer.body();
    }

    private static double seconds(String playlist) {
        Matcher matcher = Pattern.compile("#EXTINF:([0-9.]+),").matcher(playlist);
        double sum = 0;
        while (matcher.find()) {
            sum += Double.parseDouble(matcher.group(1));
        }
        return sum;
    }

    /// The packets of both, by ffmpeg of two generations.
    private static String packets(String program, String url, String kind) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                "timeout",
                "60",
                program,
                "-nostdin",
                "-v",
                "error",
                "-i",
                url,
                "-map",
                "0:" + kind,
                "-c",
                "copy",
                "-f",
                "framehash",
                "-hash",
                "md5",
                "-"));
        assertEquals(0, result.exitCode(), result.err());
        StringBuilder hashes = new StringBuilder();
        for (String line : result.text().split("\n")) {
            if (!line.startsWith("#")) {
                hashes.append(line.substring(line.lastIndexOf(',') + 1).strip()).append('\n');
            }
        }
        return hashes.toString();
    }

    @Test
    void oneAddressGoesFromTheGrowingFileToTheFinishedOne() throws Exception {
        int half = frames.size() / 2;
        write(frames.subList(0, half));
        String growing = await("/client/records/tape.m3u8", "#EXTINF");
        assertTrue(growing.contains("#EXT-X-PLAYLIST-TYPE:EVENT\n"), growing);
        assertFalse(growing.contains("ENDLIST"), growing);
        write(frames.subList(half, frames.size()));
        String longer = await("/client/records/tape.m3u8", "#EXTINF");
        publication.close();
        Path file = server.awaitRecording("tape.mp4");
        String whole = get("/client/records/tape.m3u8").body();
        assertTrue(whole.startsWith(longer.replace("EVENT", "VOD").substring(0, growing.length() - 2)), whole);
        assertTrue(whole.endsWith("#EXT-X-ENDLIST\n"), whole);
        assertEquals(SECONDS, seconds(whole), 0.2);
        assertEquals(
                whole.replace("/tape.mp4?", "?"),
                get("/client/records/tape.mp4.m3u8").body().replace("/tape.mp4?", "?"));
        String url = server.httpUrl("/client/records/tape.m3u8");
        for (String program : List.of(Ffmpeg.ffmpeg(), "ffmpeg")) {
            assertEquals(packets(program, file.toString(), "v"), packets(program, url, "v"), program);
            assertEquals(packets(program, file.toString(), "a"), packets(program, url, "a"), program);
        }
        Ffmpeg.Result probe = Ffmpeg.run(List.of(
                "ffprobe", "-v", "error", "-show_entries", "format=duration:stream=codec_name", "-of", "csv=p=0", url));
        assertTrue(probe.text().contains("h264") && probe.text().contains("aac"), probe.text() + probe.err());
        hlsJsSeeks("/client/records/tape.m3u8");
    }

    private void hlsJsSeeks(String playlist) throws Exception {
        try (Chromium chromium = new Chromium()) {
            Page page = chromium.openUnguarded(server.httpUrl("/"));
            HlsJs.play(page, playlist, "{}");
            for (double position : new double[] {8.2, 3.7, 10.5}) {
                page.evaluate("position => { video.currentTime = position; }", position);
                page.waitForFunction("position => !video.seeking && video.currentTime > position + 0.3", position);
            }
            HlsJs.Seen seen = HlsJs.seen(page);
            assertFalse(seen.errors().contains("fatal"), seen.errors());
            assertEquals(SECONDS, ((Number) page.evaluate("video.duration")).doubleValue(), 0.3);
        }
    }

    @Test
    void aSignedLinkToThePlaylistIsGoodForWhatItNames() throws Exception {
        write(frames);
        publication.close();
        server.awaitRecording("tape.mp4");
        HttpResponse<String> signed = client.send(
                HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/recording/sign")))
                        .POST(HttpRequest.BodyPublishers.ofString("{\"fileName\": \"tape.m3u8\"}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertEquals(200, signed.statusCode(), signed.body());
        Matcher link = Pattern.compile("\"url\"\\s*:\\s*\"([^\"]+)\"").matcher(signed.body());
        assertTrue(link.find(), signed.body());
        // Somebody who comes through a proxy is not from here.
        String[] stranger = {"X-Forwarded-For", "192.0.2.7"};
        assertEquals(401, get("/client/records/tape.m3u8", stranger).statusCode());
        assertEquals(
                401, get("/client/records/tape.mp4?media=fragments", stranger).statusCode());
        HttpResponse<String> playlist = get(link.group(1), stranger);
        assertEquals(200, playlist.statusCode());
        Matcher media =
                Pattern.compile("URI=\"([^\"]+)\",BYTERANGE=\"(\\d+)@0\"").matcher(playlist.body());
        assertTrue(media.find(), playlist.body());
        HttpResponse<String> init = get(
                media.group(1),
                "X-Forwarded-For",
                "192.0.2.7",
                "Range",
                "bytes=0-" + (Integer.parseInt(media.group(2)) - 1));
        assertEquals(206, init.statusCode());
        assertTrue(init.body().contains("ftyp") && init.body().contains("moov"));
        assertEquals(404, get("/client/records/nothing.m3u8").statusCode());
    }

    @Test
    void whoeverMayPlayMayGoBack() throws Exception {
        write(frames);
        String all = await("/hls/tape/dvr.m3u8", "#EXTINF");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (seconds(all) < 8) {
            assertTrue(System.nanoTime() < deadline, all);
            TimeUnit.MILLISECONDS.sleep(50);
            all = get("/hls/tape/dvr.m3u8").body();
        }
        assertTrue(all.contains("#EXT-X-MEDIA-SEQUENCE:0\n"), all);
        String past = get("/hls/tape/index.m3u8?rewind=2").body();
        assertTrue(seconds(past) >= 2 && seconds(past) < 7, past);
        assertTrue(past.contains("\npast.mp4") && !past.contains("#EXT-X-MEDIA-SEQUENCE:0\n"), past);
        publication.close();
        Path file = server.awaitRecording("tape.mp4");
        String ended = get("/hls/tape/dvr.m3u8").body();
        assertTrue(ended.endsWith("#EXT-X-ENDLIST\n"), ended);
        assertEquals(
                packets(Ffmpeg.ffmpeg(), file.toString(), "v"),
                packets(Ffmpeg.ffmpeg(), server.httpUrl("/hls/tape/dvr.m3u8"), "v"));
        assertEquals(404, get("/hls/other/dvr.m3u8").statusCode());
        assertEquals(400, get("/hls/tape/index.m3u8?rewind=x").statusCode());
    }
}
