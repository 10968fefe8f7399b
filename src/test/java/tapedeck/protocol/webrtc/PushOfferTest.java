package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.Fingerprint;

/// What we offer to other servers, and what we make of their answers.
class PushOfferTest {
    private static final Answer.Ours OURS = new Answer.Ours(
            7,
            new IceCredentials("OurUfrag0000", "OurPassword0000000000000"),
            new Fingerprint("sha-256", Bytes.wrap(new byte[32])),
            List.of(new Candidate("1", 1, "udp", 2_130_706_431L, "192.0.2.7", 5_000, "host", "")));
    private static final Codec.Opus OPUS = new Codec.Opus(2, 312);

    private static List<Codec> codecs(String media) {
        return TestMedia.of(media, 1).stream()
                .map(Frame::track)
                .distinct()
                .map(track -> track.codec())
                .toList();
    }

    private static PushOffer offer(List<Codec> codecs) {
        return PushOffer.of(PushOffer.sendable(codecs), OURS);
    }

    private static final PushOffer OFFER = offer(List.of(new Codec.Vp8(640, 360), OPUS));

    /// As a server of another kind would answer.
    private static String answer(String video, String audio, String candidates) {
        return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
                + "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"
                + "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:active\r\n"
                + "a=fingerprint:sha-256 " + "00:".repeat(31) + "00\r\n" + video + candidates
                + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtcp-mux\r\n" + audio;
    }

    private static final String VIDEO = "a=recvonly\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
            + "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=extmap:3 " + AgreedMedia.TRANSPORT_WIDE + "\r\n";
    private static final String AUDIO = "a=recvonly\r\na=rtpmap:111 opus/48000/2\r\n";
    private static final String CANDIDATES = "a=candidate:1 1 udp 100 192.0.2.1 4000 typ host\r\n"
            + "a=candidate:2 1 udp 200 192.0.2.2 4000 typ host\r\n"
            + "a=candidate:3 1 tcp 300 192.0.2.3 9 typ host tcptype active\r\n"
            + "a=candidate:4 1 udp 400 4a2d.local 4000 typ host\r\n"
            + "a=candidate:5 2 udp 500 192.0.2.5 4001 typ host\r\n"
            + "a=candidate:6 1 udp 600 10.0.0.1 4000 typ host\r\n";

    private static PushOffer.Accepted accept(String answer) throws NothingFitsException {
        Predicate<InetAddress> allowed = address -> !address.isSiteLocalAddress();
        return OFFER.accept(answer, allowed);
    }

    @Test
    void theOfferLeavesNothingOpenToWhoReadsIt() throws Exception {
        Offer read = Offer.parse(OFFER.description().toString());
        Answer answer = Answer.to(read, new Part.Receiving(), OURS);
        assertEquals(2, answer.agreed().size());
        for (AgreedMedia section : answer.agreed()) {
            assertTrue(section.extension(AgreedMedia.TRANSPORT_WIDE).isPresent());
            assertTrue(section.extension(AgreedMedia.MID).isPresent());
            assertTrue(section.feedsBack("transport-cc") && section.feedsBack("nack"));
        }
        assertTrue(answer.agreed().getFirst().rtx() != null, "what is lost is sent again");
    }

    @Test
    void aProfileThatFewServersNameIsOfferedAsTheOneThatAllKnowToo() {
        String high = offer(codecs("h264")).description().toString();
        assertTrue(high.contains("a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"));
        assertTrue(high.contains("m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99"), high);
        assertFalse(high.contains("sprop-"), "parameter sets come with the pictures");
        String h265 = offer(codecs("h265")).description().toString();
        assertTrue(h265.contains("profile-id=1;tier-flag=0;tx-mode=SRST"), h265);
    }

    @Test
    void oneOfEachKindGoesOutAndOnlyWhatWebRtcCarries() {
        Codec.Vp8 vp8 = new Codec.Vp8(1, 1);
        assertEquals(
                List.of(vp8, OPUS),
                PushOffer.sendable(List.of(new Codec.Mp3(44_100, 2), OPUS, vp8, new Codec.Vp8(2, 2))));
        assertEquals(List.of(), PushOffer.sendable(codecs("aac")));
    }

    @Test
    void anotherServersAnswerIsUnderstood() throws Exception {
        PushOffer.Accepted accepted = accept(answer(VIDEO, AUDIO, CANDIDATES));
        assertEquals(DtlsPeer.Side.CLIENT, accepted.answer().peer().side(), "it is the active one");
        assertEquals("abcd", accepted.remote().ufrag());
        assertEquals("0123456789012345678901", accepted.remote().password());
        AgreedMedia video = accepted.answer().agreed().getFirst();
        assertEquals(List.of("nack"), video.format().feedback(), "what both want");
        assertEquals(
                List.of(96, 97),
                video.formats().stream().map(f -> f.payloadType()).toList());
        assertEquals(3, video.extension(AgreedMedia.TRANSPORT_WIDE).orElse(-1));
        assertTrue(video.extension(AgreedMedia.MID).isEmpty(), "it was not answered");
        assertEquals(2, accepted.answer().agreed().size());
        assertEquals(
                List.of("/192.0.2.2:4000", "/192.0.2.1:4000"),
                accepted.candidates().stream().map(Object::toString).toList(),
                "the better first; names, TCP and what is not allowed are left out");
    }

    @Test
    void whatTheOtherSideRejectsIsNotSent() throws Exception {
        String noSound = answer(VIDEO, AUDIO, CANDIDATES).replace("m=audio 9", "m=audio 0");
        assertEquals(1, accept(noSound).answer().agreed().size());
        String sends = answer(VIDEO, AUDIO.replace("recvonly", "sendonly"), CANDIDATES);
        assertEquals(1, accept(sends).answer().agreed().size());
        String alone = answer(VIDEO, AUDIO, CANDIDATES).replace("BUNDLE 0 1", "BUNDLE 0");
        assertEquals(1, accept(alone).answer().agreed().size(), "a second transport is none of ours");
        String nothing = answer(VIDEO.replace("96", "100"), AUDIO.replace("111", "100"), CANDIDATES);
        assertEquals(
                "the other side takes nothing of what was offered: VP8, opus",
                assertThrows(NothingFitsException.class, () -> accept(nothing)).getMessage());
    }

    @Test
    void answersThatCannotBeAreRefusedInWords() {
        String good = answer(VIDEO, AUDIO, CANDIDATES);
        for (String wrong : List.of(
                good.substring(0, good.indexOf("m=audio")),
                good.replace("a=ice-ufrag", "a=x"),
                good.replace("a=fingerprint", "a=x"),
                good.replace("a=rtcp-mux", "a=x"),
                good.replace("a=setup:active", "a=setup:holdconn"),
                "<html>")) {
            String said =
                    assertThrows(MalformedException.class, () -> accept(wrong)).getMessage();
            assertTrue(said.startsWith("SDP"), said);
        }
    }

    @Test
    void brokenAnswersBreakNothingElse() throws Exception {
        Random random = new Random(9725);
        String good = answer(VIDEO, AUDIO, CANDIDATES);
        for (int round = 0; round < 4_000; round++) {
            StringBuilder text = new StringBuilder(good);
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                int at = random.nextInt(text.length());
                if (random.nextBoolean()) {
                    text.setCharAt(at, (char) random.nextInt(32, 127));
                } else {
                    text.delete(at, Math.min(text.length(), at + random.nextInt(1, 30)));
                }
            }
            try {
                accept(text.toString());
            } catch (MalformedException | NothingFitsException _) {
                // In words.
            }
        }
    }
}
