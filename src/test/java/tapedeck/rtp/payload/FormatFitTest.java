package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.peers.TestMedia;

class FormatFitTest {
    private static PayloadFormat video(int payloadType, String name, String parameters) {
        return new PayloadFormat(payloadType, name, 90_000, 1, parameters, List.of("nack", "nack pli"));
    }

    private static PayloadFormat h264(String profileLevelId) {
        return video(96, "H264", "packetization-mode=1;profile-level-id=" + profileLevelId);
    }

    private static Codec codecOf(List<tapedeck.media.Frame> frames) {
        return frames.getFirst().track().codec();
    }

    /// A stream whose SPS begins with this profile, with a PPS of one slice group.
    private static Codec.H264 stream(String profileLevelId) {
        return stream(profileLevelId, "68ce3c80");
    }

    private static Codec.H264 stream(String profileLevelId, String pps) {
        return new Codec.H264(List.of(Bytes.ofHex("67" + profileLevelId)), List.of(Bytes.ofHex(pps)), 640, 360);
    }

    @Test
    void anH264StreamGoesToWhoeverDecodesItsProfile() {
        List<String> offers = List.of("42e01f", "42001f", "4d001f", "58001f", "640c1f", "64001f", "6e001f", "f4001f");
        record Row(String stream, String fits) {}
        // One digit for each offer.
        for (Row row : List.of(
                new Row("42c01e", "11111111"),
                new Row("4d8028", "11111111"),
                // Says Baseline without the constraint, and has one slice group: Constrained Baseline in truth.
                new Row("42001e", "11111111"),
                new Row("4d4032", "00100111"),
                new Row("640c32", "00001111"),
                new Row("640833", "00000111"),
                new Row("640033", "00000111"),
                new Row("6e0033", "00000011"),
                new Row("7a0033", "00000001"),
                new Row("f40033", "00000001"),
                new Row("580033", "00010000"),
                new Row("2c0033", "00000000"))) {
            StringBuilder fits = new StringBuilder();
            for (String offer : offers) {
                fits.append(h264(offer).carries(stream(row.stream())) ? '1' : '0');
            }
            assertEquals(row.fits(), fits.toString(), row.stream());
        }
        // num_slice_groups_minus1 is 1.
        Codec.H264 withSliceGroups = stream("42001e", "68c5");
        assertFalse(h264("42e01f").carries(withSliceGroups));
        assertTrue(h264("42001f").carries(withSliceGroups));
        assertFalse(h264("5046314").carries(stream("42c01e")));
    }

    @Test
    void theLevelOfAStreamMayBeAboveTheOffered() {
        assertTrue(h264("42e00a").carries(stream("42c033")));
    }

    @Test
    void packetizationModeOneIsTakenBeforeModeZero() {
        PayloadFormat single = video(97, "H264", "profile-level-id=42e01f");
        PayloadFormat cut = h264("42e01f");
        PayloadFormat interleaved = video(98, "H264", "profile-level-id=42e01f;packetization-mode=2");
        assertEquals(
                Optional.of(cut).map(PayloadFormat::payloadType),
                PayloadFormat.forStream(stream("42c01e"), List.of(interleaved, single, cut))
                        .map(PayloadFormat::payloadType));
        assertEquals(
                97,
                PayloadFormat.forStream(stream("42c01e"), List.of(interleaved, single))
                        .orElseThrow()
                        .payloadType());
        assertEquals(Optional.empty(), PayloadFormat.forStream(stream("42c01e"), List.of(interleaved)));
    }

    @Test
    void anAnswerSaysAgainWhatHasToBeTheSame() {
        assertEquals(
                Optional.of(
                        video(96, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640033")),
                video(
                                96,
                                "H264",
                                "packetization-mode=1; profile-level-id=640033; sprop-parameter-sets=Z2QAM6w=,aO48MA==;"
                                        + "level-asymmetry-allowed=1;x-google-start-bitrate=300")
                        .answer());
        assertEquals(
                Optional.of(video(120, "VP8", "")),
                video(120, "VP8", "max-fs=12288;max-fr=60").answer());
        PayloadFormat opus = new PayloadFormat(111, "OPUS", 48_000, 2, "minptime=10;useinbandfec=1", List.of());
        assertEquals(Optional.of(opus), opus.answer());
        for (PayloadFormat other : List.of(
                video(97, "rtx", "apt=96"),
                video(97, "H264", "packetization-mode=2"),
                video(97, "H264", "packetization-mode=nonsense"),
                video(97, "theora", ""))) {
            assertEquals(Optional.empty(), other.answer(), other.toString());
        }
    }

    @Test
    void otherVideoGoesByItsProfile() {
        Codec vp9 = codecOf(TestMedia.vp9(1));
        assertTrue(video(98, "VP9", "").carries(vp9));
        assertTrue(video(98, "VP9", "profile-id=0").carries(vp9));
        assertFalse(video(98, "VP9", "profile-id=2").carries(vp9));
        assertFalse(video(98, "VP9", "profile-id=x").carries(vp9));
        assertTrue(video(98, "VP9", "profile-id=2").carries(new Codec.Vp9(2, 10, 640, 360)));
        Codec av1 = codecOf(TestMedia.av1(1));
        assertTrue(video(45, "AV1", "").carries(av1));
        assertTrue(video(45, "AV1", "level-idx=5;profile=1;tier=0").carries(av1));
        assertFalse(video(45, "AV1", "").carries(new Codec.Av1(Bytes.ofHex("0a00"), 640, 360)));
        Codec h265 = codecOf(TestMedia.h265(1));
        assertTrue(video(49, "H265", "").carries(h265));
        assertTrue(video(49, "H265", "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST")
                .carries(h265));
        assertTrue(video(49, "H265", "profile-id=2").carries(h265), "a Main 10 decoder decodes Main");
        assertFalse(video(49, "H265", "profile-id=4").carries(h265));
        assertFalse(video(49, "H265", "profile-space=1").carries(h265));
        assertFalse(video(49, "H265", "profile-id=99").carries(h265));
        assertFalse(video(96, "VP8", "").carries(vp9));
        assertFalse(video(96, "VP9", "").carries(av1));
    }

    @Test
    void answersOfOtherVideoSayTheProfileAgain() {
        assertEquals(
                "profile=0;level-idx=5",
                video(45, "AV1", "level-idx=5;foo=1;profile=0")
                        .answer()
                        .orElseThrow()
                        .parameters());
        assertEquals(
                "profile-id=2",
                video(98, "VP9", "max-fs=3600;profile-id=2")
                        .answer()
                        .orElseThrow()
                        .parameters());
        assertEquals(
                "profile-id=1;tier-flag=0;level-id=93;tx-mode=SRST",
                video(49, "H265", "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST")
                        .answer()
                        .orElseThrow()
                        .parameters());
        assertEquals(Optional.empty(), video(49, "H265", "sprop-max-don-diff=1").answer());
    }

    @Test
    void soundGoesAsWhatItIs() {
        PayloadFormat opus = new PayloadFormat(111, "opus", 48_000, 2);
        PayloadFormat pcmu = new PayloadFormat(0, "PCMU", 8000, 1);
        PayloadFormat pcma = new PayloadFormat(8, "PCMA", 8000, 1);
        PayloadFormat g722 = new PayloadFormat(9, "G722", 8000, 1);
        List<PayloadFormat> all = List.of(opus, pcmu, pcma, g722);
        List<Integer> chosen = new ArrayList<>();
        for (Codec codec : List.of(
                new Codec.Opus(2, 312),
                new Codec.Opus(1, 0),
                new Codec.Pcma(8000, 1),
                new Codec.Pcmu(8000, 1),
                new Codec.G722(1))) {
            chosen.add(PayloadFormat.forStream(codec, all).orElseThrow().payloadType());
        }
        assertEquals(List.of(111, 111, 8, 0, 9), chosen);
        for (Codec codec : List.of(
                new Codec.Opus(6, 312),
                new Codec.Pcma(16_000, 1),
                new Codec.Pcmu(8000, 2),
                new Codec.G722(2),
                new Codec.Mp3(44_100, 2),
                codecOf(TestMedia.aac(1)))) {
            assertEquals(Optional.empty(), PayloadFormat.forStream(codec, all), codec.toString());
        }
    }
}
