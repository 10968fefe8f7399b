package tapedeck.protocol.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.udp.PortPairs;
import tapedeck.peers.Await;
import tapedeck.peers.EndlessMedia;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Fuzz;
import tapedeck.peers.LastWords;
import tapedeck.peers.Listening;
import tapedeck.peers.Programs;
import tapedeck.peers.TestMedia;
import tapedeck.relay.Relays;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Plain RTP and SRTP between two endpoints of our own, and with real programs.
class RtpEndpointsTest {
    @TempDir
    private Path folder;

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(2);
    private final PortPairs ports = new PortPairs(31_001, 32_000, loops);
    private final Relays relays;
    private final RtpEndpoints endpoints;

    RtpEndpointsTest() throws Exception {
        relays = new Relays(new Settings.Relays(List.of(), List.of(), List.of("127.0.0.0/8"), 60, ""), streams)
                .pushWith(new RtpPush(loops, ports));
        endpoints = new RtpEndpoints(loops, ports, streams, relays);
    }

    @AfterEach
    void close() {
        endpoints.close();
        relays.close();
        loops.close();
    }

    private Publication publish(String name, Publisher.Expects expects) throws Exception {
        Publisher publisher =
                new Publisher(Publisher.Protocol.RTMP, "test", "test", "test", Publisher.RecordWish.NO, expects);
        return streams.publish(new StreamName(name), publisher, Feedback.NONE);
    }

    @Test
    void soundThatIsLongerThanAUsualPacketGoesOut() throws Exception {
        List<Frame> media = TestMedia.longOpus(30);
        Map<String, Object> answer = endpoints.startup(Map.of(
                "streamName", "copy", "host", "127.0.0.1", "sdp", offer(TestMedia.tracks(media), Optional.empty())));
        FrameCollector collector = FrameCollector.of(streams, "copy");
        Publication publication = publish("original", Publisher.Expects.AUDIO);
        play(publication, media.subList(0, 2));
        endpoints.startup(Map.of("streamName", "original", "address", "127.0.0.1:" + port(answer, "audio")));
        Await.await("it is sent", () -> publication.stream().statistics().liveReaders() == 1);
        play(publication, media.subList(2, media.size()));
        publication.close("enough");
        List<String> got = datas(collector.untilEnd());
        assertTrue(got.size() > media.size() / 2, got.size() + " packets");
        assertEquals(datas(media.subList(media.size() - got.size(), media.size())), got);
    }

    /// A player that reads reports first would not read its last packets. It may be held up itself: once is enough.
    @Test
    void theGoodbyeComesBehindTheLastPacket() throws Exception {
        List<Frame> media = TestMedia.opus(1);
        long behind = 0;
        for (int attempt = 0; attempt < 3 && behind < Rtcp.GOODBYE_NANOS / 2; attempt++) {
            try (LastWords player = new LastWords()) {
                String name = "ends" + attempt;
                Publication publication = publish(name, Publisher.Expects.AUDIO);
                publication.write(media.get(0));
                endpoints.startup(Map.of("streamName", name, "address", "127.0.0.1:" + player.port()));
                Await.await(
                        "it is sent", () -> publication.stream().statistics().liveReaders() == 1);
                publication.write(media.get(1));
                publication.close("enough");
                behind = player.goodbyeNanos(2);
            }
        }
        assertTrue(behind >= Rtcp.GOODBYE_NANOS / 2, behind + " ns");
    }

    private static void play(Publication publication, List<Frame> frames) throws InterruptedException {
        long start = System.nanoTime();
        for (Frame frame : frames) {
            long wait = frame.dtsNanos() - (System.nanoTime() - start);
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            publication.write(frame);
        }
    }

    private static List<String> datas(List<Frame> frames) {
        return frames.stream()
                .map(frame -> frame.data().hashCode() + " " + frame.data().length())
                .toList();
    }

    private static int port(Map<String, Object> answer, String type) {
        SessionDescription sdp = SessionDescription.parse(String.valueOf(answer.get("sdp")));
        return sdp.media().stream()
                .filter(section -> section.type().equals(type))
                .findFirst()
                .orElseThrow()
                .port();
    }

    /// An offer of these tracks, as their sender would make it.
    private static String offer(List<Track> tracks, Optional<CryptoLine> crypto) {
        List<MediaDescription> sections = SentTrack.Described.of(tracks, 5_000).stream()
                .map(track -> track.section(crypto))
                .toList();
        return new SessionDescription("- 1 1 IN IP4 127.0.0.1", "-", "IN IP4 127.0.0.1", "0 0", List.of(), sections)
                .toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"})
    void whatIsSentIsWhatIsReceived(String profile) throws Exception {
        List<Frame> media = TestMedia.h264(2);
        Optional<CryptoLine> crypto = profile.isEmpty()
                ? Optional.empty()
                : Optional.of(CryptoLine.random("3", SrtpProfile.valueOf(profile), new SecureRandom()));
        Map<String, Object> answer = endpoints.startup(
                Map.of("streamName", "copy", "host", "127.0.0.1", "sdp", offer(TestMedia.tracks(media), crypto)));
        assertEquals(!profile.isEmpty(), String.valueOf(answer.get("sdp")).contains("a=crypto:3 " + profile));
        FrameCollector collector = FrameCollector.of(streams, "copy");
        Publication publication = publish("original", Publisher.Expects.VIDEO);
        play(publication, media.subList(0, 2));
        Map<String, String> order =
                new HashMap<>(Map.of("streamName", "original", "address", "127.0.0.1:" + port(answer, "video")));
        crypto.ifPresent(line -> order.put("crypto", line.value()));
        Map<String, Object> sending = endpoints.startup(order);
        assertTrue(String.valueOf(sending.get("sdp")).contains("H264/90000"));
        Await.await("it is sent", () -> publication.stream().statistics().liveReaders() == 1);
        play(publication, media.subList(2, media.size()));
        assertEquals(2, endpoints.all().size());
        publication.close("enough");
        assertEquals(datas(media), datas(collector.untilEnd()));
        Await.await("no port is kept", () -> ports.inUse() == 0);
    }

    /// The first source is the one; what others send, and what is not authentic, is dropped.
    @Test
    void strangersAreNotHeard() throws Exception {
        List<Track> tracks = TestMedia.tracks(TestMedia.g711(1, "mulaw"));
        Map<String, Object> answer = endpoints.startup(
                Map.of("streamName", "a", "host", "127.0.0.1", "sdp", offer(tracks, Optional.empty())));
        int port = port(answer, "audio");
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (DatagramSocket first = new DatagramSocket();
                DatagramSocket stranger = new DatagramSocket()) {
            for (int i = 0; i < 50; i++) {
                send(first, port, i, 1);
                // As if it were the next one: nothing but its port tells it from that.
                send(stranger, port, i + 1, 2);
            }
            collector.until(50);
        }
        endpoints.terminate(String.valueOf(answer.get("mediaSessionId")));
        List<Frame> frames = collector.untilEnd();
        assertEquals(50, frames.size());
        assertTrue(frames.stream().allMatch(frame -> frame.data().u8(0) == 1), "only the first one's");
    }

    private static void send(DatagramSocket socket, int port, int sequence, int content) throws Exception {
        byte[] packet = new byte[12 + 160];
        packet[0] = (byte) 0x80;
        packet[3] = (byte) sequence;
        int timestamp = 160 * sequence;
        packet[6] = (byte) (timestamp >> 8);
        packet[7] = (byte) timestamp;
        packet[11] = 1;
        Arrays.fill(packet, 12, packet.length, (byte) content);
        socket.send(new DatagramPacket(packet, packet.length, InetAddress.getLoopbackAddress(), port));
    }

    @Test
    void aSenderThatTakesLimitsHearsThem() throws Exception {
        String sdp =
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVPF 96\r\n"
                        + "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\n";
        Map<String, Object> answer = endpoints.startup(Map.of("streamName", "a", "host", "127.0.0.1", "sdp", sdp));
        assertTrue(String.valueOf(answer.get("sdp")).contains("a=rtcp-fb:96 goog-remb"));
        int port = port(answer, "video");
        try (DatagramSocket media = new DatagramSocket();
                DatagramSocket control = new DatagramSocket()) {
            control.setSoTimeout(Await.DEADLINE_MILLIS);
            byte[] report =
                    Rtcp.write(List.of(new Rtcp.ReceiverReport(0, List.of()))).toByteArray();
            control.send(new DatagramPacket(report, report.length, InetAddress.getLoopbackAddress(), port + 1));
            for (int i = 0; i < 20; i++) {
                byte[] packet = RtpPacket.of(96, true, i, 3_000L * i, 7, List.of(), Bytes.ofHex("1001000000"))
                        .bytes()
                        .toByteArray();
                media.send(new DatagramPacket(packet, packet.length, InetAddress.getLoopbackAddress(), port));
            }
            DatagramPacket heard = new DatagramPacket(new byte[1_500], 1_500);
            control.receive(heard);
            List<Rtcp> compound = Rtcp.parse(Bytes.wrap(heard.getData(), 0, heard.getLength()));
            assertTrue(compound.getFirst() instanceof Rtcp.ReceiverReport, compound.toString());
            assertTrue(
                    compound.get(1) instanceof Rtcp.BitrateLimit limit
                            && limit.ssrcs().equals(List.of(7L)),
                    compound.toString());
        }
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        assertThrows(Exception.class, () -> endpoints.startup(Map.of()));
        for (Map<String, String> order : List.of(
                Map.of("streamName", "a", "sdp", "v=0\r\nm=video 1 RTP/AVP 26\r\n"),
                Map.of("streamName", "a", "sdp", "v=0\r\nm=audio 1 RTP/SAVP 0\r\n"),
                Map.of("streamName", "a", "host", "example.com"))) {
            assertEquals(
                    400,
                    assertThrows(HttpProblem.class, () -> endpoints.startup(order))
                            .status());
        }
        assertEquals(
                404,
                assertThrows(
                                HttpProblem.class,
                                () -> endpoints.startup(Map.of("streamName", "none", "address", "127.0.0.1:4000")))
                        .status());
        publish("b", Publisher.Expects.AUDIO).write(TestMedia.aac(1).getFirst());
        for (String address : List.of("127.0.0.1:4001", "127.0.0.1", "10.0.0.1:4000", "a b:4000")) {
            HttpProblem refused = assertThrows(
                    HttpProblem.class, () -> endpoints.startup(Map.of("streamName", "b", "address", address)));
            assertEquals(400, refused.status(), refused.getMessage());
        }
        assertEquals(0, ports.inUse());
        assertTrue(String.valueOf(endpoints.startup(Map.of("streamName", "c")).get("sdp"))
                .contains("VP8/90000"));
        assertEquals(
                409,
                assertThrows(HttpProblem.class, () -> endpoints.startup(Map.of("streamName", "c")))
                        .status());
    }

    @Test
    void noKeyDoesHarm() {
        CryptoLine good = CryptoLine.random("1", SrtpProfile.AES_CM_128_HMAC_SHA1_80, new SecureRandom());
        assertEquals(good.keys(), parsed(good.value()).orElseThrow().keys());
        assertEquals(good.keys(), parsed(good.value() + "|2^20").orElseThrow().keys());
        assertTrue(parsed(good.value() + "|2^20|1:4").isEmpty(), "MKI");
        assertTrue(parsed(good.value() + " UNENCRYPTED_SRTP").isEmpty(), "a session parameter");
        Fuzz.parser(
                List.of(Bytes.ofUtf8(good.value())),
                List.of(),
                bytes -> parsed(bytes.toUtf8().replaceAll("\\p{Cntrl}", " ")));
    }

    private static Optional<CryptoLine> parsed(String value) {
        return CryptoLine.best(
                new MediaDescription("audio", 1, "RTP/SAVP", List.of(), "", List.of(new Attribute("crypto", value))));
    }

    @Tag("peer")
    @ParameterizedTest
    @ValueSource(strings = {"plain", "srtp"})
    void ffmpegPlaysTheDescriptionThatIsSent(String kind) throws Exception {
        List<Frame> media = EndlessMedia.of("h264+opus");
        Publication publication = publish("live", Publisher.Expects.BOTH);
        media.forEach(publication::write);
        int port = Listening.freePort();
        Map<String, Object> sending = endpoints.startup(Map.of(
                "streamName", "live", "address", "127.0.0.1:" + port, "srtp", Boolean.toString(kind.equals("srtp"))));
        Path sdp = Files.writeString(folder.resolve("live.sdp"), String.valueOf(sending.get("sdp")));
        Path taken = folder.resolve("taken");
        try (Programs programs = new Programs(folder)) {
            Process ffmpeg = programs.start(
                    Ffmpeg.ffmpeg(),
                    "-nostdin",
                    "-v",
                    "error",
                    "-protocol_whitelist",
                    "file,udp,rtp,srtp",
                    "-i",
                    sdp.toString(),
                    "-t",
                    "2",
                    "-map",
                    "0:v",
                    "-map",
                    "0:a",
                    "-f",
                    "framecrc",
                    taken.toString());
            EndlessMedia.play(publication, TestMedia.shifted(media, EndlessMedia.ROUND_NANOS), ffmpeg);
            assertEquals(0, ffmpeg.exitValue(), programs.log());
        }
        publication.close("enough");
        String frames = Files.readString(taken);
        assertTrue(frames.lines().filter(line -> line.startsWith("0,")).count() > 20, frames);
        assertTrue(frames.lines().filter(line -> line.startsWith("1,")).count() > 20, frames);
    }
}
