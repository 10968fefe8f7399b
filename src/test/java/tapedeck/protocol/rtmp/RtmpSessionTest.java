package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// The server and a client of our own: what publishers and players may do, and what they are told.
class RtmpSessionTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();

    private final Streams streams = new Streams();
    private final BoundPorts ports = new BoundPorts();
    private EventLoops loops;
    private RtmpServer server;

    @BeforeEach
    void start() {
        loops = new EventLoops(2);
        server = new RtmpServer(0, new Rights(Settings.Rights.NONE, TrustedProxies.NONE), loops, streams, ports);
    }

    @AfterEach
    void stop() {
        server.close();
        loops.close();
    }

    private RtmpClient client() throws IOException {
        return RtmpClient.connected(server.port());
    }

    private boolean live(String name) {
        return streams.find(new StreamName(name)).isPresent();
    }

    /// Sends the tags and compares what arrives.
    private void publishAndCompare(List<FlvFile.Tag> tags) throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a").send(tags);
            client.unpublish();
            List<Frame> frames = collector.untilEnd();
            FrameCollector.assertSame(tags.stream().filter(FlvFile.Tag::media).toList(), frames);
            assertEquals("unpublished", collector.endReason());
        }
    }

    @Test
    void thePortIsSaid() {
        assertEquals(server.port(), ports.port("RTMP"));
    }

    @Test
    void everyFrameArrivesByteForByte() throws IOException {
        publishAndCompare(CLIP.tags());
    }

    @Test
    void withoutSound() throws IOException {
        publishAndCompare(CLIP.tags().stream().filter(tag -> !tag.audio()).toList());
    }

    @Test
    void withoutPictures() throws IOException {
        publishAndCompare(CLIP.tags().stream().filter(tag -> !tag.video()).toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {10_000, (1 << 24) - 500, Integer.MAX_VALUE - 500, -500})
    void whereverTimestampsBegin(int shiftMillis) throws IOException {
        publishAndCompare(CLIP.shifted(shiftMillis).tags());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 128, 1000, 65_536, 0xFFFFFF})
    void whateverTheChunkSize(int bytes) throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a").chunkSize(bytes);
            client.send(CLIP);
            client.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }

    @Test
    void aggregateMessagesAreTakenApart() throws IOException {
        List<FlvFile.Tag> tags =
                CLIP.tags().stream().filter(tag -> !tag.script()).toList();
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a");
            for (int from = 0; from < tags.size(); from += 7) {
                List<FlvFile.Tag> some = tags.subList(from, Math.min(tags.size(), from + 7));
                ByteWriter body = new ByteWriter();
                for (FlvFile.Tag tag : some) {
                    // Their own clock begins anywhere.
                    int millis = tag.timestampMillis() + 5_000;
                    body.u8(tag.type())
                            .u24(tag.body().length())
                            .u24(millis)
                            .u8(millis >>> 24)
                            .u24(0);
                    body.bytes(tag.body()).u32(11 + tag.body().length());
                }
                client.message(4, 22, client.streamId(), some.getFirst().timestampMillis(), body.toBytes());
            }
            client.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }

    @Test
    void theTracksAndThePublisherAreKnown() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a").send(CLIP);
            collector.until(1);
            assertEquals(
                    List.of("h264", "aac"),
                    collector.stream().tracks().stream()
                            .map(track -> track.codec().name())
                            .toList());
            Codec.Video video =
                    (Codec.Video) collector.stream().tracks().getFirst().codec();
            assertEquals(320, video.width());
            assertEquals(180, video.height());
            Publisher publisher = collector.stream().publisher();
            assertEquals(Publisher.Protocol.RTMP, publisher.protocol());
            assertEquals("127.0.0.1:" + client.socket().getLocalPort(), publisher.address());
            assertEquals(Publisher.Expects.BOTH, publisher.expects());
            assertEquals(8, publisher.login().length());
        }
        collector.untilEnd();
        assertEquals("the peer closed the connection", collector.endReason());
    }

    @Test
    void whatComesIsSaidByTheMetadata() throws IOException {
        record Case(Map<String, Object> metadata, Publisher.Expects expects) {}
        for (Case c : List.of(
                new Case(Map.of("videocodecid", 7, "audiocodecid", 10), Publisher.Expects.BOTH),
                new Case(Map.of("videocodecid", "avc1"), Publisher.Expects.VIDEO),
                new Case(Map.of("videocodecid", "vp08", "hasVideo", true, "hasAudio", true), Publisher.Expects.BOTH),
                new Case(Map.of("hasVideo", false, "hasAudio", true), Publisher.Expects.AUDIO),
                new Case(Map.of("audiocodecid", 10, "videocodecid", 0), Publisher.Expects.AUDIO),
                new Case(Map.of("width", 640), Publisher.Expects.UNKNOWN))) {
            FrameCollector collector = FrameCollector.of(streams, "a");
            try (RtmpClient client = client()) {
                client.publish("a");
                ByteWriter body = Amf0.write(new ByteWriter(), "@setDataFrame", "onMetaData");
                Amf0.writeEcmaArray(body, c.metadata());
                client.message(5, 18, client.streamId(), 0, body.toBytes());
                client.unpublish();
                collector.untilEnd();
                assertEquals(c.expects(), collector.stream().publisher().expects());
            }
        }
    }

    @Test
    void aNameThatIsTakenIsRefusedAndTheFirstPublisherLosesNothing() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient first = client();
                RtmpClient second = client()) {
            int half = CLIP.tags().size() / 2;
            first.publish("a").send(CLIP.tags().subList(0, half));
            RtmpClient.Status status = second.tryPublish("a?token=1");
            assertEquals("error", status.level());
            assertEquals("NetStream.Publish.BadName", status.code());
            assertEquals("stream \"a\" is already being published", status.description());
            second.awaitClosed();
            first.send(CLIP.tags().subList(half, CLIP.tags().size()));
            first.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "../../etc/passwd", "a/../b", "a//b", "/a", "a\\b", "a\u0000b", "`id`", "a;b", "..", "a/."})
    void aNameThatIsNotAllowedIsRefused(String name) throws IOException {
        try (RtmpClient publisher = client();
                RtmpClient player = client()) {
            assertEquals("NetStream.Publish.BadName", publisher.tryPublish(name).code());
            publisher.awaitClosed();
            assertEquals("NetStream.Play.StreamNotFound", player.tryPlay(name).code());
            player.awaitClosed();
        }
        assertEquals(List.of(), List.copyOf(streams.all()));
    }

    @Test
    void aPublisherThatVanishesFreesItsNameAtOnce() throws IOException {
        for (int i = 0; i < 5; i++) {
            FrameCollector collector = FrameCollector.of(streams, "a");
            RtmpClient client = client();
            client.publish("a").send(CLIP.tags().subList(0, 20));
            collector.until(10);
            client.vanish();
            collector.untilEnd();
            await("the name is free", () -> !live("a"));
        }
    }

    @Test
    void aConnectionMayPublishAgain() throws IOException {
        try (RtmpClient client = client()) {
            for (int i = 0; i < 3; i++) {
                FrameCollector collector = FrameCollector.of(streams, "a" + i);
                client.publish("a" + i).send(CLIP);
                client.unpublish();
                FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
                assertEquals("NetStream.Unpublish.Success", client.awaitStatus().code());
            }
        }
    }

    @Test
    void aConnectionHasOneStreamAtATime() throws IOException {
        try (RtmpClient client = client()) {
            client.publish("a");
            assertEquals("NetStream.Publish.Failed", client.tryPublish("b").code());
            client.awaitClosed();
        }
    }

    @Test
    void aStreamThatIsTerminatedClosesItsConnection() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a");
            collector.stream().terminate("somebody said so");
            client.awaitClosed();
            collector.untilEnd();
            assertEquals("somebody said so", collector.endReason());
        }
    }

    @Test
    void theEndOfTheServerEndsItsStreams() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a").send(CLIP);
            collector.until(CLIP.media().size());
            server.close();
            assertEquals("the server stops", endOf(collector));
            client.awaitClosed();
        }
    }

    /// Enhanced RTMP: the answer to `connect` says what is taken, to those who ask.
    @Test
    void whoNamesFourCcsIsToldOurs() throws IOException {
        for (boolean asks : new boolean[] {true, false}) {
            try (RtmpClient client = RtmpClient.open(server.port()).handshake()) {
                Map<String, Object> object =
                        asks ? Map.of("app", "live", "fourCcList", List.of("*")) : Map.of("app", "live");
                client.command(0, "connect", 1, object);
                Map<?, ?> answer = (Map<?, ?>) client.awaitResult(1).get(2);
                assertEquals("FMS/3,5,7,7009", answer.get("fmsVer"));
                assertEquals(
                        asks ? List.of("avc1", "hvc1", "av01", "vp09", "vp08", "mp4a", "Opus", ".mp3") : null,
                        answer.get("fourCcList"));
                assertEquals(asks, answer.containsKey("videoFourCcInfoMap"));
                assertEquals(asks, answer.containsKey("audioFourCcInfoMap"));
            }
        }
    }

    private static String endOf(FrameCollector collector) {
        collector.untilEnd();
        return collector.endReason();
    }

    @ParameterizedTest
    @CsvSource({
        "8, 12, ADPCM",
        "8, b2, Speex",
        "8, 62, Nellymoser",
        "8, 90 664c6143, enhanced RTMP audio fLaC",
        "8, 95 11 4f707573, enhanced RTMP audio multitrack",
        "9, 12, Sorenson H.263",
        "9, 1c, H.265 with codec id 12",
        "9, 90 76766331, enhanced RTMP video vvc1",
        "9, 96 11 68766331, enhanced RTMP video multitrack"
    })
    void aCodecThatIsNotSupportedIsRefusedByName(int type, String head, String name) throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a");
            client.message(4, type, client.streamId(), 0, Bytes.ofHex(head + "0102030405"));
            RtmpClient.Status status = client.awaitStatus();
            assertEquals("NetStream.Publish.Failed", status.code());
            assertEquals(
                    name + " is not supported: H.264, H.265, VP8, VP9 or AV1, and AAC, Opus, MP3 or G.711, are",
                    status.description());
            client.awaitClosed();
            collector.untilEnd();
        }
    }

    @Test
    void badPacketsAreDroppedAndTheNextOnesArrive() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient client = client()) {
            client.publish("a");
            // Before its header, a header that is none, a NAL unit that is longer than its message.
            client.send(CLIP.media().getFirst());
            client.send(new FlvFile.Tag(9, 0, Bytes.ofHex("17 00 000000 02 640028")));
            client.send(new FlvFile.Tag(8, 0, Bytes.ofHex("af 00 ff")));
            client.send(new FlvFile.Tag(9, 0, Bytes.EMPTY));
            client.send(CLIP.tags().stream().filter(FlvFile.Tag::sequenceHeader).toList());
            client.send(new FlvFile.Tag(9, 0, Bytes.ofHex("27 01 000000 000000ff 65")));
            client.send(CLIP);
            client.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }

    @Test
    void aPingIsAnsweredAndBytesAreAcknowledged() throws IOException {
        try (RtmpClient client = client()) {
            client.message(2, 5, 0, 0, new ByteWriter().u32(128 * 1024).toBytes());
            client.message(2, 4, 0, 0, new ByteWriter().u16(6).u32(12345).toBytes());
            RtmpClient.Message pong = client.read();
            assertEquals(4, pong.type());
            assertEquals("000700003039", pong.body().toHex());
            client.publish("a").send(CLIP);
            RtmpClient.Message acknowledgement = client.read();
            while (acknowledgement.type() != 3) {
                acknowledgement = client.read();
            }
            assertTrue(acknowledgement.body().u32(0) >= 64 * 1024, "" + acknowledgement);
        }
    }

    @Test
    void aPlayerOfNothingIsToldSoAtOnce() throws IOException {
        try (RtmpClient client = client()) {
            RtmpClient.Status status = client.tryPlay("nobody");
            assertEquals("NetStream.Play.StreamNotFound", status.code());
            assertEquals("Nobody publishes \"nobody\".", status.description());
            client.awaitClosed();
        }
    }

    @Test
    void aPlayerGetsWhatWasPublished() throws IOException {
        try (RtmpClient publisher = client();
                RtmpClient player = client()) {
            publisher.publish("a");
            player.play("a");
            publisher.send(CLIP);
            publisher.unpublish();
            List<FlvFile.Tag> played = new ArrayList<>();
            RtmpClient.Message message = player.read();
            for (; message.type() != 20; message = player.read()) {
                played.add(new FlvFile.Tag(message.type(), message.timestampMillis(), message.body()));
            }
            assertTrue(message.values().toString().contains("NetStream.Play.UnpublishNotify"));
            assertEquals("NetStream.Play.Stop", player.awaitStatus().code());
            // The connection is good for the next stream.
            publisher.publish("b").send(CLIP);
            player.play("b");
            assertEquals(
                    CLIP.tags().stream()
                            .filter(FlvFile.Tag::sequenceHeader)
                            .map(FlvFile.Tag::body)
                            .toList(),
                    played.stream()
                            .filter(tag -> tag.video() || tag.audio())
                            .filter(FlvFile.Tag::sequenceHeader)
                            .map(FlvFile.Tag::body)
                            .toList());
            int origin = CLIP.media().getFirst().timestampMillis();
            assertEquals(
                    CLIP.shifted(-origin).media(),
                    played.stream().filter(FlvFile.Tag::media).toList());
        }
    }

    @Test
    void aPlayerThatComesLateBeginsAtTheLastKeyframe() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient publisher = client();
                RtmpClient player = client()) {
            publisher.publish("a").send(CLIP);
            collector.until(CLIP.media().size());
            player.play("a");
            List<FlvFile.Tag> media = CLIP.media();
            int last = 0;
            for (int i = 0; i < media.size(); i++) {
                if (media.get(i).video() && media.get(i).keyframe()) {
                    last = i;
                }
            }
            for (FlvFile.Tag expected : media.subList(last, media.size())) {
                RtmpClient.Message message = player.read();
                while (message.type() != 8 && message.type() != 9
                        || message.body().u8(1) == 0) {
                    message = player.read();
                }
                assertEquals(expected.body(), message.body());
            }
        }
    }

    @Test
    void theFirstBytesOfOtherProtocolsEndTheConnectionAndNothingElse() throws IOException {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmpClient good = client()) {
            int half = CLIP.tags().size() / 2;
            good.publish("a").send(CLIP.tags().subList(0, half));
            for (String start : List.of(
                    "GET / HTTP/1.1\r\n\r\n",
                    "OPTIONS rtsp://x RTSP/1.0\r\n\r\n",
                    "\u0016\u0003\u0001\u0002\u0000\u0001",
                    "SSH-2.0-x\r\n",
                    "FLV\u0001")) {
                try (RtmpClient other = RtmpClient.open(server.port())) {
                    other.raw(start.getBytes(StandardCharsets.ISO_8859_1));
                    other.awaitClosed();
                }
            }
            good.send(CLIP.tags().subList(half, CLIP.tags().size()));
            good.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }
}
