package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// Our answers to real offers, as text that can be read. Chromium's and Firefox's are recorded; OBS's and GStreamer's
/// are written as those programs do.
class WhipAnswerTest {
    private static final Path FOLDER = Path.of("src/test/resources/tapedeck/protocol/webrtc");
    private static final WhipAnswer.Ours OURS = new WhipAnswer.Ours(
            7,
            new IceCredentials("OurUfrag0000", "OurPassword0000000000000"),
            new Fingerprint("sha-256", Bytes.wrap(new byte[32])),
            List.of(new Candidate("1", 1, "udp", 2_130_706_431L, "192.0.2.7", 8189, "host", "")));

    private static String offer(String name) throws IOException {
        return Files.readString(FOLDER.resolve("offers/" + name + ".sdp"));
    }

    private static WhipAnswer answer(String offer) {
        return WhipAnswer.to(SessionDescription.parse(offer), OURS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"chromium-156", "firefox-153", "obs-libdatachannel", "gstreamer-webrtcbin"})
    void theAnswerToARealOfferIsAsWrittenDown(String name) throws IOException {
        String answer = answer(offer(name)).description().toString();
        Path golden = FOLDER.resolve("answers/" + name + ".sdp");
        if (System.getProperty("golden", "check").equals("write")) {
            Files.createDirectories(golden.getParent());
            Files.writeString(golden, answer.replace("\r\n", "\n"));
        }
        assertEquals(Files.readString(golden), answer.replace("\r\n", "\n"));
        assertTrue(answer.endsWith("\r\n"), "RFC 8866 5: CRLF");
        assertEquals(
                SessionDescription.parse(offer(name)).media().size(),
                SessionDescription.parse(answer).media().size(),
                "RFC 3264 6: as many sections as the offer");
    }

    @Test
    void theOffersOwnOrderDecidesAboutTheCodec() throws IOException {
        WhipAnswer vp8First = answer(offer("chromium-156"));
        AgreedMedia video = vp8First.agreed().getFirst();
        assertTrue(video.format().is("VP8"));
        assertEquals("97 rtx/90000", video.formats().get(1).rtpmap());
        assertEquals(3, video.extension(AgreedMedia.TRANSPORT_WIDE).orElseThrow());
        WhipAnswer h264First =
                answer(offer("chromium-156").replace("SAVPF 96 97 102 103 104 107", "SAVPF 104 107 102 103 96 97"));
        assertEquals(102, h264First.agreed().getFirst().format().payloadType(), "packetization-mode=1, not 0");
    }

    @Test
    void whatThePeerDoesNotSendOrWeDoNotTakeHasPortZeroAndIsNotBundled() throws IOException {
        String noH264 = offer("obs-libdatachannel").replace("H264/90000", "H265/90000");
        WhipAnswer audioOnly = answer(noH264);
        assertTrue(audioOnly.video().isEmpty());
        MediaDescription rejected = audioOnly.description().media().get(1);
        assertEquals(0, rejected.port());
        assertEquals(List.of(List.of("0")), audioOnly.description().bundles());

        String recvonly = offer("obs-libdatachannel").replaceFirst("a=sendonly", "a=recvonly");
        assertTrue(answer(recvonly).audio().isEmpty());
        assertTrue(answer(recvonly).video().isPresent());
    }

    @Test
    void aSectionOnATransportOfItsOwnIsNotTaken() throws IOException {
        WhipAnswer answer = answer(offer("obs-libdatachannel").replace("a=group:BUNDLE 0 1\n", ""));
        assertTrue(answer.audio().isPresent());
        assertTrue(answer.video().isEmpty());
    }

    @Test
    void brokenOffersAreRefusedInWords() throws IOException {
        String offer = offer("obs-libdatachannel");
        assertRefused(offer.replaceAll("a=fingerprint.*\n", ""), "a=fingerprint is missing");
        assertRefused(offer.replace("sha-256", "sha-1"), "sha-256, sha-384 or sha-512");
        assertRefused(offer.replaceAll("a=ice-pwd.*\n", ""), "a=ice-ufrag or a=ice-pwd");
        assertRefused(offer.replace("a=ice-ufrag:vTnI", "a=ice-ufrag:v I"), "a=ice-ufrag or a=ice-pwd");
        assertRefused(offer.replace("a=setup:actpass", "a=setup:passive"), "a=setup");
        assertRefused(offer.replace("a=rtcp-mux\n", ""), "a=rtcp-mux");
        assertRefused(offer.replace("a=sendonly", "a=recvonly"), "neither H264");
        assertRefused("nonsense", "SDP");
        assertRefused("", "SDP");
    }

    private static void assertRefused(String offer, String words) {
        String message =
                assertThrows(MalformedException.class, () -> answer(offer)).getMessage();
        assertTrue(message.contains(words), message);
        assertFalse(message.contains("\n"), "one line");
    }
}
