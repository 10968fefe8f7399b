package tapedeck.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.SessionReport;
import tapedeck.stream.SessionReport.TrackReport;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// What `/sessions` says of pulls and pushes.
@Timeout(120)
class RelayCountsTest {
    private static final StreamName NAME = new StreamName("cam");
    private static final Track VIDEO = new Track(Track.VIDEO, new Codec.Vp8(640, 360));
    private static final Track AUDIO = new Track(Track.AUDIO, new Codec.Opus(2, 312));

    /// Three pictures of 100 bytes and two sounds of 10, from there or to there.
    private static final List<Frame> MEDIA =
            List.of(frame(VIDEO, 0), frame(AUDIO, 1), frame(VIDEO, 40), frame(AUDIO, 41), frame(VIDEO, 80));

    private static Frame frame(Track track, long millis) {
        byte[] data = new byte[track.isVideo() ? 100 : 10];
        return new Frame(track, millis * 1_000_000, millis * 1_000_000, true, Bytes.wrap(data));
    }

    /// Sends and takes all of it, and stays.
    private record Patient(Set<String> schemes, Publisher.Protocol protocol) implements PullClient, PushClient {
        @Override
        public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
            MEDIA.forEach(sink::write);
            new CountDownLatch(1).await();
        }

        @Override
        public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
            source.subscribe(() -> {});
            source.accepted();
            new CountDownLatch(1).await();
        }
    }

    private final Streams streams = new Streams();
    private Relays relays;

    @BeforeEach
    void open() throws Exception {
        Patient rtmp = new Patient(Set.of("rtmp", "rtmps"), Publisher.Protocol.RTMP);
        relays = new Relays(new Settings.Relays(List.of(), List.of(), List.of("loopback"), 60, ""), streams)
                .pullWith(rtmp)
                .pushWith(rtmp)
                .pushWith(new Patient(Set.of("whip"), Publisher.Protocol.WEBRTC))
                .pushWith(new Patient(Set.of("rtp"), Publisher.Protocol.RTP));
    }

    @AfterEach
    void close() {
        relays.close();
    }

    private SessionReport session(String id) {
        return streams.sessions().stream()
                .map(session -> session.report())
                .filter(report -> report.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private void awaitAll(String id) {
        await(
                "all frames",
                () -> session(id).tracks().stream()
                                .mapToLong(TrackReport::frames)
                                .sum()
                        == MEDIA.size());
        List<TrackReport> tracks = session(id).tracks();
        assertEquals(
                List.of("video", "audio"),
                tracks.stream().map(TrackReport::kind).toList());
        assertEquals(List.of(3L, 2L), tracks.stream().map(TrackReport::frames).toList());
        assertEquals(List.of(300L, 20L), tracks.stream().map(TrackReport::bytes).toList());
    }

    private String protectedBy(String id) {
        SessionReport.Path path = session(id).path().orElseThrow();
        return path.transport() + " " + path.protection();
    }

    private Publication publish() throws Exception {
        Publisher who = new Publisher(
                Publisher.Protocol.RTMP, "test", "1", "me", Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        return streams.publish(NAME, who, Feedback.NONE);
    }

    @Test
    void eachTrackOfAPullHasItsOwnFramesAndBytes() throws Exception {
        String id = relays.pull("rtmps://127.0.0.1/live/a", NAME, Map.of()).id();
        await("the stream", () -> streams.find(NAME).isPresent());
        awaitAll(id);
        assertEquals("tls TLS", protectedBy(id));
    }

    @Test
    void soHasEachTrackOfAPush() throws Exception {
        try (Publication out = publish()) {
            String id = relays.push(NAME, "rtmp://127.0.0.1/live/a", Map.of()).id();
            await("the connection", () -> relays.all().getLast().state() == RelayReport.State.ACTIVE);
            MEDIA.forEach(out::write);
            awaitAll(id);
            assertEquals("tcp none", protectedBy(id));
        }
    }

    /// Says that it is over.
    private record Polite(Set<String> schemes, Publisher.Protocol protocol) implements PullClient {
        @Override
        public void pull(RelayTarget target, PullSink sink) {
            MEDIA.forEach(sink::write);
        }
    }

    @Test
    void aPoliteEndEndsAPullOfRestAndIsABreakForOneOfTheSettings() throws Exception {
        Settings.Relayed always = new Settings.Relayed("always", "rtsp://127.0.0.1/always", Map.of());
        Polite polite = new Polite(Set.of("rtsp"), Publisher.Protocol.RTSP);
        try (Relays both = new Relays(
                        new Settings.Relays(List.of(always), List.of(), List.of("loopback"), 60, ""), streams)
                .pullWith(polite)) {
            String id = both.pull("rtsp://127.0.0.1/once", NAME, Map.of()).id();
            await(
                    "its end",
                    () -> both.all().stream()
                            .anyMatch(one -> one.id().equals(id)
                                    && one.state() == RelayReport.State.ENDED
                                    && one.lastError().equals("the stream is over")));
            assertEquals(
                    1,
                    both.all().stream()
                            .filter(one -> one.id().equals(id))
                            .findFirst()
                            .orElseThrow()
                            .attempts());
            await("the end of its stream", () -> streams.find(NAME).isEmpty());
            both.startConfigured();
            await("another try", () -> both.all().getLast().attempts() > 1);
            assertEquals(1, streams.all().size(), "its stream stays");
        }
    }

    @Test
    void theWayOfTheMediaIsSaidAndWhatProtectsIt() throws Exception {
        try (Publication _ = publish()) {
            assertEquals(
                    "tls TLS",
                    protectedBy(relays.push(NAME, "rtmps://127.0.0.1/live/a", Map.of())
                            .id()));
            assertEquals(
                    "udp DTLS-SRTP",
                    protectedBy(
                            relays.push(NAME, "whip://127.0.0.1/a", Map.of()).id()));
            assertEquals(
                    "udp none",
                    protectedBy(
                            relays.push(NAME, "rtp://127.0.0.1:4000", Map.of()).id()));
        }
    }
}
