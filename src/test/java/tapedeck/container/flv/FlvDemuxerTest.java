package tapedeck.container.flv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.FlvFile;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class FlvDemuxerTest {
    // Constrained baseline, 640 x 360, as x264 writes it.
    private static final Bytes SPS = Bytes.ofHex("6742c01ed901e0089f97016a02020280000003008000001e478b1724");
    private static final Bytes PPS = Bytes.ofHex("68cb83cb20");
    private static final Codec.H264 VIDEO = H264.fromParameterSets(List.of(SPS), List.of(PPS));
    private static final Codec.Aac AUDIO = Aac.lc(44_100, 2);

    private final FlvDemuxer demuxer = new FlvDemuxer();

    private static Frame frame(Track track, long dtsMillis, long ptsMillis, boolean keyframe, String hex) {
        return new Frame(track, dtsMillis * 1_000_000, ptsMillis * 1_000_000, keyframe, Bytes.ofHex(hex));
    }

    private static Frame media(FlvItem item) {
        return assertInstanceOf(FlvItem.Media.class, item).frame();
    }

    private static Track header(FlvItem item) {
        return assertInstanceOf(FlvItem.Header.class, item).track();
    }

    @Test
    void aPictureIsItsNalUnitsWithDecodingAndPresentationTime() {
        Track track = header(demuxer.video(0, FlvBody.sequenceHeader(VIDEO)));
        assertEquals(new Track(Track.VIDEO, VIDEO), track);
        assertEquals(
                frame(track, 0, 80, true, "00000002 6588"),
                media(demuxer.video(500, Bytes.ofHex("17 01 000050 00000002 6588"))));
        assertEquals(
                frame(track, 40, 35, false, "00000001 41"),
                media(demuxer.video(540, Bytes.ofHex("27 01 fffffb 00000001 41"))));
    }

    @Test
    void shorterNalLengthsBecomeFourBytes() {
        for (int bytes = 1; bytes <= 4; bytes++) {
            byte[] header = FlvBody.sequenceHeader(VIDEO).toByteArray();
            header[9] = (byte) (0xFC | bytes - 1);
            demuxer.video(0, Bytes.wrap(header));
            ByteWriter body = new ByteWriter().u8(0x17).u8(1).u24(0);
            body.zeros(bytes - 1).u8(2).bytes(Bytes.ofHex("6588"));
            body.zeros(bytes - 1).u8(1).bytes(Bytes.ofHex("06"));
            assertEquals(
                    Bytes.ofHex("00000002 6588 00000001 06"),
                    media(demuxer.video(0, body.toBytes())).data());
        }
    }

    @Test
    void aHeaderThatChangesMakesANewTrackAndTheSameOneDoesNot() {
        Track first = header(demuxer.audio(0, FlvBody.sequenceHeader(AUDIO)));
        assertSame(first, header(demuxer.audio(0, FlvBody.sequenceHeader(AUDIO))));
        Track second = header(demuxer.audio(0, FlvBody.sequenceHeader(Aac.lc(48_000, 1))));
        assertEquals(first.id(), second.id());
        assertEquals(new Codec.Aac(Bytes.ofHex("1188"), 48_000, 1), second.codec());
        assertSame(second, media(demuxer.audio(0, Bytes.ofHex("af 01 21"))).track());
    }

    @Test
    void soundWithoutHeaders() {
        assertEquals(
                new Codec.Pcma(8_000, 1),
                media(demuxer.audio(0, Bytes.ofHex("72 d5d5"))).track().codec());
        assertEquals(
                new Codec.Pcmu(8_000, 2),
                media(demuxer.audio(20, Bytes.ofHex("83 ffff"))).track().codec());
        Frame mp3 = media(demuxer.audio(40, Bytes.ofHex("2f fffb9064 00")));
        assertEquals(new Codec.Mp3(44_100, 2), mp3.track().codec());
        assertEquals(Bytes.ofHex("fffb9064 00"), mp3.data());
        // 48 kHz, for which FLV's own header has no number.
        assertEquals(
                new Codec.Mp3(48_000, 1),
                media(demuxer.audio(60, Bytes.ofHex("2e fffb94c4 00"))).track().codec());
    }

    @Test
    void whatHoldsNoMediaIsPassedOver() {
        demuxer.video(0, FlvBody.sequenceHeader(VIDEO));
        for (String body : List.of("", "17", "17 02 000000", "17 02 000000 00", "57 00", "17 01 000000")) {
            assertInstanceOf(FlvItem.Nothing.class, demuxer.video(0, Bytes.ofHex(body)), body);
        }
        for (String body : List.of("", "af", "af 00", "af 01", "2f", "72")) {
            assertInstanceOf(FlvItem.Nothing.class, demuxer.audio(0, Bytes.ofHex(body)), body);
        }
    }

    @Test
    void framesBeforeTheirHeaderAreRefused() {
        assertThrows(MalformedException.class, () -> demuxer.video(0, Bytes.ofHex("17 01 000000 00000001 65")));
        assertThrows(MalformedException.class, () -> demuxer.audio(0, Bytes.ofHex("af 01 21")));
    }

    /// What the sender wrote comes out of both directions again: the body of a frame is its prefix and its data.
    @Test
    void everyTagOfRealFilesIsWrittenAsItWasRead() {
        List<FlvFile> files = new ArrayList<>();
        files.add(tapedeck.peers.TestFlv.bothTracks());
        SharedMedia.files("flv", "flv").forEach(path -> files.add(FlvFile.read(path)));
        for (FlvFile file : files) {
            FlvDemuxer fresh = new FlvDemuxer();
            int frames = 0;
            for (FlvFile.Tag tag : file.tags()) {
                FlvItem item = tag.video()
                        ? fresh.video(tag.timestampMillis(), tag.body())
                        : tag.audio() ? fresh.audio(tag.timestampMillis(), tag.body()) : new FlvItem.Nothing();
                if (item instanceof FlvItem.Media(Frame frame)) {
                    frames++;
                    ByteWriter body =
                            new ByteWriter().bytes(FlvBody.prefix(frame)).bytes(frame.data());
                    // The first byte of sound says what an encoder likes.
                    assertEquals(tag.body().slice(1), body.toBytes().slice(1));
                    assertEquals(tag.body().u8(0) & 0xF0, body.toBytes().u8(0) & 0xF0);
                }
            }
            assertEquals(file.media().size(), frames);
        }
    }

    @Test
    void tagsAreReadAndWritten() {
        FlvTag tag = new FlvTag(FlvTag.VIDEO, 0x81234567, Bytes.ofHex("1700"));
        ByteWriter out = new ByteWriter();
        tag.write(out);
        assertEquals("090000022345678100000017000000000d", out.toBytes().toHex());
        ByteReader in = out.toBytes().reader();
        assertEquals(tag, FlvTag.read(in));
        assertEquals(0, in.remaining());
        // Without the size behind the last one.
        assertEquals(tag, FlvTag.read(out.toBytes().slice(0, out.length() - 4).reader()));
        assertThrows(
                MalformedException.class,
                () -> FlvTag.read(Bytes.ofHex("29 000000 000000 00 000000").reader()));
    }

    // Enhanced RTMP: the first byte is 80 | frame type << 4 | packet type.
    private static Bytes enhanced(int first, String fourCc, String bodyHex) {
        return new ByteWriter()
                .u8(first)
                .ascii(fourCc)
                .bytes(Bytes.ofHex(bodyHex))
                .toBytes();
    }

    private static Bytes h265Start() {
        Codec.H265 codec =
                (Codec.H265) tapedeck.peers.TestMedia.h265(1).getFirst().track().codec();
        return enhanced(0x90, "hvc1", H265.toHvcc(codec).toHex());
    }

    @Test
    void h265ComesUnderItsFourCcWithAndWithoutACompositionTime() {
        Track track = header(demuxer.video(0, h265Start()));
        assertEquals("hevc", track.codec().name());
        assertEquals(
                frame(track, 0, 80, true, "00000003 2601ac"),
                media(demuxer.video(500, enhanced(0x91, "hvc1", "000050 00000003 2601ac"))));
        assertEquals(
                frame(track, 40, 40, false, "00000003 0201ac"),
                media(demuxer.video(540, enhanced(0xA3, "hvc1", "00000003 0201ac"))));
        assertInstanceOf(FlvItem.Nothing.class, demuxer.video(580, enhanced(0x92, "hvc1", "")));
        assertInstanceOf(FlvItem.Nothing.class, demuxer.video(580, enhanced(0x94, "hvc1", "02")));
    }

    @Test
    void extensionsOfATagArePassedOver() {
        Track track = header(demuxer.video(0, h265Start()));
        // ModEx of 3 bytes, TimestampOffsetNano, then CodedFramesX
        Bytes tag = new ByteWriter()
                .bytes(Bytes.ofHex("97 02 000001 03"))
                .ascii("hvc1")
                .bytes(Bytes.ofHex("00000003 2601ac"))
                .toBytes();
        assertEquals(frame(track, 0, 0, true, "00000003 2601ac"), media(demuxer.video(500, tag)));
        Bytes endless = Bytes.ofHex("97" + "00ff07".repeat(20));
        assertThrows(MalformedException.class, () -> demuxer.video(500, endless));
    }

    @Test
    void vp9AndAv1AndVp8SayWhatTheyAreInTheirKeyframes() {
        for (List<Frame> frames : List.of(
                tapedeck.peers.TestMedia.vp8(1), tapedeck.peers.TestMedia.vp9(1), tapedeck.peers.TestMedia.av1(1))) {
            FlvDemuxer fresh = new FlvDemuxer();
            String fourCc = switch (frames.getFirst().track().codec()) {
                case Codec.Vp8 _ -> "vp08";
                case Codec.Vp9 _ -> "vp09";
                default -> "av01";
            };
            assertInstanceOf(FlvItem.Nothing.class, fresh.video(0, enhanced(0x90, fourCc, "")));
            String inter = frames.get(1).data().toHex();
            assertThrows(MalformedException.class, () -> fresh.video(0, enhanced(0xA1, fourCc, inter)));
            for (int i = 0; i < 3; i++) {
                Frame sent = frames.get(i);
                int first = sent.keyframe() ? 0x91 : 0xA1;
                String data = (fourCc.equals("av01") && i > 0 ? "1200" : "")
                        + sent.data().toHex();
                Frame heard = media(fresh.video(i * 40, enhanced(first, fourCc, data)));
                assertEquals(sent.data(), heard.data());
                assertEquals(sent.keyframe(), heard.keyframe());
                assertEquals(sent.track().codec(), heard.track().codec());
            }
        }
    }

    @Test
    void soundComesUnderItsFourCcToo() {
        Codec.Opus opus = new Codec.Opus(2, 312);
        assertThrows(MalformedException.class, () -> demuxer.audio(0, enhanced(0x91, "Opus", "fc01")));
        assertEquals(
                opus,
                header(demuxer.audio(
                                0,
                                enhanced(
                                        0x90,
                                        "Opus",
                                        OpusHead.of(opus).toBytes().toHex())))
                        .codec());
        assertEquals(
                "fc01",
                media(demuxer.audio(0, enhanced(0x91, "Opus", "fc01"))).data().toHex());
        assertEquals(
                AUDIO,
                header(demuxer.audio(0, enhanced(0x90, "mp4a", AUDIO.config().toHex())))
                        .codec());
        assertEquals(
                "0102",
                media(demuxer.audio(20, enhanced(0x91, "mp4a", "0102"))).data().toHex());
        assertEquals(
                new Codec.Mp3(44_100, 2),
                media(demuxer.audio(40, enhanced(0x91, ".mp3", "fffb9064 00")))
                        .track()
                        .codec());
        assertInstanceOf(FlvItem.Nothing.class, demuxer.audio(40, enhanced(0x92, ".mp3", "")));
    }

    @Test
    void mp3IsLayerThreeAndNoOther() {
        FlvDemuxer fresh = new FlvDemuxer();
        assertEquals(new FlvItem.Unsupported("MPEG audio layer 2"), fresh.audio(0, Bytes.ofHex("2f fffd9004 00")));
        assertEquals(
                "mp3",
                media(fresh.audio(0, Bytes.ofHex("2f fffb9064 00")))
                        .track()
                        .codec()
                        .name());
        assertThrows(MalformedException.class, () -> fresh.audio(20, Bytes.ofHex("2f fffd9004 00")));
    }

    @Test
    void severalTracksInOneTagAreRefusedByName() {
        assertEquals(
                new FlvItem.Unsupported("enhanced RTMP video multitrack"),
                demuxer.video(0, Bytes.ofHex("96 01 68766331 00")));
        assertEquals(
                new FlvItem.Unsupported("enhanced RTMP audio multitrack"),
                demuxer.audio(0, Bytes.ofHex("95 01 4f707573 00")));
        assertEquals(
                new FlvItem.Unsupported("enhanced RTMP audio fLaC"), demuxer.audio(0, enhanced(0x90, "fLaC", "00")));
    }

    private static Bytes enhancedTags() {
        List<FlvFile.Tag> tags = new ArrayList<>();
        tags.add(new FlvFile.Tag(9, 0, h265Start()));
        tags.add(new FlvFile.Tag(9, 0, enhanced(0x91, "hvc1", "000050 00000003 2601ac")));
        for (Frame frame : tapedeck.peers.TestMedia.vp9(1).subList(0, 3)) {
            tags.add(new FlvFile.Tag(9, 40, enhanced(0x91, "vp09", frame.data().toHex())));
        }
        for (Frame frame : tapedeck.peers.TestMedia.av1(1).subList(0, 3)) {
            tags.add(new FlvFile.Tag(9, 80, enhanced(0x93, "av01", frame.data().toHex())));
        }
        tags.add(new FlvFile.Tag(
                8,
                80,
                enhanced(
                        0x90,
                        "Opus",
                        OpusHead.of(new Codec.Opus(2, 312)).toBytes().toHex())));
        tags.add(new FlvFile.Tag(8, 80, enhanced(0x91, "Opus", "fc01")));
        return tags(tags);
    }

    @Test
    void rubbishIsRefusedAndTimeNeverGoesBack() {
        List<Bytes> further = SharedMedia.files("flv", "flv").stream()
                .map(path -> tags(FlvFile.read(path).tags().stream().limit(60).toList()))
                .toList();
        Bytes good = tags(tapedeck.peers.TestFlv.bothTracks().tags().subList(0, 40));
        Fuzz.parser(List.of(good, enhancedTags()), further, FlvDemuxerTest::demuxAll);
    }

    private static Bytes tags(List<FlvFile.Tag> tags) {
        ByteWriter out = new ByteWriter();
        tags.forEach(tag -> new FlvTag(tag.type(), tag.timestampMillis(), tag.body()).write(out));
        return out.toBytes();
    }

    private static void demuxAll(Bytes bytes) {
        FlvDemuxer fresh = new FlvDemuxer();
        ByteReader in = bytes.reader();
        long[] last = {Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE};
        while (in.hasRemaining()) {
            FlvTag tag = FlvTag.read(in);
            FlvItem item = tag.type() == FlvTag.VIDEO
                    ? fresh.video(tag.timestampMillis(), tag.body())
                    : fresh.audio(tag.timestampMillis(), tag.body());
            if (item instanceof FlvItem.Media(Frame frame)) {
                assertTrue(frame.dtsNanos() >= last[frame.track().id()]);
                last[frame.track().id()] = frame.dtsNanos();
                if (FlvBody.canCarry(frame.track().codec())) {
                    FlvBody.prefix(frame);
                }
            }
        }
    }
}
