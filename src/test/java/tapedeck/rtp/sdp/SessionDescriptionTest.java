package tapedeck.rtp.sdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;
import tapedeck.rtp.payload.H264Parameters;
import tapedeck.rtp.payload.H264Parameters.Profile;
import tapedeck.rtp.payload.PayloadFormat;

class SessionDescriptionTest {
    private static final String OFFER = """
            v=0
            o=- 4611731400430051336 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0 1
            a=extmap-allow-mixed
            a=msid-semantic: WMS 5b2d
            m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 126
            c=IN IP4 0.0.0.0
            a=rtcp:9 IN IP4 0.0.0.0
            a=candidate:1 1 UDP 2122260223 192.168.1.2 52000 typ host generation 0 network-id 1
            a=candidate:2 1 tcp 1518280447 ab-cd.local 9 typ host tcptype active
            a=ice-ufrag:mk7G
            a=ice-pwd:9hL4Vb9yXa5b5f2g3h4j5k6l
            a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF
            a=setup:actpass
            a=mid:0
            a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
            a=extmap:3/recvonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
            a=sendrecv
            a=msid:5b2d 1a2b
            a=rtcp-mux
            a=rtpmap:111 opus/48000/2
            a=rtcp-fb:111 transport-cc
            a=fmtp:111 minptime=10;useinbandfec=1
            a=rtpmap:63 red/48000/2
            a=fmtp:63 111/111
            a=rtpmap:126 telephone-event/8000
            a=ssrc:1001 cname:x9
            m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104
            c=IN IP4 0.0.0.0
            a=mid:1
            a=sendonly
            a=rtcp-mux
            a=rtcp-rsize
            a=rtpmap:96 VP8/90000
            a=rtcp-fb:96 goog-remb
            a=rtcp-fb:96 nack
            a=rtcp-fb:96 nack pli
            a=rtcp-fb:* ccm fir
            a=rtpmap:97 rtx/90000
            a=fmtp:97 apt=96
            a=rtpmap:103 H264/90000
            a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
            a=rtpmap:104 rtx/90000
            a=fmtp:104 apt=103
            a=rid:hi send max-width=1280
            a=rid:lo send
            a=simulcast:send hi;lo
            a=ssrc-group:FID 2001 2002
            a=ssrc:2001 cname:x9
            a=ssrc:2001 msid:5b2d 3c4d
            a=ssrc:2002 cname:x9
            """;

    @Test
    void theOfferOfABrowserIsReadWhole() {
        SessionDescription offer = SessionDescription.parse(OFFER);
        assertEquals(List.of(List.of("0", "1")), offer.bundles());
        assertEquals(2, offer.media().size());
        MediaDescription audio = offer.media().getFirst();
        MediaDescription video = offer.media().getLast();
        assertEquals("audio", audio.type());
        assertEquals("UDP/TLS/RTP/SAVPF", audio.protocol());
        assertEquals("0", audio.mid());
        assertEquals("mk7G", offer.attribute(audio, "ice-ufrag"));
        assertEquals("actpass", offer.attribute(audio, "setup"));
        assertNull(offer.attribute(video, "ice-ufrag"));
        assertEquals(MediaDescription.Direction.SENDRECV, offer.direction(audio));
        assertEquals(MediaDescription.Direction.SENDONLY, offer.direction(video));
        assertTrue(video.has("rtcp-rsize"));
        assertFalse(video.rejected());
        assertEquals(
                OptionalInt.of(3),
                audio.extensionId("http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"));
        assertEquals("recvonly", audio.extensionMaps().getLast().direction());
        assertEquals(OptionalInt.empty(), video.extensionId("urn:x"));
        assertEquals(
                Map.of(2001L, Map.of("cname", "x9", "msid", "5b2d 3c4d"), 2002L, Map.of("cname", "x9")),
                video.sources());
        assertEquals(List.of(List.of(2001L, 2002L)), video.sourceGroups("FID"));
        assertEquals("max-width=1280", video.rids().getFirst().restrictions());
    }

    @Test
    void payloadTypesComeInOrderWithParametersAndFeedback() {
        MediaDescription audio = SessionDescription.parse(OFFER).media().getFirst();
        MediaDescription video = SessionDescription.parse(OFFER).media().getLast();
        assertEquals(
                List.of("111 opus/48000/2", "63 red/48000/2", "9 G722/8000", "0 PCMU/8000", "126 telephone-event/8000"),
                audio.payloadFormats().stream().map(PayloadFormat::rtpmap).toList());
        assertEquals("1", audio.payloadFormats().getFirst().parameter("useinbandfec"));
        PayloadFormat vp8 = video.payloadFormats().getFirst();
        assertEquals(List.of("goog-remb", "nack", "nack pli", "ccm fir"), vp8.feedback());
        assertEquals(OptionalInt.of(97), video.rtxOf(96));
        assertEquals(OptionalInt.of(104), video.rtxOf(103));
        assertEquals(OptionalInt.empty(), audio.rtxOf(111));
    }

    @Test
    void candidatesAndFingerprintsReadBackAsWritten() {
        MediaDescription audio = SessionDescription.parse(OFFER).media().getFirst();
        Candidate udp = audio.candidates().getFirst();
        assertEquals(new Candidate("1", 1, "udp", 2122260223L, "192.168.1.2", 52000, "host", ""), udp);
        Candidate tcp = audio.candidates().getLast();
        assertEquals("active", tcp.tcpType());
        assertEquals(udp, Candidate.parse(udp.toString()));
        assertEquals(tcp, Candidate.parse(tcp.toString()));
        String text = audio.attribute("fingerprint");
        Fingerprint fingerprint = Fingerprint.parse(text);
        assertEquals("sha-256", fingerprint.algorithm());
        assertEquals(32, fingerprint.hash().length());
        assertEquals(text, fingerprint.toString());
        assertThrows(MalformedException.class, () -> Fingerprint.parse("sha-256 0:1"));
        assertThrows(MalformedException.class, () -> Fingerprint.parse("00:01"));
        assertThrows(MalformedException.class, () -> Candidate.parse("1 1 udp 1 host 5 typ"));
        assertThrows(MalformedException.class, () -> Candidate.parse("1 1 udp 1 host 99999 typ host"));
    }

    @Test
    void whatIsWrittenReadsBack() {
        SessionDescription offer = SessionDescription.parse(OFFER);
        assertEquals(offer, SessionDescription.parse(offer.toString()));
        assertEquals(OFFER.replace("\n", "\r\n"), offer.toString());
    }

    @Test
    void h264ParametersMatchByProfileAndMode() {
        var constrained = h264("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
        assertEquals(Profile.CONSTRAINED_BASELINE, constrained.profile());
        assertEquals(0x1f, constrained.levelIdc());
        assertTrue(constrained.levelAsymmetryAllowed());
        assertTrue(constrained.matches(h264("packetization-mode=1; PROFILE-LEVEL-ID=42C00D")));
        assertTrue(constrained.matches(h264("packetization-mode=1;profile-level-id=4d8028")));
        assertFalse(constrained.matches(h264("packetization-mode=0;profile-level-id=42e01f")));
        assertFalse(constrained.matches(h264("packetization-mode=1;profile-level-id=42001f")));
        assertEquals(Profile.BASELINE, h264("").profile());
        assertEquals(Profile.MAIN, h264("profile-level-id=4d001f").profile());
        assertEquals(Profile.HIGH, h264("profile-level-id=640032").profile());
        assertEquals(Profile.CONSTRAINED_HIGH, h264("profile-level-id=640c32").profile());
        assertEquals(Profile.HIGH_10, h264("profile-level-id=6e0032").profile());
        assertEquals(Profile.OTHER, h264("profile-level-id=5046314").profile());
        assertFalse(h264("profile-level-id=2c0032").matches(h264("profile-level-id=2c0032")));
        assertEquals(
                List.of(Bytes.ofHex("67"), Bytes.ofHex("68")),
                h264("sprop-parameter-sets=Zw==,aA==,").parameterSets());
        for (String wrong : List.of(
                "packetization-mode=3", "sprop-parameter-sets=!", "sprop-parameter-sets=" + "Zw==,".repeat(40))) {
            assertThrows(MalformedException.class, () -> h264(wrong), wrong);
        }
    }

    private static H264Parameters h264(String parameters) {
        return H264Parameters.parse(new PayloadFormat(96, "H264", 90_000, 1, parameters, List.of()));
    }

    @Test
    void theLimitsHoldAndOneMoreIsMalformed() {
        String head = "v=0\r\n";
        String line = "a=" + "x".repeat(SessionDescription.MAX_LINE_CHARACTERS - 2) + "\n";
        SessionDescription.parse(head + line);
        malformed(head + "a=x" + line.substring(2));
        SessionDescription.parse(head + "m=a 0 b\n".repeat(SessionDescription.MAX_MEDIA));
        malformed(head + "m=a 0 b\n".repeat(SessionDescription.MAX_MEDIA + 1));
        SessionDescription.parse(head + "a=x\n".repeat(SessionDescription.MAX_ATTRIBUTES));
        malformed(head + "a=x\n".repeat(SessionDescription.MAX_ATTRIBUTES + 1));
        SessionDescription.parse(head + "\n".repeat(SessionDescription.MAX_CHARACTERS - head.length()));
        malformed(head + "\n".repeat(SessionDescription.MAX_CHARACTERS - head.length() + 1));
    }

    @Test
    void nonsenseIsMalformed() {
        for (String text : List.of(
                "",
                "\r\n",
                "hello",
                "v=1\n",
                "s=x\nv=0\n",
                "v=0\nm=audio\n",
                "v=0\nm=audio 99999 RTP/AVP 0\n",
                "v=0\nm=audio x RTP/AVP 0\n",
                "v=0\na=\n",
                "v=0\na=:5\n",
                "v=0\nfoo\n")) {
            malformed(text);
        }
        for (String attribute : List.of(
                "rtpmap:96",
                "rtpmap:96 VP8",
                "rtpmap:200 VP8/90000",
                "rtpmap:96 VP8/0",
                "rtpmap:96 VP8/99999999999",
                "rtcp-fb:96",
                "rtcp-fb:x nack")) {
            MediaDescription section = SessionDescription.parse("v=0\nm=video 9 RTP/AVP 96\na=" + attribute + "\n")
                    .media()
                    .getFirst();
            assertThrows(MalformedException.class, section::payloadFormats, attribute);
        }
        for (String attribute : List.of("extmap:1", "extmap:x y", "ssrc:5", "ssrc:x y:z", "rid:1", "candidate:1")) {
            MediaDescription section = SessionDescription.parse("v=0\nm=video 9 RTP/AVP 96\na=" + attribute + "\n")
                    .media()
                    .getFirst();
            assertThrows(MalformedException.class, () -> readAll(section), attribute);
        }
    }

    private static void malformed(String text) {
        assertThrows(MalformedException.class, () -> SessionDescription.parse(text), text);
    }

    private static void readAll(MediaDescription section) {
        section.payloadFormats().forEach(format -> {
            format.parameter("apt");
            if (format.is("H264")) {
                H264Parameters.parse(format);
            }
        });
        section.extensionMaps();
        section.sources();
        section.sourceGroups("FID");
        section.rids();
        section.candidates();
        for (String fingerprint : section.attributes("fingerprint")) {
            Fingerprint.parse(fingerprint);
        }
    }

    @Test
    void whatCamerasDescribeIsRead() throws IOException {
        for (var file : SharedMedia.files("sdp", "txt")) {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            int start = text.startsWith("v=0") ? 0 : text.indexOf("\nv=0") + 1;
            if (!text.startsWith("v=0", start)) {
                continue;
            }
            SessionDescription session = SessionDescription.parse(text.substring(start));
            assertFalse(session.media().isEmpty(), file.toString());
            session.media().forEach(SessionDescriptionTest::readAll);
            assertFalse(session.media().getFirst().payloadFormats().isEmpty(), file.toString());
            assertEquals(
                    session.media(),
                    SessionDescription.parse(session.toString()).media());
        }
    }

    @Test
    void nothingButMalformedLeavesTheParserAndWhatItReadIsWrittenAsRead() throws IOException {
        List<Bytes> further = new ArrayList<>();
        for (var file : SharedMedia.files("fuzz-seeds/gortsplib/sdpunmarshaler.FuzzUnmarshal")) {
            further.add(Bytes.wrap(Files.readAllBytes(file)));
        }
        Fuzz.parser(List.of(Bytes.ofUtf8(OFFER)), further, bytes -> {
            SessionDescription session = SessionDescription.parse(bytes.toUtf8());
            assertEquals(
                    session.media().size(),
                    SessionDescription.parse(session.toString()).media().size());
            session.bundles();
            for (MediaDescription section : session.media()) {
                session.direction(section);
                readAll(section);
            }
        });
    }
}
