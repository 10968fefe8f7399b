package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.LastWords;
import tapedeck.peers.RtspClient;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Rights;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Conversations over a real connection.
class RtspSessionTest {

    private final Streams streams = new Streams();
    private EventLoops loops;
    private RtspServer server;

    @BeforeEach
    void start() {
        loops = new EventLoops(2);
        Settings.Rtsp settings =
                new Settings.Rtsp(new Settings.Port("rtsp_port", java.util.OptionalInt.of(0)), 31_001, 32_000);
        server = new RtspServer(0, settings, new Rights(Settings.Rights.NONE), loops, streams, new BoundPorts());
    }

    @AfterEach
    void stop() {
        server.close();
        loops.close();
    }

    private static List<String> datas(List<Frame> frames, int trackId) {
        return frames.stream()
                .filter(frame -> frame.track().id() == trackId)
                .map(frame -> (frame.keyframe() ? "K " : "  ") + frame.data().hashCode() + " "
                        + frame.data().length())
                .toList();
    }

    /// Pictures and sound come out as they were sent, pictures with the distances of their times.
    @ParameterizedTest
    @ValueSource(strings = {"h264+aac", "h265+opus", "vp8+mp3", "vp9+opus", "av1+aac"})
    void whatIsPublishedBecomesTheSameFrames(String codecs) throws Exception {
        List<Frame> media = TestMedia.of(codecs, 2);
        List<Track> tracks = TestMedia.tracks(media);
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspClient client = new RtspClient(server.port(), "live/a")) {
            assertEquals(200, client.publish(tracks).status());
            client.send(tracks, media);
            assertEquals(200, client.request("TEARDOWN").status());
        }
        List<Frame> received = collector.untilEnd();
        assertEquals(datas(media, Track.VIDEO), datas(received, Track.VIDEO));
        assertEquals(datas(media, Track.AUDIO), datas(received, Track.AUDIO));
    }

    @Test
    void whatRtpCannotCarryIsNamedInTheDescription() throws Exception {
        List<Frame> pictures = TestMedia.h264(1);
        Publisher publisher = new Publisher(
                Publisher.Protocol.MPEGTS, "test", "1", "me", Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        try (Publication publication = streams.publish(new StreamName("a"), publisher, Feedback.NONE);
                RtspClient player = new RtspClient(server.port(), "a")) {
            publication.announce(pictures.getFirst().track());
            publication.announce(new Track(Track.AUDIO, new Codec.Ac3(Bytes.ofHex("104000"), 48_000, 2)));
            RtspClient.Answer described = player.request("DESCRIBE");
            assertEquals(200, described.status());
            assertEquals(1, SessionDescription.parse(described.body()).media().size());
            assertEquals("ac3", described.headers().get("left-out"));
        }
    }

    /// Publishers gather up to a second of sound for its first packet (RFC 3640 3.3.6): nobody has to wait for that.
    @Test
    void soundThatIsAnnouncedIsDescribedBeforeItComes() throws Exception {
        List<Frame> media = TestMedia.of("h264+aac", 1);
        List<Track> tracks = TestMedia.tracks(media);
        List<Frame> sound =
                media.stream().filter(frame -> frame.track().isAudio()).toList();
        try (RtspClient publisher = new RtspClient(server.port(), "live/a");
                RtspClient player = new RtspClient(server.port(), "a")) {
            publisher.publish(tracks);
            Stream stream = streams.find(new StreamName("a")).orElseThrow();
            publisher.send(
                    tracks,
                    media.stream().filter(frame -> frame.track().isVideo()).toList());
            await("pictures", () -> !stream.tracks().isEmpty());
            RtspClient.Answer described = player.request("DESCRIBE");
            assertFalse(stream.knowsItsTracks(), "nothing was heard yet");
            SessionDescription sdp = SessionDescription.parse(described.body());
            assertEquals(
                    List.of("video", "audio"),
                    sdp.media().stream().map(MediaDescription::type).toList());
            String control =
                    described.headers().get("content-base") + sdp.media().get(1).attribute("control");
            player.ask("SETUP", control, "", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1");
            assertEquals(200, player.request("PLAY").status());
            publisher.send(tracks, sound);
            publisher.request("TEARDOWN");
            int heard = 0;
            for (RtspClient.Interleaved next = player.next(); !saysGoodbye(next); next = player.next()) {
                heard += next.channel() == 0 ? 1 : 0;
            }
            assertEquals(sound.size(), heard);
        }
    }

    @Test
    void aPlayerGetsWhatWasPublished() throws Exception {
        List<Frame> media = TestMedia.of("h264+aac", 2);
        List<Track> tracks = TestMedia.tracks(media);
        try (RtspClient publisher = new RtspClient(server.port(), "live/a");
                RtspClient player = new RtspClient(server.port(), "a")) {
            publisher.publish(tracks);
            publisher.send(tracks, media.subList(0, 40));
            await(
                    "both tracks",
                    () -> streams.find(new StreamName("a"))
                                    .orElseThrow()
                                    .tracks()
                                    .size()
                            == 2);
            RtspClient.Answer described = player.request("DESCRIBE");
            assertEquals(200, described.status());
            SessionDescription sdp = SessionDescription.parse(described.body());
            assertEquals(2, sdp.media().size());
            for (int i = 0; i < 2; i++) {
                String control = described.headers().get("content-base")
                        + sdp.media().get(i).attribute("control");
                String transport = "Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d".formatted(2 * i, 2 * i + 1);
                assertEquals(200, player.ask("SETUP", control, "", transport).status());
            }
            RtspClient.Answer playing = player.request("PLAY");
            assertEquals(200, playing.status());
            assertTrue(playing.headers().get("rtp-info").contains("rtptime="), playing.toString());
            publisher.send(tracks, media.subList(40, media.size()));
            publisher.request("TEARDOWN");
            List<Frame> frames = played(player, sdp);
            for (int id : new int[] {Track.VIDEO, Track.AUDIO}) {
                List<String> sent = datas(media, id);
                List<String> got = datas(frames, id);
                assertEquals(sent.subList(sent.size() - got.size(), sent.size()), got);
                assertTrue(
                        got.size() >= datas(media.subList(40, media.size()), id).size(), got.size() + " frames");
            }
        }
    }

    private List<Frame> played(RtspClient player, SessionDescription sdp) throws IOException {
        List<Frame> frames = new ArrayList<>();
        List<Depacketizer> depacketizers = sdp.media().stream()
                .map(section -> Depacketizer.of(section.payloadFormats().getFirst()))
                .toList();
        List<String> reports = new ArrayList<>();
        for (RtspClient.Interleaved next = player.next(); next != null; next = player.next()) {
            int index = next.channel() / 2;
            if (next.channel() % 2 == 1) {
                reports.add("channel " + next.channel());
                continue;
            }
            assertTrue(reports.contains("channel " + (next.channel() + 1)), "a report comes first");
            RtpPacket packet = RtpPacket.parse(next.packet());
            int id = index == 0 ? Track.VIDEO : Track.AUDIO;
            depacketizers
                    .get(index)
                    .packet(
                            packet.payload(),
                            packet.timestamp(),
                            packet.marker(),
                            (codec, at, key, data) -> frames.add(new Frame(new Track(id, codec), at, at, key, data)));
        }
        return frames;
    }

    @Test
    void eachMistakeHasItsStatus() throws Exception {
        List<Frame> media = TestMedia.aac(1);
        List<Track> tracks = TestMedia.tracks(media);
        try (RtspClient publisher = new RtspClient(server.port(), "live/a");
                RtspClient other = new RtspClient(server.port(), "live/a")) {
            assertEquals(200, publisher.publish(tracks).status());
            assertEquals(409, other.publish(tracks).status());
            assertEquals(454, other.request("PLAY").status());
            assertEquals(454, other.request("PAUSE", "Session: 1").status());
            assertEquals(455, other.request("SETUP", "Transport: RTP/AVP/TCP").status());
            assertEquals(501, other.request("REDIRECT").status());
            assertEquals(200, other.request("OPTIONS").status());
            assertEquals(404, other.ask("DESCRIBE", "rtsp://h/live/none", "").status());
            assertEquals(400, other.ask("DESCRIBE", "rtsp://h/live/..", "").status());
            assertEquals(455, publisher.request("DESCRIBE").status());
            publisher.send(tracks, media);
            assertEquals(200, other.request("DESCRIBE").status());
            assertEquals(
                    461, other.request("SETUP", "Transport: RTP/AVP;multicast").status());
            assertEquals(
                    461,
                    other.request("SETUP", "Transport: RTP/SAVP;unicast;client_port=1-2")
                            .status());
            assertEquals(400, other.request("SETUP").status());
            assertTrue(
                    publisher.request("GET_PARAMETER").headers().get("session").endsWith(";timeout=60"));
        }
    }

    @Test
    void aPublisherOfUnknownCodecsHearsWhichAreMissing() throws Exception {
        try (RtspClient client = new RtspClient(server.port(), "live/a")) {
            String sdp = "v=0\r\ns=x\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 L24/48000/2\r\n";
            RtspClient.Answer answer = client.ask("ANNOUNCE", client.url(), sdp);
            assertEquals(415, answer.status());
            assertTrue(answer.reason().contains("L24"), answer.reason());
        }
    }

    @Test
    void aPublisherThatVanishesInTheMiddleOfAPacketFreesItsName() throws Exception {
        List<Frame> media = TestMedia.of("h264+aac", 1);
        List<Track> tracks = TestMedia.tracks(media);
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspClient client = new RtspClient(server.port(), "live/a")) {
            client.publish(tracks);
            client.send(tracks, media);
            client.raw(Bytes.ofU8('$', 0, 5, 0, 0x80, 96));
        }
        assertEquals(datas(media, Track.VIDEO), datas(collector.untilEnd(), Track.VIDEO));
        await("the name is free", () -> streams.find(new StreamName("a")).isEmpty());
    }

    @Test
    void datagramsMayComeInAnyOrderButFromThePeerOnly() throws Exception {
        List<Frame> media = TestMedia.h264(2);
        List<Track> tracks = TestMedia.tracks(media);
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspClient client = new RtspClient(server.port(), "live/a");
                DatagramSocket socket = new DatagramSocket();
                DatagramSocket stranger = new DatagramSocket()) {
            client.ask("ANNOUNCE", client.url(), client.description(tracks));
            int port = socket.getLocalPort();
            RtspClient.Answer setUp = client.ask(
                    "SETUP",
                    client.url() + "/streamid=0",
                    "",
                    "Transport: RTP/AVP;unicast;client_port=%d-%d;mode=record".formatted(port, port + 1));
            assertEquals(200, setUp.status(), setUp.toString());
            String transport = setUp.headers().get("transport");
            int target = Integer.parseInt(transport.replaceAll(".*server_port=(\\d+)-.*", "$1"));
            assertTrue(target % 2 == 0 && target >= 31_001 && target <= 32_000, transport);
            assertEquals(200, client.request("RECORD").status());
            List<Bytes> packets = new ArrayList<>();
            media.forEach(frame -> packets.addAll(client.packets(frame)));
            for (int i = 1; i + 1 < packets.size(); i += 2) {
                Collections.swap(packets, i, i + 1);
            }
            long sent = 0;
            for (Bytes packet : packets) {
                send(socket, packet, target);
                byte[] fake = packet.toByteArray();
                fake[20] ^= 1;
                send(stranger, Bytes.wrap(fake), target);
                if (++sent % 20 == 0) {
                    // The loopback loses what a full socket cannot hold.
                    client.request("GET_PARAMETER");
                }
            }
            assertEquals(datas(media, Track.VIDEO), datas(collector.until(media.size()), Track.VIDEO));
            client.request("TEARDOWN");
        }
        assertEquals(media.size(), collector.untilEnd().size());
    }

    private static void send(DatagramSocket socket, Bytes packet, int port) throws IOException {
        socket.send(new DatagramPacket(packet.toByteArray(), packet.length(), InetAddress.getLoopbackAddress(), port));
    }

    @Test
    void firstBytesOfOtherProtocolsEndOneConnection() throws Exception {
        for (String first : List.of(
                "GET / HTTP/1.1\r\n\r\n",
                "\u0016\u0003\u0001\u0002",
                "\u0003\u0000",
                "$\u0000\u0000\u0001x",
                "FLV\u0001")) {
            try (RtspClient client = new RtspClient(server.port(), "x")) {
                client.raw(Bytes.wrap(first.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)));
                client.awaitEnd();
            }
        }
        try (RtspClient client = new RtspClient(server.port(), "x")) {
            assertEquals(200, client.request("OPTIONS").status());
        }
    }

    /// Requests in any order with any headers: each has an answer or ends its connection, and the server goes on.
    @Test
    void tenThousandRandomRequestsDoNoHarm() throws Exception {
        Random random = new Random(7);
        String[] methods = {"OPTIONS", "DESCRIBE", "ANNOUNCE", "SETUP", "RECORD", "PLAY", "PAUSE", "TEARDOWN", "X"};
        String[] headers = {
            "Transport: RTP/AVP/TCP;interleaved=0-1",
            "Transport: RTP/AVP;client_port=9-10",
            "Transport: x",
            "Session: 1",
            "Authorization: Basic x",
            "Range: npt=0-",
            "Accept: application/sdp"
        };
        String sdp = "v=0\r\ns=%s\r\nm=audio 0 RTP/AVP 0\r\na=control:0\r\n";
        int answered = 0;
        for (int requests = 0; requests < 10_000; ) {
            StringBuilder text = new StringBuilder();
            int count = 1 + random.nextInt(60);
            for (int i = 0; i < count; i++, requests++) {
                String method = methods[random.nextInt(methods.length)];
                String body = method.equals("ANNOUNCE") ? sdp.formatted("s" + random.nextInt(3)) : "";
                text.append("%s rtsp://h/live/n%d RTSP/1.0\r\nCSeq: %d\r\n%s\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(
                                method,
                                random.nextInt(4),
                                i,
                                headers[random.nextInt(headers.length)],
                                body.length(),
                                body));
            }
            byte[] bytes = text.toString().getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
            if (random.nextInt(3) == 0) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try (Socket socket = new Socket("127.0.0.1", server.port())) {
                socket.setSoTimeout(60_000);
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
                String answers = new String(
                        socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.ISO_8859_1);
                answered += answers.split("RTSP/1.0 [2-5][0-9]{2} ", -1).length - 1;
                assertFalse(answers.contains("RTSP/1.0 500"), answers);
            }
        }
        assertTrue(answered > 5_000, answered + " answers");
        try (RtspClient client = new RtspClient(server.port(), "x")) {
            assertEquals(200, client.request("OPTIONS").status());
        }
        await("no stream is left", () -> streams.all().isEmpty());
    }

    @Test
    void aPausedPlayerHearsNothingUntilItPlaysAgain() throws Exception {
        List<Frame> media = TestMedia.aac(2);
        List<Track> tracks = TestMedia.tracks(media);
        Publisher who =
                new Publisher(Publisher.Protocol.RTMP, "x", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        try (Publication publication = streams.publish(new StreamName("a"), who, Feedback.NONE);
                RtspClient player = new RtspClient(server.port(), "a")) {
            publication.announce(tracks.getFirst());
            player.request("DESCRIBE");
            player.request("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1");
            assertEquals(200, player.request("PLAY").status());
            await("plays", () -> publication.stream().statistics().liveReaders() == 1);
            publication.write(media.get(0));
            assertEquals(1, player.next().channel());
            assertEquals(0, player.next().channel());
            assertEquals(200, player.request("PAUSE").status());
            await("pauses", () -> publication.stream().statistics().liveReaders() == 0);
            publication.write(media.get(1));
            assertEquals(200, player.request("PLAY").status());
            publication.write(media.get(2));
            RtpPacket next = RtpPacket.parse(player.next().packet());
            assertTrue(next.payloadLength() > 0);
        }
    }

    /// RFC 2326 A.2; GStreamer says so before it goes.
    @Test
    void aPublisherThatPausesMayGoOn() throws Exception {
        List<Frame> media = TestMedia.aac(2);
        List<Track> tracks = TestMedia.tracks(media);
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspClient publisher = new RtspClient(server.port(), "live/a")) {
            publisher.ask("ANNOUNCE", publisher.url(), publisher.description(tracks), "Content-Type: application/sdp");
            publisher.ask(
                    "SETUP",
                    publisher.url() + "/streamid=0",
                    "",
                    "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
            assertEquals(455, publisher.request("PAUSE").status(), "nothing is published yet");
            assertEquals(200, publisher.request("RECORD").status());
            publisher.send(tracks, media.subList(0, media.size() / 2));
            assertEquals(200, publisher.request("PAUSE").status());
            assertEquals(200, publisher.request("RECORD").status());
            publisher.send(tracks, media.subList(media.size() / 2, media.size()));
            assertEquals(200, publisher.request("TEARDOWN").status());
        }
        assertEquals(datas(media, Track.AUDIO), datas(collector.untilEnd(), Track.AUDIO));
    }

    /// GStreamer takes a connection that closes before it could say TEARDOWN for an error.
    @Test
    void aPlayerThatHasHeardTheGoodbyeMaySayTeardown() throws Exception {
        List<Frame> media = TestMedia.aac(2);
        Publisher who =
                new Publisher(Publisher.Protocol.RTMP, "x", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        try (RtspClient polite = new RtspClient(server.port(), "a");
                RtspClient silent = new RtspClient(server.port(), "a")) {
            try (Publication publication = streams.publish(new StreamName("a"), who, Feedback.NONE)) {
                publication.announce(TestMedia.tracks(media).getFirst());
                for (RtspClient player : List.of(polite, silent)) {
                    player.request("DESCRIBE");
                    player.request("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1");
                    assertEquals(200, player.request("PLAY").status());
                }
                await("plays", () -> publication.stream().statistics().liveReaders() == 2);
                publication.write(media.get(0));
            }
            RtspClient.Interleaved next = polite.next();
            while (!saysGoodbye(next)) {
                next = polite.next();
            }
            assertEquals(200, polite.request("TEARDOWN").status());
            silent.awaitEnd();
        }
    }

    /// FFmpeg reads reports first. It may be held up itself: once is enough.
    @Test
    void theGoodbyeComesBehindTheLastDatagram() throws Exception {
        List<Frame> media = TestMedia.aac(1);
        Publisher who =
                new Publisher(Publisher.Protocol.RTMP, "x", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        long behind = 0;
        for (int attempt = 0; attempt < 3 && behind < Rtcp.GOODBYE_NANOS / 2; attempt++) {
            String name = "ends" + attempt;
            try (RtspClient player = new RtspClient(server.port(), name);
                    LastWords heard = new LastWords()) {
                try (Publication publication = streams.publish(new StreamName(name), who, Feedback.NONE)) {
                    publication.announce(TestMedia.tracks(media).getFirst());
                    player.request("DESCRIBE");
                    player.request(
                            "SETUP",
                            "Transport: RTP/AVP;unicast;client_port=%d-%d".formatted(heard.port(), heard.port() + 1));
                    assertEquals(200, player.request("PLAY").status());
                    await("plays", () -> publication.stream().statistics().liveReaders() == 1);
                    publication.write(media.get(0));
                }
                behind = heard.goodbyeNanos(1);
            }
        }
        assertTrue(behind >= Rtcp.GOODBYE_NANOS / 2, behind + " ns");
    }

    private static boolean saysGoodbye(RtspClient.Interleaved next) {
        return next.channel() == 1
                && Rtcp.parse(next.packet()).stream().anyMatch(packet -> packet instanceof Rtcp.Goodbye);
    }
}
