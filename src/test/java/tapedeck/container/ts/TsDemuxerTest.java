package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.peers.Lent;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

class TsDemuxerTest {
    private static final int MOVED_PID = 0x1ABC;

    @Test
    void inPiecesOfAnySizeItIsTheSame() {
        List<Frame> frames = TsCases.frames("h264+aac");
        Bytes file = TsCases.recorded(frames).content();
        List<Frame> whole = TsCases.heard(file).frames;
        Random random = new Random(7);
        for (int most : new int[] {1, 190, 5000}) {
            TsCases.Heard heard = new TsCases.Heard();
            for (int at = 0; at < file.length(); ) {
                int to = Math.min(file.length(), at + 1 + random.nextInt(most));
                Lent.to(file.slice(at, to), heard.demuxer::receive);
                at = to;
            }
            heard.demuxer.end();
            assertEquals(whole, heard.frames, "pieces of up to " + most);
        }
    }

    @Test
    void packetsWithTimeCodesInFrontOrParityBehindAreRead() {
        List<Frame> frames = TsCases.frames("h264+aac");
        Bytes file = TsCases.recorded(frames).content();
        for (int[] around : new int[][] {{4, 0}, {0, 16}}) {
            ByteWriter out = new ByteWriter();
            for (int at = 0; at < file.length(); at += 188) {
                out.zeros(around[0]).bytes(file.slice(at, at + 188)).zeros(around[1]);
            }
            TsCases.assertSame(frames, out.toBytes());
        }
    }

    @Test
    void rubbishBetweenPacketsIsSkipped() {
        List<Frame> frames = TsCases.frames("aac");
        Bytes file = TsCases.recorded(frames).content();
        int middle = file.length() / 188 / 2 * 188;
        Bytes rubbish = new ByteWriter()
                .bytes(new byte[77])
                .bytes(new byte[] {0x47, 1, 2})
                .toBytes();
        Bytes damaged = new ByteWriter()
                .bytes(rubbish)
                .bytes(file.slice(0, middle))
                .bytes(rubbish)
                .bytes(file.slice(middle))
                .toBytes();
        TsCases.assertSame(frames, damaged);
    }

    @Test
    void aLostPacketCostsItsPesPacketAndIsCounted() {
        List<Frame> frames = TsCases.frames("h264");
        Bytes file = TsCases.recorded(frames).content();
        int middle = file.length() / 188 / 2 * 188;
        TsCases.Heard heard = new TsCases.Heard();
        heard.demuxer.receive(file.slice(0, middle));
        heard.demuxer.receive(file.slice(middle + 188));
        heard.demuxer.end();
        assertTrue(heard.demuxer.damaged() > 0);
        assertTrue(heard.frames.size() >= frames.size() - 2 && heard.frames.size() < frames.size());
    }

    @Test
    void aNewMapKeepsTheStreamsThatAreInBoth() {
        List<Frame> frames = TsCases.frames("h264+aac");
        Bytes one = TsCases.recorded(frames).content();
        Bytes other = TsCases.recorded(TestMedia.h265(1)).content();
        TsCases.Heard heard = new TsCases.Heard();
        heard.demuxer.receive(one);
        heard.demuxer.receive(other);
        heard.demuxer.end();
        assertEquals("hevc", heard.of(true).getLast().track().codec().name());
        assertEquals(frames.size() + TestMedia.h265(1).size(), heard.frames.size());
    }

    /// ISO/IEC 13818-1 2.4.4.3: the map stands where the table of programs says, also when that changes.
    @Test
    void aNewTableOfProgramsMayMoveTheMap() {
        List<Frame> frames = TsCases.frames("h264+aac");
        Bytes one = TsCases.recorded(frames).content();
        TsCases.Heard heard = new TsCases.Heard();
        heard.demuxer.receive(one);
        heard.demuxer.receive(withMapAt(MOVED_PID, one));
        heard.demuxer.end();
        assertEquals(2 * frames.size(), heard.frames.size());
        assertEquals(frames.getLast().data(), heard.of(false).getLast().data());
        assertEquals(List.of(), List.copyOf(heard.unsupported));
    }

    /// The same with the map in packets of another PID, and a table of programs of the next version that says so.
    private static Bytes withMapAt(int pid, Bytes stream) {
        byte[] all = stream.toByteArray();
        int mapPid = -1;
        for (int at = 0; at < all.length; at += 188) {
            int of = (all[at + 1] & 0x1F) << 8 | all[at + 2] & 0xFF;
            if (of == 0) {
                // Behind the header and the pointer: eight bytes, the program's number, the PID, the CRC_32.
                int section = at + 5;
                mapPid = (all[section + 10] & 0x1F) << 8 | all[section + 11] & 0xFF;
                all[section + 5] = (byte) (all[section + 5] & 0xC1 | (all[section + 5] >> 1) + 1 << 1 & 0x3E);
                all[section + 10] = (byte) (0xE0 | pid >> 8);
                all[section + 11] = (byte) pid;
                int crc = Crc32Mpeg.of(Bytes.wrap(Arrays.copyOfRange(all, section, section + 12)));
                ByteBuffer.wrap(all, section + 12, 4).putInt(crc);
            } else if (of == mapPid) {
                all[at + 1] = (byte) (all[at + 1] & 0xE0 | pid >> 8);
                all[at + 2] = (byte) pid;
            }
        }
        assertTrue(mapPid > 0 && mapPid != pid);
        return Bytes.wrap(all);
    }

    @Test
    void filesOfOthersAreRead() throws IOException {
        for (Path file : SharedMedia.files("ts", "ts")) {
            TsCases.Heard heard = TsCases.heard(Bytes.wrap(Files.readAllBytes(file)));
            String name = file.getFileName().toString();
            assertEquals(name.matches("sample_h26[45].*"), !heard.of(true).isEmpty(), name);
            assertTrue(!heard.frames.isEmpty() || !heard.unsupported.isEmpty() || heard.demuxer.damaged() > 0, name);
        }
    }

    @Test
    void nothingButMalformedLeavesIt() {
        List<Bytes> good = new ArrayList<>();
        for (String name : List.of("h264+aac", "h264+opus", "h265+aac", "h264+mp3")) {
            Bytes file = TsCases.recorded(TsCases.frames(name)).content();
            good.add(file.slice(0, Math.min(file.length(), 188 * 400)));
        }
        Fuzz.parser(
                good, SharedMedia.bytes("fuzz-seeds/mediacommon/formats_mpegts.FuzzReader"), TsDemuxerTest::readAll);
    }

    private static void readAll(Bytes bytes) {
        TsCases.heard(bytes);
        try {
            Container.TS.finish(new MemoryFile(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MalformedException _) {
            // Nothing to recover.
        }
    }
}
