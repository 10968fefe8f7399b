package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import tapedeck.stream.SessionReport.TrackReport;

class SessionsTest {
    private static final StreamName NAME = new StreamName("camera");

    private final Streams streams = new Streams();
    private final List<String> terminated = new ArrayList<>();
    private final Feedback peer = new Feedback() {
        @Override
        public void requestKeyframe() {}

        @Override
        public void watched(boolean live) {}

        @Override
        public void terminate(String reason) {
            terminated.add(reason);
        }
    };

    private SessionReport only() {
        assertEquals(1, streams.sessions().size());
        return streams.sessions().iterator().next().report();
    }

    @Test
    void aPublisherIsASessionWithPicturesAndSoundApart() throws Exception {
        Publication publication = streams.publish(NAME, Frames.PUBLISHER, peer);
        for (int i = 0; i < 3; i++) {
            publication.write(Frames.video(i, i == 0));
        }
        publication.write(Frames.audio(0));
        SessionReport report = only();
        assertEquals(SessionReport.Direction.PUBLISHES, report.direction());
        assertEquals("session", report.id());
        assertEquals("127.0.0.1:50123", report.path().orElseThrow().remote());
        assertEquals(
                List.of("video", "audio"),
                report.tracks().stream().map(TrackReport::kind).toList());
        assertEquals(
                List.of(3L, 1L),
                report.tracks().stream().map(TrackReport::frames).toList());
        assertEquals(
                List.of(12L, 4L),
                report.tracks().stream().map(TrackReport::bytes).toList());
        streams.sessions().iterator().next().terminate("enough");
        assertEquals(List.of("enough"), terminated);
        publication.close();
        assertEquals(0, streams.sessions().size());
    }

    @Test
    void whatIsNobodysOrShowsItselfIsNoSession() throws Exception {
        try (Publication _ = streams.publish(NAME, Frames.PUBLISHER, Feedback.NONE)) {
            assertEquals(0, streams.sessions().size());
        }
    }

    @Test
    void aViewerIsASessionAsLongAsItReadsAndTheStreamLasts() throws Exception {
        AtomicReference<String> ended = new AtomicReference<>("");
        ReaderOptions options = ReaderOptions.viewer("rtmp 192.0.2.7:5000", () -> {})
                .of(new Viewer(Publisher.Protocol.RTMP, "tcp", "192.0.2.7:5000", ended::set));
        Publication publication = streams.publish(NAME, Frames.PUBLISHER, Feedback.NONE);
        Reader first = publication.stream().subscribe(options);
        publication.write(Frames.video(0, true));
        publication.write(Frames.audio(0));
        publication.write(Frames.audio(1));
        assertEquals(
                List.of(1L, 2L),
                only().tracks().stream().map(TrackReport::frames).toList());
        streams.sessions().iterator().next().terminate("enough");
        assertEquals("enough", ended.get());
        first.close();
        assertEquals(0, streams.sessions().size());
        Reader _ = publication.stream().subscribe(options);
        assertEquals(1, streams.sessions().size());
        publication.close();
        assertEquals(0, streams.sessions().size());
        Reader _ = publication.stream().subscribe(options);
        assertEquals(0, streams.sessions().size(), "too late");
    }

    @Test
    void aSlowViewersLossesStandWhereTheyBelong() throws Exception {
        ReaderOptions options = new ReaderOptions("r", true, true, 1L << 50, 8, 0, () -> {})
                .of(new Viewer(Publisher.Protocol.RTMP, "tcp", "192.0.2.7:5000", _ -> {}));
        try (Publication publication = streams.publish(NAME, Frames.PUBLISHER, Feedback.NONE);
                Reader _ = publication.stream().subscribe(options)) {
            publication.write(Frames.video(0, true));
            publication.write(Frames.audio(0));
            publication.write(Frames.audio(1));
            List<Long> missing =
                    only().tracks().stream().map(TrackReport::missingFrames).toList();
            assertEquals(1, missing.getFirst());
            assertTrue(missing.getLast() >= 1, "the sound that did not fit");
        }
    }

    @Test
    void aBitrateLooksBackToTheLastQuestionButOne() {
        AtomicLong nanos = new AtomicLong();
        AtomicLong bytes = new AtomicLong();
        CountedSession session = new CountedSession(
                new CountedSession.Identity(
                        "id", SessionReport.Direction.PLAYS, NAME, Publisher.Protocol.HTTP, "tcp", "192.0.2.7:5000"),
                () -> List.of(TrackReport.of(Frames.VIDEO, bytes.get(), 1, 0)),
                _ -> {},
                nanos::get);
        assertEquals(0, session.report().tracks().getFirst().bitsPerSecond());
        nanos.set(CountedSession.WINDOW_NANOS);
        bytes.set(1_000);
        assertEquals(4_000, session.report().tracks().getFirst().bitsPerSecond());
        nanos.addAndGet(CountedSession.WINDOW_NANOS);
        bytes.set(4_000);
        assertEquals(12_000, session.report().tracks().getFirst().bitsPerSecond(), "since the answer before");
    }
}
