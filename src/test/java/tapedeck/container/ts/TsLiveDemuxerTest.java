package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.aac.AdtsHeader;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Lent;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

/// What live senders do that files rarely have.
class TsLiveDemuxerTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    /// As broadcasters do: PES packets of any length, of which each has the stamp of the picture that begins in it.
    @Test
    void picturesMayBeCutAnywhereAndShareAPacket() {
        for (String name : List.of("h264", "h264b", "h265b")) {
            List<Frame> sent = TestMedia.of(name, 2);
            for (int most : new int[] {500, 30_000}) {
                List<Frame> heard = cutAnywhere(sent, most, new Random(most));
                assertEquals(
                        sent.stream().map(Frame::data).toList(),
                        heard.stream().map(Frame::data).toList(),
                        name + most);
                for (int i = 0; i < sent.size(); i++) {
                    assertEquals(sent.get(i).keyframe(), heard.get(i).keyframe());
                    // Those that share a packet are spread between their neighbours.
                    long slack = most < 1_000 ? 1_000_000 : 300_000_000;
                    assertEquals(sent.get(i).dtsNanos(), heard.get(i).dtsNanos(), slack, name + " " + most + " " + i);
                }
            }
        }
    }

    /// Slices of four bytes, each of which begins a picture.
    @Test
    void aPacketFullOfPicturesIsRefusedAndTheNextIsRead() {
        ByteWriter many = new ByteWriter();
        for (int i = 0; i <= PictureCutter.MAX_UNITS; i++) {
            many.u32(1).u16(0x4180).u16(0x1111);
        }
        PictureCutter cutter = new PictureCutter(false);
        List<Bytes> cuts = new ArrayList<>();
        PictureCutter.Cuts sink = (data, pts, dts, randomAccess) -> cuts.add(data);
        PesHeader header = new PesHeader(0xE0, 0, 0, 0, 0);
        PesAssembler.Pes most =
                new PesAssembler.Pes(header, false, many.toBytes().slice(0, 8 * PictureCutter.MAX_UNITS));
        cutter.receive(most, sink);
        cutter.end(sink);
        assertEquals(PictureCutter.MAX_UNITS, cuts.size());
        assertEquals(List.of(most.data().slice(0, 8)), cuts.stream().distinct().toList());
        String message = assertThrows(
                        MalformedException.class,
                        () -> cutter.receive(new PesAssembler.Pes(header, false, many.toBytes()), sink))
                .getMessage();
        assertTrue(message.contains("more than 256 pictures"), message);
        cuts.clear();
        cutter.receive(most, sink);
        cutter.end(sink);
        assertEquals(PictureCutter.MAX_UNITS, cuts.size());
    }

    private static List<Frame> cutAnywhere(List<Frame> sent, int most, Random random) {
        ElementaryWriter writer = new ElementaryWriter(sent.getFirst().track().codec());
        ByteWriter stream = new ByteWriter();
        List<Integer> begins = new ArrayList<>();
        for (Frame frame : sent) {
            begins.add(stream.length());
            writer.parts(frame).forEach(stream::bytes);
        }
        Bytes all = stream.toBytes();
        PictureReader reader = new PictureReader(sent.getFirst().track().codec() instanceof Codec.H265);
        List<Frame> heard = new ArrayList<>();
        ElementaryReader.Frames frames = (codec, pts, dts, later, keyframe, data) -> heard.add(new Frame(
                sent.getFirst().track(), TsTime.nanos(dts) + later, TsTime.nanos(pts) + later, keyframe, data));
        int next = 0;
        for (int at = 0; at < all.length(); ) {
            int to = Math.min(all.length(), at + 1 + random.nextInt(most));
            long pts = -1;
            long dts = -1;
            if (next < begins.size() && begins.get(next) < to) {
                pts = TsTime.ticks(sent.get(next).ptsNanos());
                dts = TsTime.ticks(sent.get(next).dtsNanos());
            }
            while (next < begins.size() && begins.get(next) < to) {
                next++;
            }
            PesHeader header = new PesHeader(0xE0, 0, pts, dts, 0);
            Lent.to(all.slice(at, to), part -> reader.receive(new PesAssembler.Pes(header, false, part), frames));
            at = to;
        }
        reader.end(frames);
        return heard;
    }

    @Test
    void aClockThatIsSetAnewGoesOnAndAllStreamsWithIt() {
        List<Frame> sent = TsCases.frames("h264+aac");
        Bytes one = TsCases.recorded(sent).content();
        TsCases.Heard live = new TsCases.Heard(TsDemuxer::live);
        live.demuxer.receive(one);
        live.demuxer.receive(one);
        live.demuxer.end();
        for (boolean video : new boolean[] {true, false}) {
            List<Frame> frames = live.of(video);
            int half = frames.size() / 2;
            assertEquals(frames.get(half - 1).dtsNanos(), frames.get(half).dtsNanos(), 100_000_000, "goes on");
            assertEquals(6 * SECOND, frames.getLast().dtsNanos(), 200_000_000);
        }
        // Sound and picture keep their distance.
        long first = live.of(false).get(0).dtsNanos() - live.of(true).get(0).dtsNanos();
        long second = live.of(false).get(live.of(false).size() / 2).dtsNanos()
                - live.of(true).get(live.of(true).size() / 2).dtsNanos();
        assertEquals(first, second, 40_000_000);
    }

    @Test
    void theClockMayWrap() {
        TsClock clock = new TsClock(TsClock.Jumps.MENDED);
        TsClock.Line line = new TsClock.Line();
        long ticks = TsTime.WRAP_TICKS - 5 * 3_600;
        for (int i = 0; i < 10; i++) {
            assertEquals(i * 40_000_000L, clock.nanos(line, ticks + i * 3_600 & TsTime.MASK));
        }
        // An hour further on in one step is a clock that was set; a pause is not.
        assertEquals(10 * 40_000_000L, clock.nanos(line, 3_600 * TsTime.TICKS_PER_SECOND));
        assertEquals(10 * 40_000_000L + 20 * SECOND, clock.nanos(line, (3_600 + 20) * TsTime.TICKS_PER_SECOND));
        clock.discontinuity();
        assertEquals(
                11 * 40_000_000L + 20 * SECOND,
                clock.nanos(line, (3_600 + 30) * TsTime.TICKS_PER_SECOND),
                1_000_000_000);
    }

    @Test
    void whatAHoleCostsIsCountedAndNoHalfFrameLeaves() {
        List<Frame> sent = TsCases.frames("h264+aac");
        Bytes file = TsCases.recorded(sent).content();
        int packets = file.length() / 188;
        List<Bytes> known = sent.stream().map(Frame::data).toList();
        for (int lost = packets / 3; lost < packets / 3 + 40; lost += 5) {
            TsCases.Heard heard = new TsCases.Heard(TsDemuxer::live);
            heard.demuxer.receive(file.slice(0, lost * 188));
            heard.demuxer.receive(file.slice((lost + 1) * 188));
            heard.demuxer.end();
            assertTrue(known.containsAll(heard.frames.stream().map(Frame::data).toList()), "only whole ones");
            assertEquals(sent.size() - heard.frames.size(), heard.missed, "packet " + lost);
        }
    }

    /// The packet that shows that one is missing brings a whole PES packet itself: the frame that had begun before the
    /// hole is not continued with it.
    @Test
    void aFrameDoesNotGoOnBehindAHoleInThePacketThatShowsIt() {
        Codec.Aac codec = Aac.lc(44_100, 2);
        List<Bytes> sounds = new ArrayList<>();
        List<Bytes> framed = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            byte[] sound = new byte[150];
            Arrays.fill(sound, (byte) (i + 1));
            sounds.add(Bytes.wrap(sound));
            framed.add(new ByteWriter()
                    .bytes(AdtsHeader.write(codec, sound.length))
                    .bytes(sound)
                    .toBytes());
        }
        Bytes tables = TsCases.recorded(TestMedia.aac(1)).content().slice(0, 3 * 188);
        ByteWriter stream = new ByteWriter().bytes(tables);
        // One frame and the beginning of the next; the rest of that and one more, which is torn; a whole one.
        Bytes begun = framed.get(1).slice(0, 60);
        pesInPackets(
                stream, 0, 2, new ByteWriter().bytes(framed.get(0)).bytes(begun).toBytes());
        pesInPackets(
                stream,
                2,
                1,
                new ByteWriter()
                        .bytes(framed.get(1).slice(60))
                        .bytes(framed.get(2))
                        .toBytes());
        pesInPackets(stream, 4, 2, framed.get(3));
        TsCases.Heard heard = new TsCases.Heard(TsDemuxer::live);
        heard.demuxer.receive(stream.toBytes());
        heard.demuxer.end();
        assertEquals(
                List.of(sounds.get(0), sounds.get(3)),
                heard.frames.stream().map(Frame::data).toList());
        assertTrue(heard.missed > 0, heard.missed + " missed");
    }

    /// @param sentPackets how many of its packets are there
    private static void pesInPackets(ByteWriter out, int counter, int sentPackets, Bytes data) {
        Bytes pes = new ByteWriter()
                .bytes(PesHeader.write(StreamEntry.AUDIO_ID, counter * 9_000L, counter * 9_000L, data.length()))
                .bytes(data)
                .toBytes();
        for (int at = 0, sent = 0; at < pes.length() && sent < sentPackets; sent++) {
            // The rest of the last one is stuffing in its adaptation field.
            int length = Math.min(pes.length() - at, 182);
            out.u8(TsPacket.SYNC).u16((at == 0 ? 0x4000 : 0) | 0x100).u8(0x30 | counter + sent & 0xF);
            out.u8(183 - length).u8(0);
            for (int stuffing = 182 - length; stuffing > 0; stuffing--) {
                out.u8(0xFF);
            }
            out.bytes(pes, at, at + length);
            at += length;
        }
    }

    /// The first program has only what is not read here.
    @Test
    void ofSeveralProgramsTheFirstWithMediaIsTaken() throws IOException {
        Path file = folder.resolve("two.ts");
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=160x90:r=25:d=2 -f lavfi -i sine=d=2 -map 0:v -map 0:v -map 1:a"
                        + " -c:v:0 mpeg2video -c:v:1 libx264 -c:a aac -program title=old:st=0 -program title=new:st=1:st=2"
                        + " -f mpegts " + file)
                .split(" "));
        TsCases.Heard heard = TsCases.heard(Bytes.wrap(Files.readAllBytes(file)));
        assertEquals(50, heard.of(true).size());
        assertTrue(heard.of(false).size() > 80);
        assertEquals("new", heard.names.getLast());
        assertEquals(List.of("2 of 2"), heard.programs);
    }

    @Test
    void latmAndAc3AreRead() throws IOException {
        Path latm = folder.resolve("latm.ts");
        Ffmpeg.ffmpeg(
                ("-v error -f lavfi -i sine=f=440:d=2 -c:a aac -ar 44100 -ac 2 -f mpegts -mpegts_flags latm " + latm)
                        .split(" "));
        Path adts = folder.resolve("adts.ts");
        Ffmpeg.ffmpeg(("-v error -i " + latm + " -c copy -f mpegts " + adts).split(" "));
        List<Frame> one = TsCases.heard(Bytes.wrap(Files.readAllBytes(latm))).frames;
        List<Frame> other = TsCases.heard(Bytes.wrap(Files.readAllBytes(adts))).frames;
        assertEquals(Aac.lc(44_100, 2), one.getFirst().track().codec());
        assertTrue(one.size() > 80, () -> one.size() + " frames");
        assertEquals(
                other.stream().map(Frame::data).toList(),
                one.stream().map(Frame::data).toList());
        Path ac3 = folder.resolve("ac3.ts");
        Ffmpeg.ffmpeg(
                ("-v error -f lavfi -i sine=f=440:d=2 -c:a ac3 -ar 48000 -ac 2 -b:a 192k -f mpegts " + ac3).split(" "));
        List<Frame> sound = TsCases.heard(Bytes.wrap(Files.readAllBytes(ac3))).frames;
        assertEquals(List.of("ac3"), names(sound));
        assertEquals(2 * 48_000 / 1_536 + 1, sound.size(), 1);
        assertEquals(768, sound.getFirst().data().length());
        TsCases.assertSame(sound, TsCases.recorded(sound).content());
    }

    private static List<String> names(List<Frame> frames) {
        return frames.stream()
                .map(frame -> frame.track().codec().name())
                .distinct()
                .toList();
    }

    @Test
    void soundIsFoundAgainBehindDamage() {
        List<Frame> sent = TestMedia.aac(2);
        Bytes file = TsCases.recorded(sent).content();
        // Bits turn over inside the payload, where no counter tells.
        byte[] damaged = file.toByteArray();
        int middle = damaged.length / 188 / 2 * 188;
        Arrays.fill(damaged, middle + 20, middle + 60, (byte) 0x55);
        TsCases.Heard heard = new TsCases.Heard(TsDemuxer::live);
        heard.demuxer.receive(Bytes.wrap(damaged));
        heard.demuxer.end();
        assertTrue(heard.frames.size() > sent.size() - 20, () -> heard.frames.size() + " of " + sent.size());
        assertEquals(sent.getLast().data(), heard.frames.getLast().data());
    }

    @Test
    void codecsThatAreNotReadAreNamed() throws IOException {
        Path file = folder.resolve("mp2.ts");
        Ffmpeg.ffmpeg(
                ("-v error -f lavfi -i testsrc2=s=160x90:r=25:d=1 -f lavfi -i sine=d=1 -c:v mpeg2video -c:a mp2 -f mpegts "
                                + file)
                        .split(" "));
        TsCases.Heard heard = TsCases.heard(Bytes.wrap(Files.readAllBytes(file)));
        assertEquals(List.of("MPEG-2 video", "MPEG audio layer 2"), heard.unsupported);
        assertEquals(List.of(), heard.frames);
    }

    @Test
    void realFilesInLatmAndAc3AreRead() throws IOException {
        for (Path file : SharedMedia.files("ts", "sample_latm.ts", "sample_ac3.ts")) {
            TsCases.Heard heard = TsCases.heard(Bytes.wrap(Files.readAllBytes(file)));
            assertEquals(
                    List.of(file.toString().contains("latm") ? "aac" : "ac3"), names(heard.frames), file.toString());
        }
    }
}
