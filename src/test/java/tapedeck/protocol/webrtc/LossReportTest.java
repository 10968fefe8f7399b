package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TestServer;
import tapedeck.rtp.srtp.SrtpProfile;

/// What a publisher's network lost for good is in the quality report of the recording.
@Tag("peer")
@Timeout(120)
class LossReportTest {
    private static final Pattern MISSING = Pattern.compile("\"framesMissing\": *([0-9]+)");

    @TempDir
    private Path folder;

    /// Publishes, and returns how many pictures the recording lacks as the report and as a count of the file have it.
    private long[] missing(List<Frame> frames, LongPredicate loses) throws Exception {
        try (TestServer server = new TestServer(folder.resolve("data"))) {
            WhipClient.Options options = new WhipClient.Options(
                    List.of(frames.getFirst().track().codec()), List.of(SrtpProfile.AEAD_AES_128_GCM), loses);
            try (WhipClient client = new WhipClient(URI.create(server.httpUrl("/whip/lossy")), options)) {
                client.repeatNothing();
                client.play(frames);
                client.delete();
            }
            Path file = server.awaitRecordingOf("lossy");
            assertEquals("", Ffmpeg.decodeErrors(file), "what is there is whole");
            String packets = Ffmpeg.ffprobe(
                            "-v",
                            "error",
                            "-select_streams",
                            "v",
                            "-count_packets",
                            "-show_entries",
                            "stream=nb_read_packets",
                            "-of",
                            "csv=p=0",
                            file.toString())
                    .text();
            long pictures = Long.parseLong(packets.replaceAll("\\D", ""));
            return new long[] {reported(server), frames.size() - pictures};
        }
    }

    private static long reported(TestServer server) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            String json = http.send(
                            HttpRequest.newBuilder(URI.create(server.httpUrl("/recordings")))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            Matcher matcher = MISSING.matcher(json);
            assertTrue(matcher.find(), json);
            return Long.parseLong(matcher.group(1));
        }
    }

    @Test
    void picturesThatWereLostWholeAndThoseThatNeededThemAreCounted() throws Exception {
        long[] missing = missing(TestMedia.vp8(8), number -> number >= 100 && number < 130);
        System.out.printf("reported %d, missing %d%n", missing[0], missing[1]);
        assertTrue(missing[1] > 10, "something was lost");
        assertEquals(missing[1], missing[0], 1);
    }

    @Test
    void everySingleLossCounts() throws Exception {
        long[] missing = missing(TestMedia.h264(8), number -> number % 97 == 50);
        System.out.printf("reported %d, missing %d%n", missing[0], missing[1]);
        assertTrue(missing[1] > 10, "something was lost");
        assertEquals(missing[1], missing[0], 1);
    }

    @Test
    void withoutLossNothingIsMissing() throws Exception {
        long[] missing = missing(TestMedia.h264(3), _ -> false);
        assertEquals(0, missing[0]);
        assertEquals(0, missing[1]);
    }
}
