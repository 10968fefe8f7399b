package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// Our answers to publishers' real offers, as text that can be read. Those of Chromium, Firefox, GStreamer and ffmpeg
/// are recorded; OBS's is in the form of records of that program, with names and keys of our own.
class AnswerTest {
    private static final Path FOLDER = Path.of("src/test/resources/tapedeck/protocol/webrtc");
    private static final Answer.Ours OURS = new Answer.Ours(
            7,
            new IceCredentials("OurUfrag0000", "OurPassword0000000000000"),
            new Fingerprint("sha-256", Bytes.wrap(new byte[32])),
            List.of(new Candidate("1", 1, "udp", 2_130_706_431L, "192.0.2.7", 8189, "host", "")));

    private static String offer(String name) throws IOException {
        return Files.readString(FOLDER.resolve("offers/" + name + ".sdp"));
    }

    private static Answer answer(String offer) throws NothingFitsException {
        return Answer.to(Offer.parse(offer), new Part.Receiving(), OURS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"chromium-156", "firefox-153", "obs-libdatachannel", "gstreamer-webrtcbin", "ffmpeg-8"})
    void theAnswerToARealOfferIsAsWrittenDown(String name) throws Exception {
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

    /// OBS 30 waits for its candidates before it offers, later versions do not.
    @Test
    void candidatesInTheOfferChangeNothing() throws Exception {
        String candidates = """
                a=candidate:1 1 UDP 2015363327 192.168.0.198 4557 typ host
                a=candidate:2 1 UDP 2015363583 fe80::6c3d:5b42:1532:2f9a 10007 typ host
                a=end-of-candidates
                """;
        String later = offer("obs-libdatachannel");
        String earlier = later.replace("m=audio 9", "m=audio 4557")
                .replace("m=video 9", "m=video 4557")
                .replace("IN IP4 0.0.0.0", "IN IP4 192.168.0.198")
                .replace("useinbandfec=1\n", "useinbandfec=1\n" + candidates)
                .replace("ice2,trickle", "trickle");
        assertTrue(earlier.contains(candidates) && earlier.contains("m=video 4557"), earlier);
        assertEquals(
                answer(later).description().toString(),
                answer(earlier).description().toString());
    }

    @Test
    void theOffersOwnOrderDecidesAboutTheCodec() throws Exception {
        Answer vp8First = answer(offer("chromium-156"));
        AgreedMedia video = vp8First.agreed().getLast();
        assertTrue(video.format().is("VP8"));
        assertEquals("97 rtx/90000", video.formats().get(1).rtpmap());
        assertEquals(3, video.extension(AgreedMedia.TRANSPORT_WIDE).orElseThrow());
        Answer h264First =
                answer(offer("chromium-156").replace("SAVPF 96 97 102 103 104 107", "SAVPF 104 107 102 103 96 97"));
        assertEquals(102, h264First.agreed().getLast().format().payloadType(), "packetization-mode=1, not 0");
    }

    @Test
    void whatThePeerDoesNotSendOrWeDoNotTakeHasPortZeroAndIsNotBundled() throws Exception {
        String noH264 = offer("obs-libdatachannel").replace("H264/90000", "MP2V/90000");
        Answer audioOnly = answer(noH264);
        assertTrue(!audioOnly.hasVideo());
        MediaDescription rejected = audioOnly.description().media().get(1);
        assertEquals(0, rejected.port());
        assertEquals(List.of(List.of("0")), audioOnly.description().bundles());

        String recvonly = offer("obs-libdatachannel").replaceFirst("a=sendonly", "a=recvonly");
        assertTrue(!answer(recvonly).hasAudio());
        assertTrue(answer(recvonly).hasVideo());
    }

    @Test
    void whoWantsToBePassiveInDtlsIsAnsweredActively() throws Exception {
        Answer answer = answer(offer("ffmpeg-8"));
        assertEquals(DtlsPeer.Side.SERVER, answer.peer().side());
        assertTrue(answer.description().toString().contains("a=setup:active\r\n"));
        assertEquals(
                DtlsPeer.Side.CLIENT, answer(offer("obs-libdatachannel")).peer().side());
    }

    @Test
    void aSectionOnATransportOfItsOwnIsNotTaken() throws Exception {
        Answer answer = answer(offer("obs-libdatachannel").replace("a=group:BUNDLE 0 1\n", ""));
        assertTrue(answer.hasAudio());
        assertTrue(!answer.hasVideo());
    }

    @Test
    void brokenOffersAreRefusedInWords() throws Exception {
        String offer = offer("obs-libdatachannel");
        assertRefused(offer.replaceAll("a=fingerprint.*\n", ""), "a=fingerprint is missing");
        assertRefused(offer.replace("sha-256", "sha-1"), "sha-256, sha-384 or sha-512");
        assertRefused(offer.replaceAll("a=ice-pwd.*\n", ""), "a=ice-ufrag or a=ice-pwd");
        assertRefused(offer.replace("a=ice-ufrag:vTnI", "a=ice-ufrag:v I"), "a=ice-ufrag or a=ice-pwd");
        assertRefused(offer.replace("a=setup:actpass", "a=setup:holdconn"), "a=setup");
        assertRefused(offer.replace("a=rtcp-mux\n", ""), "a=rtcp-mux");
        assertRefused("v=0\r\n", "no media");
        assertRefused("nonsense", "SDP");
        assertRefused("", "SDP");
    }

    @Test
    void anOfferThatSendsNothingForUsIsNotABrokenOne() throws Exception {
        String offer = offer("obs-libdatachannel");
        assertFitsNothing(
                new Part.Receiving(), offer.replace("a=sendonly", "a=recvonly"), "the offer sends nothing", "nothing");
        assertFitsNothing(
                new Part.Receiving(),
                offer.replace("H264/90000", "theora/90000").replace("opus/48000", "speex/48000"),
                "H264",
                "theora",
                "speex");
    }

    /// Whole offers with changed characters and lines: an answer, or a refusal in words.
    @Test
    void noOfferBreaksTheAnswering() throws Exception {
        Random random = new Random(3264);
        Part[] parts = {new Part.Receiving(), new Part.Sending(List.of(new Codec.Vp8(0, 0), new Codec.Opus(2, 0)))};
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        int answered = 0;
        int refused = 0;
        for (int run = 0; run < 200 || System.nanoTime() < deadline; run++) {
            String name = List.of("chromium-156", "firefox-153", "obs-libdatachannel", "gstreamer-webrtcbin")
                    .get(run % 4);
            String mutated = mutated(random, offer(name), RATES[random.nextInt(RATES.length)]);
            try {
                Answer answer = Answer.to(Offer.parse(mutated), parts[random.nextInt(2)], OURS);
                assertEquals(
                        answer.description(),
                        SessionDescription.parse(answer.description().toString()));
                answered++;
            } catch (MalformedException | NothingFitsException e) {
                refused++;
            }
        }
        assertTrue(answered > 0 && refused > 0, answered + " answered, " + refused + " refused");
    }

    private static final double[] RATES = {1e-5, 1e-4, 1e-3, 1e-2, 2e-2};

    private static String mutated(Random random, String offer, double rate) {
        StringBuilder out = new StringBuilder(offer);
        for (int i = 0; i < out.length(); i++) {
            if (random.nextDouble() < rate) {
                switch (random.nextInt(4)) {
                    case 0 -> out.setCharAt(i, (char) random.nextInt(1, 0x250));
                    case 1 -> out.deleteCharAt(i);
                    case 2 -> out.insert(i, "99999999999");
                    default -> out.insert(i, '\n');
                }
            }
        }
        return out.toString();
    }

    private static void assertFitsNothing(Part part, String offer, String... words) {
        String message = assertThrows(NothingFitsException.class, () -> Answer.to(Offer.parse(offer), part, OURS))
                .getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
    }

    private static void assertRefused(String offer, String words) {
        String message =
                assertThrows(MalformedException.class, () -> answer(offer)).getMessage();
        assertTrue(message.contains(words), message);
        assertFalse(message.contains("\n"), "one line");
    }
}
