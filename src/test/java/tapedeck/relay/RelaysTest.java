package tapedeck.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

@Timeout(120)
class RelaysTest {
    private static final long MILLI = 1_000_000;
    private static final Track VIDEO = new Track(Track.VIDEO, new Codec.Vp8(640, 360));
    private static final StreamName NAME = new StreamName("cam");
    private static final String ADDRESS = "rtmp://user:secret@127.0.0.1/live/a?token=hidden";

    /// What one connection does.
    interface Connection<E> {
        void run(RelayTarget target, E end) throws IOException, InterruptedException;
    }

    /// A protocol whose connections do what the test says, one after the other.
    private static final class Scripted implements PullClient, PushClient {
        private final BlockingQueue<Connection<PullSink>> pulls = new LinkedBlockingQueue<>();
        private final BlockingQueue<Connection<PushSource>> pushes = new LinkedBlockingQueue<>();

        @Override
        public Set<String> schemes() {
            return Set.of("rtmp", "file");
        }

        @Override
        public Publisher.Protocol protocol() {
            return Publisher.Protocol.RTMP;
        }

        @Override
        public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
            pulls.take().run(target, sink);
        }

        @Override
        public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
            pushes.take().run(target, source);
        }
    }

    private final Streams streams = new Streams();
    private final Scripted other = new Scripted();
    private final Relays relays = relays(List.of(), List.of(), 60, Backoff.FIRST_NANOS / 100);

    private Relays relays(List<Settings.Relayed> pulls, List<Settings.Relayed> pushes, int hold, long firstNanos) {
        try {
            return new Relays(
                            new Settings.Relays(pulls, pushes, List.of("loopback"), hold, ""),
                            streams,
                            InetAddress::getAllByName,
                            () -> new Backoff(new Random(1), firstNanos, 2 * firstNanos))
                    .pullWith(other)
                    .pushWith(other);
        } catch (SettingsException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void close() {
        relays.close();
        assertEquals(List.of(), List.copyOf(streams.sessions()), "no session is left");
        assertEquals(List.of(), List.copyOf(streams.all()), "no stream is left");
    }

    private static Frame frame(long millis, boolean keyframe) {
        return new Frame(VIDEO, millis * MILLI, millis * MILLI, keyframe, Bytes.ofHex("00"));
    }

    private RelayReport report() {
        return relays.all().getLast();
    }

    private void awaitState(RelayReport.State state) {
        await("state " + state + ", is " + report(), () -> report().state() == state);
    }

    private static void sleepUntilEnded() throws InterruptedException {
        new CountDownLatch(1).await();
    }

    private Publication publish() throws Exception {
        Publisher who = new Publisher(
                Publisher.Protocol.RTMP,
                "127.0.0.1:1",
                "id",
                "login",
                Publisher.RecordWish.NO,
                Publisher.Expects.UNKNOWN);
        return streams.publish(NAME, who, Feedback.NONE);
    }

    @Test
    void aStreamOutlivesTheConnectionsItComesOver() throws Exception {
        CountDownLatch subscribed = new CountDownLatch(1);
        scriptThatBreaks(subscribed);
        String id = relays.pull(ADDRESS, NAME, Map.of()).id();
        await("the stream", () -> streams.find(NAME).isPresent());
        Stream stream = streams.find(NAME).orElseThrow();
        Reader reader = stream.subscribe(ReaderOptions.viewer("test", () -> {}));
        subscribed.countDown();
        await("the second keyframe", () -> stream.statistics().frames() == 3);

        List<Item> items = new ArrayList<>();
        reader.drainTo(items);
        List<Frame> frames =
                items.stream().map(item -> ((Item.Media) item).frame()).toList();
        assertEquals(0, frames.get(0).dtsNanos(), "the first keyframe is the beginning");
        assertEquals(40 * MILLI, frames.get(1).dtsNanos());
        assertTrue(frames.get(2).dtsNanos() > 40 * MILLI && frames.get(2).keyframe(), frames + "");

        assertTrue(relays.terminate(id, "enough"));
        awaitState(RelayReport.State.ENDED);
        reader.drainTo(items);
        assertEquals(new Item.End("enough"), items.getLast());
        assertFalse(relays.terminate(id, "again"));
    }

    @Test
    void whatIsShownAsEndedCannotBeEndedAgain() throws Exception {
        CountDownLatch ends = new CountDownLatch(1);
        other.pulls.add((_, sink) -> {
            sink.write(frame(0, true));
            ends.await();
        });
        String id = relays.pull(ADDRESS, NAME, Map.of()).id();
        awaitState(RelayReport.State.ACTIVE);
        // Nothing is taken off the list meanwhile.
        synchronized (relays) {
            ends.countDown();
            awaitState(RelayReport.State.ENDED);
            assertFalse(relays.terminate(id, "again"));
        }
    }

    @Test
    void whatAPullDoesIsShown() throws Exception {
        CountDownLatch subscribed = new CountDownLatch(0);
        scriptThatBreaks(subscribed);
        String id = relays.pull(ADDRESS, NAME, Map.of()).id();
        await("the third connection", () -> report().attempts() == 3);
        awaitState(RelayReport.State.ACTIVE);
        Stream stream = streams.find(NAME).orElseThrow();
        await("the second keyframe", () -> stream.statistics().frames() == 3);
        assertEquals(stream.mediaSessionId(), report().mediaSessionId());
        assertEquals("nonsense", report().lastError());
        SessionReport session =
                streams.sessions().stream().map(Session::report).findAny().orElseThrow();
        assertEquals(1, streams.sessions().size(), "the stream's own is not shown beside it");
        assertEquals(id, session.id());
        assertEquals(SessionReport.Direction.PUBLISHES, session.direction());
        assertEquals(3, session.tracks().getFirst().frames());
        assertEquals("127.0.0.1", session.path().orElseThrow().remote());
    }

    @Test
    void noPasswordIsShown() throws Exception {
        other.pulls.add((target, _) -> {
            throw new IOException("not at " + target);
        });
        relays.pull(ADDRESS, NAME, Map.of());
        await("the error", () -> !report().lastError().isEmpty());
        String shown = report() + " " + streams.sessions() + report().lastError();
        assertFalse(shown.contains("secret") || shown.contains("hidden"), shown);
        assertTrue(shown.contains("rtmp://user@127.0.0.1/live/a?token=***"), shown);
    }

    @Test
    void noKeyOfAPushIsShown() throws Exception {
        other.pushes.add((target, _) -> {
            throw new IOException("no hidden at " + target);
        });
        try (Publication _ = publish()) {
            String address = "rtmp://127.0.0.1/live/hidden?sig=hidden";
            String id = relays.push(NAME, address, Map.of()).id();
            await("the error", () -> !report().lastError().isEmpty());
            assertEquals("rtmp://127.0.0.1/live/***?sig=***", report().address());
            assertEquals("no *** at rtmp://127.0.0.1/live/***?sig=***", report().lastError());
            assertFalse((report() + " " + streams.sessions()).contains("hidden"));
            assertTrue(relays.isAt(id, true, address) && relays.isAt(id, true, report().address()));
            assertFalse(relays.isAt(id, true, "rtmp://127.0.0.1/live/another?sig=hidden"), "keys are compared");
            assertTrue(relays.isNamed(id, "hidden?sig=hidden"));
            assertTrue(relays.terminate(id, "enough"));
            awaitState(RelayReport.State.ENDED);
            assertTrue(relays.isAt(id, true, address), "it is shown for a while");
        }
    }

    /// Breaks after two pictures, speaks nonsense, and then goes on.
    private void scriptThatBreaks(CountDownLatch subscribed) {
        other.pulls.add((target, sink) -> {
            assertEquals("secret", target.login().orElseThrow().password());
            sink.announce(VIDEO);
            subscribed.await();
            sink.write(frame(0, false));
            sink.write(frame(40, true));
            sink.write(frame(80, false));
            throw new IOException("it broke");
        });
        other.pulls.add((_, _) -> {
            throw new MalformedException("nonsense");
        });
        other.pulls.add((_, sink) -> {
            sink.write(frame(0, false));
            sink.write(frame(40, true));
            sleepUntilEnded();
        });
    }

    @Test
    void aSourceThatIsGoneForLongEndsTheStream() throws Exception {
        CountDownLatch again = new CountDownLatch(1);
        other.pulls.add((_, sink) -> sink.write(frame(0, true)));
        other.pulls.add((_, sink) -> {
            again.await();
            sink.write(frame(0, true));
            sleepUntilEnded();
        });
        try (Relays configured = relays(List.of(relayed(ADDRESS)), List.of(), 0, Backoff.FIRST_NANOS / 100)) {
            configured.startConfigured();
            await("the second try", () -> configured.all().getFirst().attempts() == 2);
            assertTrue(streams.find(NAME).isEmpty(), "the stream ended");
            again.countDown();
            await("a new stream", () -> streams.find(NAME).isPresent());
            assertTrue(configured.all().getFirst().configured());
        }
    }

    private static Settings.Relayed relayed(String address) {
        return new Settings.Relayed(NAME.value(), address, Map.of());
    }

    @Test
    void aNameThatWasTakenMeanwhileIsSaidAndTriedAgain() throws Exception {
        CountDownLatch taken = new CountDownLatch(1);
        other.pulls.add((_, sink) -> {
            taken.await();
            sink.write(frame(0, true));
            sleepUntilEnded();
        });
        relays.pull(ADDRESS, NAME, Map.of());
        awaitState(RelayReport.State.CONNECTING);
        try (Publication _ = publish()) {
            taken.countDown();
            await("the error", () -> report().lastError().contains("already being published"));
        }
        other.pulls.add((_, sink) -> {
            sink.write(frame(0, true));
            sleepUntilEnded();
        });
        awaitState(RelayReport.State.ACTIVE);
    }

    @Test
    void whatWasAskedForIsGivenUpAndWhatIsConfiguredIsNot() throws Exception {
        for (int i = 0; i < 3 * Relay.MAX_FAILURES; i++) {
            other.pulls.add((_, _) -> {
                throw new IOException("no");
            });
        }
        relays.pull(ADDRESS, NAME, Map.of());
        awaitState(RelayReport.State.ENDED);
        assertEquals(Relay.MAX_FAILURES, report().attempts());
        try (Relays configured = relays(List.of(relayed(ADDRESS)), List.of(), 60, MILLI)) {
            configured.startConfigured();
            await("twice as many tries", other.pulls::isEmpty);
        }
        other.pulls.add((_, _) -> {
            throw new RelayRefusedException("unauthorized");
        });
        relays.pull(ADDRESS, NAME, Map.of());
        awaitState(RelayReport.State.ENDED);
        assertEquals(1, report().attempts(), "no use to try again");
        assertEquals("unauthorized", report().lastError());
    }

    @Test
    void aStreamThatIsOverEndsThePull() throws Exception {
        other.pulls.add((_, sink) -> sink.write(frame(0, true)));
        relays.pull(ADDRESS, NAME, Map.of());
        awaitState(RelayReport.State.ENDED);
        assertTrue(streams.find(NAME).isEmpty());
    }

    @Test
    void whoeverEndsTheStreamEndsThePull() throws Exception {
        other.pulls.add((_, sink) -> {
            sink.write(frame(0, true));
            sleepUntilEnded();
        });
        relays.pull(ADDRESS, NAME, Map.of());
        await("the stream", () -> streams.find(NAME).isPresent());
        streams.find(NAME).orElseThrow().terminate("ended over REST");
        awaitState(RelayReport.State.ENDED);
        assertTrue(streams.find(NAME).isEmpty());
    }

    @Test
    void whatFlowsBackReachesTheConnectionOfTheMoment() throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        other.pulls.add((_, sink) -> {
            sink.feedback(new Feedback() {
                @Override
                public void requestKeyframe() {
                    said.add("keyframe");
                }

                @Override
                public void watched(boolean live) {
                    said.add("watched " + live);
                }

                @Override
                public void terminate(String reason) {
                    said.add("terminate");
                }
            });
            sink.write(frame(0, true));
            sleepUntilEnded();
        });
        relays.pull(ADDRESS, NAME, Map.of());
        awaitState(RelayReport.State.ACTIVE);
        assertEquals("watched false", said.take());
        streams.find(NAME).orElseThrow().requestKeyframe();
        assertEquals("keyframe", said.take());
        try (Reader _ = streams.find(NAME).orElseThrow().subscribe(ReaderOptions.viewer("a", () -> {}))) {
            assertEquals("watched true", said.take());
        }
    }

    @Test
    void aPushSendsWhateverIsPublishedUnderItsName() throws Exception {
        BlockingQueue<String> sent = new LinkedBlockingQueue<>();
        for (int i = 0; i < 2; i++) {
            other.pushes.add((_, source) -> {
                source.accepted();
                BlockingQueue<Boolean> wakes = new LinkedBlockingQueue<>();
                List<Item> items = new ArrayList<>();
                Reader reader = source.subscribe(() -> wakes.add(true));
                while (items.isEmpty() || !(items.getLast() instanceof Item.End)) {
                    wakes.take();
                    reader.drainTo(items);
                }
                sent.add(source.stream().mediaSessionId() + " " + reader.frames());
            });
        }
        try (Relays configured = relays(List.of(), List.of(relayed(ADDRESS)), 60, MILLI)) {
            configured.startConfigured();
            await("it waits", () -> configured.all().getFirst().lastError().equals("nobody publishes \"cam\""));
            assertEquals(RelayReport.State.WAITING, configured.all().getFirst().state());
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                try (Publication publication = publish()) {
                    await(
                            "the push reads",
                            () -> publication.stream().statistics().liveReaders() == 1);
                    publication.write(frame(0, true));
                    ids.add(publication.stream().mediaSessionId() + " 1");
                }
                assertEquals(ids.getLast(), sent.take());
            }
            assertNotEquals(ids.getFirst(), ids.getLast());
            assertEquals(0, configured.all().getFirst().attempts() - 2);
        }
    }

    @Test
    void whatCannotBeIsRefusedAtOnce() throws Exception {
        refused(RelayRefusedException.Reason.ADDRESS, () -> relays.pull("rtmp://10.0.0.1/live/a", NAME, Map.of()));
        refused(RelayRefusedException.Reason.ADDRESS, () -> relays.pull("ftp://127.0.0.1/a", NAME, Map.of()));
        refused(RelayRefusedException.Reason.ADDRESS, () -> relays.pull(ADDRESS, NAME, Map.of("record", "maybe")));
        refused(RelayRefusedException.Reason.NO_SUCH_STREAM, () -> relays.push(NAME, ADDRESS, Map.of()));
        try (Publication _ = publish()) {
            refused(RelayRefusedException.Reason.CONFLICT, () -> relays.pull(ADDRESS, NAME, Map.of()));
            relays.push(NAME, ADDRESS, Map.of());
            refused(RelayRefusedException.Reason.CONFLICT, () -> relays.push(NAME, ADDRESS, Map.of()));
        }
        relays.pull(ADDRESS, new StreamName("b"), Map.of());
        refused(RelayRefusedException.Reason.CONFLICT, () -> relays.pull(ADDRESS, new StreamName("b"), Map.of()));
    }

    private static void refused(RelayRefusedException.Reason reason, Executable call) {
        assertEquals(reason, assertThrows(RelayRefusedException.class, call).reason());
    }

    @Test
    void thereAreLimits() throws Exception {
        for (int i = 0; i < Relays.MAX_PER_TARGET; i++) {
            relays.pull(ADDRESS, new StreamName("cam" + i), Map.of());
        }
        refused(RelayRefusedException.Reason.LIMIT, () -> relays.pull(ADDRESS, NAME, Map.of()));
        for (int i = Relays.MAX_PER_TARGET; i < Relays.MAX_RELAYS; i++) {
            String elsewhere = "rtmp://127.0.0.1:%d/live/a".formatted(2_000 + i);
            relays.pull(elsewhere, new StreamName("cam" + i), Map.of());
        }
        refused(RelayRefusedException.Reason.LIMIT, () -> relays.pull("rtmp://127.0.0.1:9/a/b", NAME, Map.of()));
    }

    @Test
    void filesAreOnNoHost() throws Exception {
        for (int i = 0; i < Relays.MAX_RELAYS; i++) {
            relays.pull("file:///data/a.ts", new StreamName("cam" + i), Map.of());
        }
        refused(RelayRefusedException.Reason.LIMIT, () -> relays.pull("file:///data/a.ts", NAME, Map.of()));
    }

    @Test
    void aNameIsMadeOfAnAddress() throws Exception {
        assertEquals(
                "cam.example/h264-ch1/main",
                Relays.nameOf("rtsp://a:b@cam.example/h264 ch1//main?x=1").value());
        assertEquals("cam", Relays.nameOf("rtsp://cam").value());
    }
}
