package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;

class SessionCallsTest {
    @TempDir
    Path dir;

    private ApiServer server;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir);
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    /// A conversation whose numbers are known beforehand.
    private static final class Known implements Session {
        private final SessionReport report;
        private final AtomicReference<String> ended = new AtomicReference<>();

        Known(String id, SessionReport.Direction direction, String stream, Instant since) {
            report = new SessionReport(
                    id,
                    direction,
                    new StreamName(stream),
                    Publisher.Protocol.WEBRTC,
                    since,
                    Optional.of(new SessionReport.Path(
                            "udp", "192.0.2.1:8189", "198.51.100.7:50123", "AEAD_AES_128_GCM", 81_250_000, 2_500_000)),
                    List.of(new SessionReport.TrackReport(
                            "video",
                            "vp8",
                            "h",
                            1280,
                            720,
                            1_900_000,
                            950,
                            1_000_000,
                            50,
                            48,
                            60,
                            2,
                            300,
                            1,
                            1,
                            700_000_000,
                            5_500_000)));
        }

        @Override
        public SessionReport report() {
            return report;
        }

        @Override
        public void terminate(String reason) {
            ended.set(reason);
        }
    }

    @Test
    void aSessionIsShownWithItsPathAndItsTracks() throws Exception {
        Instant since = server.now.get().minusSeconds(5);
        server.streams.opened(new Known("abc", SessionReport.Direction.PUBLISHES, "studio", since));
        JsonNode one = ApiServer.json(server.get("/sessions/abc"));
        assertEquals(ApiServer.json(server.get("/sessions")).get(0), one);
        assertEquals("publishes", one.path("direction").stringValue());
        assertEquals("studio", one.path("stream").stringValue());
        assertEquals(5_000, one.path("uptimeMillis").longValue());
        assertEquals(81.25, one.path("path").path("roundTripMillis").doubleValue());
        assertEquals("198.51.100.7:50123", one.path("path").path("remote").stringValue());
        JsonNode track = one.path("tracks").get(0);
        assertEquals("VP8", track.path("codec").stringValue());
        assertEquals(5.0, track.path("lossPercent").doubleValue(), "50 of 1000");
        assertEquals(700, track.path("frozenMillis").doubleValue());
        assertEquals(5.5, track.path("jitterMillis").doubleValue());
    }

    @Test
    void theListIsOldestFirstAndCanBeNarrowed() throws Exception {
        Instant now = server.now.get();
        server.streams.opened(new Known("c", SessionReport.Direction.PLAYS, "one", now));
        server.streams.opened(new Known("a", SessionReport.Direction.PUBLISHES, "one", now.minusSeconds(9)));
        server.streams.opened(new Known("b", SessionReport.Direction.PLAYS, "two", now.minusSeconds(4)));
        assertEquals(List.of("a", "b", "c"), ids("/sessions"));
        assertEquals(List.of("a", "c"), ids("/sessions?stream=one"));
        assertEquals(List.of("b", "c"), ids("/sessions?direction=plays"));
        assertEquals(List.of(), ids("/sessions?stream=two&direction=publishes"));
        assertEquals(400, server.get("/sessions?direction=both").statusCode());
    }

    @Test
    void deletingASessionEndsItsConversation() throws Exception {
        Known session = new Known("abc", SessionReport.Direction.PLAYS, "studio", server.now.get());
        server.streams.opened(session);
        assertEquals(204, server.send("DELETE", "/sessions/abc", "").statusCode());
        assertEquals("ended over REST", session.ended.get());
        assertEquals(404, server.send("DELETE", "/sessions/other", "").statusCode());
        assertEquals(404, server.get("/sessions/other").statusCode());
    }

    @Test
    void metricsHaveALineForEachTrackWhileTheSessionLasts() throws Exception {
        Known session = new Known("abc", SessionReport.Direction.PLAYS, "studio", server.now.get());
        server.streams.opened(session);
        String open = ApiServer.text(server.get("/metrics"));
        assertTrue(open.contains("tapedeck_sessions{direction=\"plays\",protocol=\"WEBRTC\"} 1.0"), open);
        assertTrue(
                open.contains("tapedeck_session_lost{codec=\"vp8\",direction=\"plays\",kind=\"video\",layer=\"h\","
                        + "session=\"abc\",stream=\"studio\"} 50.0"),
                open);
        String of = "direction=\"plays\",session=\"abc\",stream=\"studio\"} ";
        assertTrue(open.contains("tapedeck_session_round_trip_seconds{" + of + "0.08125"), open);
        assertTrue(open.contains("tapedeck_session_available_bitrate{" + of + "2500000.0"), open);
        assertTrue(
                open.contains("tapedeck_session_path{direction=\"plays\",local=\"192.0.2.1:8189\","
                        + "protection=\"AEAD_AES_128_GCM\",remote=\"198.51.100.7:50123\",session=\"abc\","
                        + "stream=\"studio\",transport=\"udp\"} 1.0"),
                open);
        server.streams.closed(session);
        assertFalse(ApiServer.text(server.get("/metrics")).contains("abc"), "its lines go with it");
    }

    @Test
    void metricsTellWhatThePortOfWebRtcReceives() throws Exception {
        server.openWebRtc();
        try (DatagramSocket nobody = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            int port = server.ports.port("WebRTC");
            nobody.send(new DatagramPacket(new byte[] {-1}, 1, InetAddress.getLoopbackAddress(), port));
        }
        String line = "tapedeck_webrtc_datagrams_junk_total 1.0";
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String metrics = ApiServer.text(server.get("/metrics"));
        while (!metrics.contains(line)) {
            assertTrue(System.nanoTime() - deadline < 0, metrics);
            metrics = ApiServer.text(server.get("/metrics"));
        }
        assertTrue(metrics.contains("tapedeck_webrtc_datagrams_received_total 1.0"), metrics);
        assertTrue(metrics.contains("tapedeck_webrtc_datagrams_overflowed_total 0.0"), metrics);
    }

    private List<String> ids(String path) throws Exception {
        return ApiServer.json(server.get(path))
                .valueStream()
                .map(node -> node.path("sessionId").stringValue())
                .toList();
    }
}
