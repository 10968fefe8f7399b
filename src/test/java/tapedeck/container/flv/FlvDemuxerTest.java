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

    @Test
    void rubbishIsRefusedAndTimeNeverGoesBack() {
        List<Bytes> further = SharedMedia.files("flv", "flv").stream()
                .map(path -> tags(FlvFile.read(path).tags().stream().limit(60).toList()))
                .toList();
        Bytes good = tags(tapedeck.peers.TestFlv.bothTracks().tags().subList(0, 40));
        Fuzz.parser(List.of(good), further, FlvDemuxerTest::demuxAll);
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
                FlvBody.prefix(frame);
            }
        }
    }
}
