package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;

/// Layers, redundant sound and orientation: asked for where we can use them, and only there.
class PublisherExtrasTest {
    private static final Answer.Ours OURS = new Answer.Ours(
            7,
            new IceCredentials("OurUfrag0000", "OurPassword0000000000000"),
            new Fingerprint("sha-256", Bytes.wrap(new byte[32])),
            List.of(new Candidate("1", 1, "udp", 2_130_706_431L, "192.0.2.7", 8189, "host", "")));
    /// As Chromium writes them behind `sendEncodings` with three rids.
    private static final String LAYERS = """
            a=rid:h send
            a=rid:m send max-width=640;max-fps=30
            a=rid:l send pt=96,97
            a=simulcast:send h;~m,x;l
            """;

    private static String chromium() throws IOException {
        return Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/chromium-156.sdp"));
    }

    private static Answer answer(String offer) throws NothingFitsException {
        return Answer.to(Offer.parse(offer), new Part.Receiving(), OURS);
    }

    private static AgreedMedia video(String layers) throws Exception {
        String offer = chromium().replace("a=ssrc-group:FID", layers + "a=ssrc-group:FID");
        return answer(offer).agreed().getLast();
    }

    @Test
    void layersAreAnsweredInTheOffersOrderWithTheExtensionsThatTellThemApart() throws Exception {
        String offer = chromium().replace("a=ssrc-group:FID", LAYERS + "a=ssrc-group:FID");
        Answer answer = answer(offer);
        AgreedMedia video = answer.agreed().getLast();
        assertEquals(List.of("h", "m", "l"), video.rids());
        assertEquals(10, video.extension(AgreedMedia.RID).orElseThrow());
        assertEquals(11, video.extension(AgreedMedia.REPAIRED_RID).orElseThrow());
        MediaDescription section = answer.description().media().get(1);
        assertEquals("recv h;m;l", section.attribute("simulcast"));
        assertEquals(List.of("h recv", "m recv", "l recv"), section.attributes("rid"));

        AgreedMedia single = answer(chromium()).agreed().getLast();
        assertEquals(List.of(), single.rids());
        assertEquals(OptionalInt.empty(), single.extension(AgreedMedia.RID));
    }

    @Test
    void layersThatCannotBeToldApartOrAreNoneAreOnePicture() throws Exception {
        assertEquals(
                List.of(),
                video("a=simulcast:recv h;m\na=rid:h recv\na=rid:m recv\n").rids());
        assertEquals(List.of(), video("a=simulcast:send h\na=rid:h send\n").rids(), "one is no choice");
        assertEquals(List.of(), video("a=simulcast:send h;m\n").rids(), "no rid");
        assertEquals(List.of(), video("a=simulcast:send\n").rids());
        assertEquals(
                List.of(), video("a=simulcast:send h h;m h\na=rid:h h send\n").rids());
        assertEquals(
                List.of("h", "l"),
                video(LAYERS.replace("max-width=640", "pt=102")).rids(),
                "a layer of another codec");
        assertEquals(
                List.of("m", "l"),
                video("a=simulcast:recv a send m;l\na=rid:m send\na=rid:l send\n")
                        .rids());
        StringBuilder many = new StringBuilder("a=simulcast:send 0");
        for (int i = 1; i < 10; i++) {
            many.append(';').append(i);
        }
        for (int i = 0; i < 10; i++) {
            many.append("\na=rid:").append(i).append(" send");
        }
        assertEquals(Simulcast.MAX_LAYERS, video(many + "\n").rids().size());
        String withoutIds =
                chromium().replaceAll("a=extmap:10 .*\n", "").replace("a=ssrc-group:FID", LAYERS + "a=ssrc-group:FID");
        assertEquals(List.of(), answer(withoutIds).agreed().getLast().rids());
    }

    @Test
    void theOlderWayOfSimulcastIsOnePicture() throws Exception {
        String offer = chromium().replace("a=ssrc-group:FID", "a=ssrc-group:SIM 1 2 3\na=ssrc-group:FID");
        Answer answer = answer(offer);
        assertEquals(List.of(), answer.agreed().getLast().rids());
        assertFalse(answer.description().toString().contains("SIM"));
    }

    @Test
    void redundantSoundStandsFirstInTheAnswerButOpusIsWhatItIs() throws Exception {
        Answer answer = answer(chromium());
        AgreedMedia audio = answer.agreed().getFirst();
        assertEquals("111 opus/48000/2", audio.format().rtpmap());
        assertEquals("63 red/48000/2", audio.formats().get(1).rtpmap());
        MediaDescription section = answer.description().media().getFirst();
        assertEquals(List.of("63", "111"), section.formats());
        assertTrue(section.attributes("fmtp").contains("63 111/111"));
        AgreedMedia other =
                answer(chromium().replace("111/111", "9/9")).agreed().getFirst();
        assertEquals(1, other.formats().size(), "redundancy of another format");
        assertEquals(
                1,
                answer(chromium().replaceAll("a=rtpmap:63 .*\n", ""))
                        .agreed()
                        .getFirst()
                        .formats()
                        .size(),
                "redundancy was not offered");
    }

    @Test
    void orientationIsAskedForOnlyOfPictures() throws Exception {
        assertEquals(
                13,
                answer(chromium())
                        .agreed()
                        .getLast()
                        .extension(AgreedMedia.ORIENTATION)
                        .orElseThrow());
        assertEquals(OptionalInt.empty(), answer(chromium()).agreed().getFirst().extension(AgreedMedia.ORIENTATION));
    }

    @Test
    void anExtensionThatThePeerOnlyReceivesIsNotAskedFor() throws Exception {
        String offer = chromium().replace("a=extmap:3 ", "a=extmap:3/recvonly ");
        assertEquals(OptionalInt.empty(), answer(offer).agreed().getLast().extension(AgreedMedia.TRANSPORT_WIDE));
    }
}
