package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.peers.TestMedia;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// Our answers to viewers: which of their formats a stream travels in, and under which sources.
class ViewerAnswerTest {
    private static final Path OFFERS = Path.of("src/test/resources/tapedeck/protocol/webrtc/offers");
    private static final Answer.Ours OURS = new Answer.Ours(
            7,
            new IceCredentials("OurUfrag0000", "OurPassword0000000000000"),
            new Fingerprint("sha-256", Bytes.wrap(new byte[32])),
            List.of(new Candidate("1", 1, "udp", 2_130_706_431L, "192.0.2.7", 8189, "host", "")));
    private static final Codec.Opus OPUS = new Codec.Opus(2, 0);

    /// What a viewer would offer: the same as a publisher, the other way round.
    private static String offer(String name) throws IOException {
        return Files.readString(OFFERS.resolve(name + ".sdp"))
                .replace("a=sendonly", "a=recvonly")
                .replaceAll("a=(ssrc|ssrc-group|msid):.*\n", "");
    }

    private static Answer answer(String offer, Codec... codecs) throws NothingFitsException {
        return Answer.to(Offer.parse(offer), new Part.Sending(List.of(codecs)), OURS);
    }

    /// @param profileLevelId the three bytes of an SPS that offers name
    private static Codec.H264 h264(int profileLevelId) {
        Bytes sps = Bytes.wrap(
                new byte[] {0x67, (byte) (profileLevelId >> 16), (byte) (profileLevelId >> 8), (byte) profileLevelId});
        return new Codec.H264(List.of(sps), List.of(Bytes.wrap(new byte[] {0x68, 0})), 640, 360);
    }

    @Test
    void everySectionGetsTheFormatOfItsTrackUnderOurOwnSources() throws Exception {
        Answer answer = answer(offer("chromium-156"), new Codec.Vp8(640, 360), OPUS);
        AgreedMedia audio = answer.agreed().getFirst();
        AgreedMedia video = answer.agreed().getLast();
        assertEquals("111 opus/48000/2", audio.format().rtpmap());
        assertEquals("96 VP8/90000", video.format().rtpmap());
        assertEquals(97, video.rtx().payloadType());
        assertTrue(video.feedsBack("nack") && video.feedsBack("nack pli") && video.feedsBack("transport-cc"));
        assertEquals(OptionalLong.empty(), audio.source().rtxSsrc());
        assertNotEquals(video.source().ssrc(), video.source().rtxSsrc().orElseThrow());
        assertEquals(audio.source().cname(), video.source().cname());

        SessionDescription written =
                SessionDescription.parse(answer.description().toString());
        MediaDescription section = written.media().get(1);
        assertEquals(MediaDescription.Direction.SENDONLY, written.direction(section));
        assertEquals(
                List.of(List.of(video.source().ssrc(), video.source().rtxSsrc().orElseThrow())),
                section.sourceGroups("FID"));
        assertEquals(
                video.source().cname(),
                section.sources().get(video.source().ssrc()).get("cname"));
        assertEquals(video.source().cname() + " video", section.attribute("msid"));
        assertFalse(answer.description().toString().contains("x-google"), "that is for publishers");
    }

    @Test
    void h264GoesOutInTheStreamsOwnProfileOrElseInTheFirstWithFragments() throws Exception {
        String offer = offer("chromium-156");
        assertEquals(102, type(answer(offer, h264(0x42001F))));
        assertEquals(102, type(answer(offer, h264(0x42C01E))), "Baseline decodes Constrained Baseline");
        assertEquals(116, type(answer(offer, h264(0x4D0028))));
        assertEquals(102, type(answer(offer, h264(0x640028))), "High is not offered, but decoders take it");
        String onlySingle = offer.replace("packetization-mode=1", "packetization-mode=0");
        assertThrows(NothingFitsException.class, () -> answer(onlySingle, h264(0x42001F)));
    }

    private static int type(Answer answer) {
        return answer.agreed().getFirst().format().payloadType();
    }

    @Test
    void everyCodecFindsItsFormat() throws Exception {
        String offer = offer("chromium-156");
        assertEquals(0, type(answer(offer, new Codec.Pcmu(8_000, 1))), "static payload type");
        assertEquals(8, type(answer(offer, new Codec.Pcma(8_000, 1))));
        assertEquals(9, type(answer(offer, new Codec.G722(1))));
        assertGoesAs(98, "VP9", offer, new Codec.Vp9(0, 8, 640, 360));
        assertGoesAs(100, "VP9", offer, new Codec.Vp9(2, 10, 640, 360));
        assertGoesAs(45, "AV1", offer, TestMedia.av1(1).getFirst().track().codec());
        String h265 = offer.replace("AV1/90000", "H265/90000");
        assertGoesAs(45, "H265", h265, TestMedia.h265(1).getFirst().track().codec());
    }

    /// As soon as there is a packetizer; until then the viewer is told that nothing fits.
    private static void assertGoesAs(int type, String name, String offer, Codec codec) throws NothingFitsException {
        if (Depacketizer.supports(new PayloadFormat(type, name, 90_000, 1))) {
            assertEquals(type, type(answer(offer, codec)));
        } else {
            assertThrows(NothingFitsException.class, () -> answer(offer, codec));
        }
    }

    @Test
    void whatTheStreamDoesNotHaveHasPortZeroAndNothingAtAllIsSaidInWords() throws Exception {
        Answer audioOnly = answer(offer("firefox-153"), h264(0x42001F), OPUS);
        assertFalse(audioOnly.hasVideo());
        assertTrue(audioOnly.hasAudio());
        assertEquals(0, audioOnly.description().media().get(1).port());
        assertTrue(audioOnly.description().media().get(1).has("inactive"));

        String message = assertThrows(NothingFitsException.class, () -> answer(offer("firefox-153"), h264(0x42001F)))
                .getMessage();
        assertEquals("the stream is h264, the offer takes opus, G722, PCMU, PCMA, VP8, VP9, AV1", message);
        assertThrows(
                NothingFitsException.class,
                () -> answer(offer("firefox-153").replace("a=recvonly", "a=sendonly"), new Codec.Vp8(0, 0)));
    }
}
