package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.RecordedMedia;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// How far one may go back in what is recorded of a live stream, and for how long.
class RewindTest {
    private static final int MEDIA_SECONDS = 18;
    private static final int REWIND_SECONDS = 1;
    /// With what players may still have of an older playlist.
    private static final int ALLOWED_SECONDS = 2 * REWIND_SECONDS + RecordedPlaylist.TARGET_SECONDS;

    private static final long DEADLINE_SECONDS = 60;
    private static final StreamName NAME = new StreamName("tape");

    /// A byte range and its length in time, as a playlist has them.
    private record Segment(double seconds, long bytes, long offset) {
        static List<Segment> of(String playlist) {
            return Pattern.compile("#EXTINF:([0-9.]+),\\s*#EXT-X-BYTERANGE:(\\d+)@(\\d+)")
                    .matcher(playlist)
                    .results()
                    .map(Segment::of)
                    .toList();
        }

        private static Segment of(MatchResult found) {
            return new Segment(
                    Double.parseDouble(found.group(1)), Long.parseLong(found.group(2)), Long.parseLong(found.group(3)));
        }

        String range() {
            return "bytes=%d-%d".formatted(offset, offset + bytes - 1);
        }
    }

    @TempDir
    private Path dir;

    private final List<Frame> frames = TestMedia.of("h264+aac", MEDIA_SECONDS);
    private ApiServer server;
    private Publication publication;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir, "stream_record_policy_template={streamName}");
        for (String way : List.of("near", "far")) {
            RecordedHls hls = new RecordedHls(
                    server.recordings,
                    server.streams,
                    way.equals("near") ? REWIND_SECONDS : 2 * MEDIA_SECONDS,
                    server.nanos::get);
            server.routes.add("GET", "/" + way + "/*", exchange -> hls.rewind(exchange, NAME, exchange.pathRest(), ""));
        }
        publication = server.streams.publish(
                NAME,
                new Publisher(
                        Publisher.Protocol.RTMP,
                        "test",
                        "test",
                        "test",
                        Publisher.RecordWish.YES,
                        Publisher.Expects.BOTH),
                Feedback.NONE);
        TestMedia.tracks(frames).forEach(publication::announce);
        RecordedMedia.write(server.recordings, publication, frames);
    }

    @AfterEach
    void close() throws Exception {
        publication.close();
        server.close();
    }

    private String playlist(String way, double seconds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        String playlist = "";
        while (Segment.of(playlist).stream().mapToDouble(Segment::seconds).sum() < seconds) {
            assertTrue(System.nanoTime() < deadline, playlist);
            TimeUnit.MILLISECONDS.sleep(20);
            playlist = ApiServer.text(server.get("/%s/dvr.m3u8".formatted(way)));
        }
        return playlist;
    }

    private int status(String way, String... headers) throws Exception {
        return server.get("/%s/past.mp4".formatted(way), headers).statusCode();
    }

    /// Of the finished recording.
    private String ended(String way) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        String ended = "";
        while (!ended.endsWith("#EXT-X-ENDLIST\n")) {
            assertTrue(System.nanoTime() < deadline, ended);
            TimeUnit.MILLISECONDS.sleep(20);
            ended = ApiServer.text(server.get("/%s/dvr.m3u8".formatted(way)));
        }
        return ended;
    }

    @Test
    void nothingIsHadThatIsFurtherBackThanOneMayGo() throws Exception {
        String live = playlist("far", ALLOWED_SECONDS + RecordedPlaylist.TARGET_SECONDS);
        long initBytes = Long.parseLong(live.replaceFirst("(?s).*BYTERANGE=\"(\\d+)@0\".*", "$1"));
        assertEquals(206, status("near", "Range", "bytes=0-" + (initBytes - 1)), "the initialization section");
        assertEquals(403, status("near", "Range", "bytes=0-" + initBytes));
        assertEquals(403, status("near", "Range", "bytes=0-"));
        assertEquals(403, status("near"), "all of it");
        assertEquals(200, status("far"), "nothing is further back");
        publication.close();
        List<Segment> segments = Segment.of(ended("far"));
        double behind = MEDIA_SECONDS;
        int refused = 0;
        for (Segment segment : segments) {
            behind -= segment.seconds();
            int status = status("near", "Range", segment.range());
            if (behind < ALLOWED_SECONDS - 0.5) {
                assertEquals(206, status, behind + " s before the end");
            } else if (behind > ALLOWED_SECONDS + 0.5) {
                assertEquals(403, status, behind + " s before the end");
                refused++;
            }
            assertEquals(206, status("far", "Range", segment.range()));
        }
        assertTrue(refused > 0, segments.toString());
        for (Segment listed : Segment.of(ended("near"))) {
            assertEquals(206, status("near", "Range", listed.range()));
        }
    }

    @Test
    void whoGoesOnAskingHasItForAWhileAfterTheEndAndNotForEver() throws Exception {
        playlist("far", ALLOWED_SECONDS + RecordedPlaylist.TARGET_SECONDS);
        publication.close();
        String ended = ended("far");
        server.nanos.addAndGet(RecordedHls.AFTERWARDS_NANOS * 2 / 3);
        assertEquals(ended, ApiServer.text(server.get("/far/dvr.m3u8")));
        server.nanos.addAndGet(RecordedHls.AFTERWARDS_NANOS * 2 / 3);
        assertEquals(404, server.get("/far/dvr.m3u8").statusCode());
    }
}
