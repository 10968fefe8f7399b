package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.TestMedia;
import tapedeck.relay.RelayReport;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Between two servers of our own, in both directions.
class RtspRelayTest {
    /// Sound and picture of one stream, apart by no more.
    private static final long MAX_SKEW_NANOS = 20_000_000L;

    private static Publication publish(RelayHouse house, String name) throws Exception {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP, "test", "test", "test", Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        return house.streams.publish(new StreamName(name), publisher, Feedback.NONE);
    }

    /// As fast as they were taken: reports and arrivals are what the times are made from.
    private static void play(Publication publication, List<Frame> frames) throws InterruptedException {
        long start = System.nanoTime() - frames.getFirst().dtsNanos();
        for (Frame frame : frames) {
            long wait = frame.dtsNanos() - (System.nanoTime() - start);
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            publication.write(frame);
        }
    }

    /// How far the sound stands from the picture, against the original.
    private static long skewNanos(List<Frame> sent, List<Frame> received) {
        return distance(received) - distance(sent.subList(sent.indexOf(original(sent, received)), sent.size()));
    }

    private static Frame original(List<Frame> sent, List<Frame> received) {
        return sent.stream()
                .filter(frame -> frame.data().equals(received.getFirst().data()))
                .findFirst()
                .orElseThrow();
    }

    /// From the last picture to the last sound.
    private static long distance(List<Frame> frames) {
        return last(frames, Track.AUDIO).ptsNanos() - last(frames, Track.VIDEO).ptsNanos();
    }

    private static Frame last(List<Frame> frames, int id) {
        return frames.stream()
                .filter(frame -> frame.track().id() == id)
                .reduce((_, next) -> next)
                .orElseThrow();
    }

    private static void assertSameAndInSync(List<Frame> sent, List<Frame> received) {
        for (int id : new int[] {Track.VIDEO, Track.AUDIO}) {
            List<String> all = RelayHouse.datas(sent, id);
            List<String> got = RelayHouse.datas(received, id);
            assertTrue(got.size() > all.size() / 2, got.size() + " of " + all.size());
            assertEquals(all.subList(all.size() - got.size(), all.size()), got);
        }
        assertEquals(0, skewNanos(sent, received), MAX_SKEW_NANOS);
    }

    @ParameterizedTest
    @CsvSource({"h264+aac, tcp", "h264+opus, udp", "h265+opus, auto"})
    void whatIsPulledIsWhatIsPublishedThere(String codecs, String transport) throws Exception {
        try (RelayHouse there = new RelayHouse();
                RelayHouse here = new RelayHouse()) {
            pulledFrom(there.url("original"), there, here, codecs, transport);
        }
    }

    private static void pulledFrom(String address, RelayHouse there, RelayHouse here, String codecs, String transport)
            throws Exception {
        List<Frame> media = TestMedia.of(codecs, 3);
        FrameCollector collector = FrameCollector.of(here.streams, "copy");
        Publication publication = publish(there, "original");
        List<Frame> first = new ArrayList<>(media.subList(0, 4));
        play(publication, first);
        String id = here.pull(address, "copy", transport).id();
        await("the pull plays", () -> publication.stream().statistics().liveReaders() == 1);
        play(publication, media.subList(4, media.size()));
        publication.close("enough");
        List<Frame> received = collector.untilEnd();
        assertSameAndInSync(media, received);
        await("it ended well", () -> here.report(id).lastError().contains("over"));
        await("no port is kept", () -> here.ports.inUse() == 0 && there.ports.inUse() == 0);
    }

    /// RFC 2326 11.3: what is asked for is elsewhere.
    @Test
    void aPullGoesWhereItIsSent() throws Exception {
        try (RelayHouse there = new RelayHouse();
                RelayHouse here = new RelayHouse();
                ScriptedServer first = new ScriptedServer((request, wire) -> wire.say(
                        request.method().equals("DESCRIBE")
                                ? request.answer("302 Moved Temporarily", "", "Location: " + there.url("original"))
                                : request.answer("200 OK", "", "Public: DESCRIBE")))) {
            pulledFrom(first.url("cam"), there, here, "h264+aac", "tcp");
            assertTrue(first.requests().stream()
                    .noneMatch(request -> request.method().equals("SETUP")));
        }
    }

    /// One stream, so that its recording goes on.
    @Test
    void aStreamGoesOnWhenItsServerComesBack() throws Exception {
        List<Frame> media = TestMedia.of("h264+aac", 2);
        try (RelayHouse there = new RelayHouse();
                RelayHouse here = new RelayHouse()) {
            FrameCollector copy = FrameCollector.of(here.streams, "copy");
            Publication publication = publish(there, "original");
            play(publication, media);
            String id = here.pull(there.url("original"), "copy", "tcp").id();
            int before = copy.until(media.size() / 2).size();
            Frame last = copy.until(before).getLast();
            there.away();
            await("it is broken", () -> here.report(id).state() != RelayReport.State.ACTIVE);
            there.back();
            await("it is there again", () -> here.report(id).state() == RelayReport.State.ACTIVE);
            play(publication, TestMedia.shifted(media, 4_000_000_000L));
            List<Frame> frames = copy.until(before + media.size());
            for (int id2 : new int[] {Track.VIDEO, Track.AUDIO}) {
                List<Frame> track = frames.stream()
                        .filter(frame -> frame.track().id() == id2)
                        .toList();
                for (int i = 1; i < track.size(); i++) {
                    assertTrue(track.get(i).dtsNanos() > track.get(i - 1).dtsNanos(), "time goes on");
                }
            }
            Frame next = frames.get(before);
            assertTrue(next.dtsNanos() > last.dtsNanos(), "behind what was there");
            assertEquals(1, here.streams.all().size());
            publication.close("enough");
        }
    }

    /// The other server begins with what was published since the last keyframe, faster than time.
    @ParameterizedTest
    @ValueSource(strings = {"tcp", "auto"})
    void soundAndPictureOfAPullStayTogetherFromTheFirst(String transport) throws Exception {
        List<Frame> media = TestMedia.of("h264b+aac", 3);
        try (RelayHouse there = new RelayHouse();
                RelayHouse here = new RelayHouse()) {
            FrameCollector collector = FrameCollector.of(here.streams, "copy");
            Publication publication = publish(there, "original");
            int before = media.size() / 2;
            play(publication, media.subList(0, before));
            here.pull(there.url("original"), "copy", transport);
            await("the pull plays", () -> publication.stream().statistics().liveReaders() == 1);
            play(publication, media.subList(before, media.size()));
            publication.close("enough");
            List<Frame> received = collector.untilEnd();
            long placed = movedNanos(media, received.getFirst());
            for (Frame frame : received) {
                assertEquals(
                        placed,
                        movedNanos(media, frame),
                        MAX_SKEW_NANOS,
                        "track " + frame.track().id());
            }
        }
    }

    @Test
    void soundThatIsLongerThanAUsualPacketGoesOutByUdp() throws Exception {
        List<Frame> media = TestMedia.longOpus(50);
        try (RelayHouse there = new RelayHouse();
                RelayHouse here = new RelayHouse()) {
            FrameCollector collector = FrameCollector.of(here.streams, "copy");
            Publisher publisher = new Publisher(
                    Publisher.Protocol.RTMP, "test", "test", "test", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
            Publication publication = there.streams.publish(new StreamName("original"), publisher, Feedback.NONE);
            play(publication, media.subList(0, 4));
            here.pull(there.url("original"), "copy", "udp");
            await("the pull plays", () -> publication.stream().statistics().liveReaders() == 1);
            play(publication, media.subList(4, media.size()));
            List<String> got = RelayHouse.datas(collector.until(media.size() / 2), Track.AUDIO);
            List<String> all = RelayHouse.datas(media, Track.AUDIO);
            int first = all.indexOf(got.getFirst());
            assertEquals(all.subList(first, first + got.size()), got);
            publication.close("enough");
        }
    }

    private static long movedNanos(List<Frame> sent, Frame received) {
        return received.ptsNanos() - original(sent, List.of(received)).ptsNanos();
    }

    @ParameterizedTest
    @CsvSource({"h264+aac, tcp", "vp8+opus, udp"})
    void whatIsPushedIsWhatIsPublishedHere(String codecs, String transport) throws Exception {
        List<Frame> media = TestMedia.of(codecs, 3);
        try (RelayHouse there = new RelayHouse();
                RelayHouse here = new RelayHouse()) {
            FrameCollector collector = FrameCollector.of(there.streams, "copy");
            Publication publication = publish(here, "original");
            play(publication, media.subList(0, 4));
            here.relays.push(new StreamName("original"), there.url("copy"), Map.of("transport", transport));
            await("it arrived", () -> there.streams.find(new StreamName("copy")).isPresent());
            play(publication, media.subList(4, media.size()));
            publication.close("enough");
            assertSameAndInSync(media, collector.untilEnd());
            await("no port is kept", () -> here.ports.inUse() == 0);
        }
    }
}
