package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.container.ts.TsDemuxer;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// HLS in MPEG-TS.
class HlsTransportTest {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private LiveHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new LiveHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    private CompletableFuture<HttpResponse<String>> asked(String path) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return house.text("GET", path);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    private static List<String> all(String pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile(pattern, Pattern.MULTILINE).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    /// The pictures, as far as a transport stream leaves them as they were: without delimiters and parameter sets.
    private static List<Integer> pictures(List<Frame> frames) {
        List<Integer> hashes = new ArrayList<>();
        for (Frame frame : frames) {
            if (frame.track().codec() instanceof Codec.H264) {
                hashes.add(H264.accessUnit(H264.nalUnits(frame.data()).stream()
                                .filter(nal -> H264.nalUnitType(nal.u8(0)) <= H264.NAL_IDR)
                                .toList())
                        .hashCode());
            }
        }
        return hashes;
    }

    @Test
    void segmentsAreCutAtTheSamePlacesAndEachBeginsAnew() throws Exception {
        List<Frame> frames = TestMedia.of("h264b+aac", 6);
        Publication publication = house.publish("a");
        TestMedia.tracks(frames).forEach(publication::announce);
        CompletableFuture<HttpResponse<String>> ts = asked("/hls/a/ts.m3u8");
        await("a reader", () -> publication.stream().statistics().liveReaders() == 1);
        long next = SECOND_NANOS;
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= next) {
                next += SECOND_NANOS;
                TimeUnit.MILLISECONDS.sleep(150);
            }
            publication.write(frame);
        }
        publication.close();
        assertEquals(200, ts.get(60, TimeUnit.SECONDS).statusCode(), ts.join().body());
        String playlist = ts.join().body();
        long deadline = System.nanoTime() + 60 * SECOND_NANOS;
        while (!playlist.contains("#EXT-X-ENDLIST")) {
            assertTrue(System.nanoTime() < deadline, playlist);
            TimeUnit.MILLISECONDS.sleep(100);
            playlist = house.text("GET", "/hls/a/ts.m3u8").body();
        }
        assertTrue(playlist.startsWith("#EXTM3U\n#EXT-X-VERSION:3\n"), playlist);
        assertFalse(playlist.contains("PART") || playlist.contains("MAP"), playlist);
        String fragments = house.text("GET", "/hls/a/live.m3u8").body();
        assertEquals(all("^seg-(\\d+)\\.m4s$", fragments), all("^seg-(\\d+)\\.ts$", playlist));
        assertEquals(all("EXTINF:(.*),", fragments), all("EXTINF:(.*),", playlist));
        List<Frame> together = new ArrayList<>();
        for (String segment : all("^(seg-.*)$", playlist)) {
            HttpResponse<InputStream> answer = house.get("/hls/a/" + segment);
            assertEquals(
                    "video/mp2t", answer.headers().firstValue("Content-Type").orElse(""));
            List<Frame> own = new ArrayList<>();
            TsDemuxer demuxer = new TsDemuxer(own::add);
            demuxer.receive(Bytes.wrap(answer.body().readAllBytes()));
            demuxer.end();
            Frame first = own.stream()
                    .filter(frame -> frame.track().isVideo())
                    .findFirst()
                    .orElseThrow();
            assertTrue(first.keyframe(), segment + " begins with a keyframe, and can be read alone");
            together.addAll(own);
        }
        assertEquals(pictures(frames), pictures(together));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vp9+opus", "av1+opus"})
    void whatMpegTsDoesNotHaveIsNamed(String codecs) throws Exception {
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, TestMedia.of(codecs, 1));
            HttpResponse<String> answer = house.text("GET", "/hls/a/ts.m3u8");
            assertEquals(406, answer.statusCode());
            assertTrue(answer.body().contains("MPEG-TS cannot carry " + codecs.substring(0, 3)), answer.body());
        }
    }
}
