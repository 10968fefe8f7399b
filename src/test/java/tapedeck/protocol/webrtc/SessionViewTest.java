package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.SessionReport.TrackReport;

/// What is told of a session is what its peer really sent.
@Timeout(120)
class SessionViewTest {
    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void aPublisherIsShownWithItsPathItsTracksAndItsLossesUntilItIsEnded() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.vp8(3), TestMedia.opus(3));
        List<Codec> codecs =
                frames.stream().map(frame -> frame.track().codec()).distinct().toList();
        WhipClient.Options options = new WhipClient.Options(
                codecs, List.of(SrtpProfile.AEAD_AES_128_GCM), number -> number > 20 && number % 25 == 0);
        WhipClient client = new WhipClient(house.whip("cam"), options);
        Await.await("session", () -> !house.streams.sessions().isEmpty());
        Session session = house.streams.sessions().iterator().next();
        client.play(frames);
        SessionReport report = awaitReport(session, r -> frames(r) == frames.size());
        assertEquals(SessionReport.Direction.PUBLISHES, report.direction());
        assertEquals("cam", report.stream().value());
        assertFalse(
                client.session().toString().contains(report.id()),
                "what others see of a session does not tell the address that ends it");
        assertEquals(
                report.id(), house.streams.all().iterator().next().publisher().sessionId());
        SessionReport.Path path = report.path().orElseThrow();
        assertEquals("udp", path.transport());
        assertEquals("AEAD_AES_128_GCM", path.protection());
        assertTrue(path.remote().startsWith("127.0.0.1:"), path.remote());
        assertTrue(path.roundTripNanos() > 0, "the peer answers reports");
        TrackReport video = report.tracks().getFirst();
        assertEquals("vp8", video.codec());
        assertTrue(video.width() > 0 && video.height() > 0, video.toString());
        assertTrue(video.nacks() > 0 && video.recovered() > 0, "some were lost: " + video);
        assertEquals(0, video.missingFrames());
        assertEquals(0, video.freezes());
        assertEquals("opus", report.tracks().get(1).codec());

        session.terminate("ended by a test");
        Await.await(
                "end",
                () -> house.streams.sessions().isEmpty() && house.streams.all().isEmpty());
    }

    @Test
    void theBitrateIsThatOfTheLastSecond() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.vp8(3), TestMedia.opus(3));
        List<Codec> codecs =
                frames.stream().map(frame -> frame.track().codec()).distinct().toList();
        try (WhipClient client = new WhipClient(
                house.whip("cam"), new WhipClient.Options(codecs, List.of(SrtpProfile.AEAD_AES_128_GCM), _ -> false))) {
            Await.await("session", () -> !house.streams.sessions().isEmpty());
            Session session = house.streams.sessions().iterator().next();
            client.play(frames);
            SessionReport sent = awaitReport(session, r -> frames(r) == frames.size());
            long bytes = sent.tracks().stream().mapToLong(TrackReport::bytes).sum();
            long media =
                    frames.stream().mapToLong(frame -> frame.data().length()).sum();
            assertTrue(bytes >= media && bytes < media * 1.1, "%d bytes of %d".formatted(bytes, media));
            assertTrue(sent.tracks().stream().allMatch(track -> track.nacks() == 0), sent.toString());
            assertTrue(sent.path().orElseThrow().roundTripNanos() > 0, "known also where nothing was lost");
            // Nothing is sent any more: a second later nothing is carried.
            awaitReport(session, r -> r.tracks().stream().allMatch(track -> track.bitsPerSecond() == 0));
        }
    }

    private static long frames(SessionReport report) {
        return report.tracks().stream().mapToLong(TrackReport::frames).sum();
    }

    private static SessionReport awaitReport(Session session, Predicate<SessionReport> wanted) throws Exception {
        Await.await("report " + session.report(), () -> wanted.test(session.report()));
        return session.report();
    }
}
