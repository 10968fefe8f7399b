package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrameSink;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

class FragmentDemuxerTest {
    private static final long FRAGMENT_NANOS = 500_000_000L;

    private static final class Heard implements FrameSink {
        private final List<Frame> frames = new ArrayList<>();
        private final List<Track> tracks = new ArrayList<>();

        @Override
        public void track(Track track) {
            tracks.add(track);
        }

        @Override
        public void frame(Frame frame) {
            frames.add(frame);
        }

        @Override
        public void unsupported(String codec) {}
    }

    private static Bytes live(List<Frame> frames) {
        LiveFragments fragments = new LiveFragments(TestMedia.tracks(frames), "test", Instant.EPOCH);
        ByteWriter file = new ByteWriter().bytes(fragments.init());
        long next = FRAGMENT_NANOS;
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= next) {
                file.bytes(fragments.fragment());
                next += FRAGMENT_NANOS;
            }
            fragments.write(frame);
        }
        return file.bytes(fragments.fragment()).toBytes();
    }

    private static Heard demux(Bytes file, int pieceBytes) {
        Heard heard = new Heard();
        FragmentDemuxer demuxer = new FragmentDemuxer(heard);
        for (int at = 0; at < file.length(); at += pieceBytes) {
            demuxer.receive(file.slice(at, Math.min(file.length(), at + pieceBytes)));
        }
        return heard;
    }

    /// Without times: sound is placed by whole samples there.
    private static List<String> lines(List<Frame> frames, boolean video) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo() == video)
                .map(frame -> "%s %08x"
                        .formatted(frame.keyframe() ? "key" : "", frame.data().hashCode()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h264+aac", "h264b+opus", "h265+aac", "av1+opus", "vp9+opus"})
    void framesComeWhateverThePiecesAre(String codecs) {
        List<Frame> frames = TestMedia.of(codecs, 2);
        Bytes file = live(frames);
        assertTrue(FragmentDemuxer.matches(file));
        for (int pieceBytes : List.of(file.length(), 1, 1009)) {
            Heard heard = demux(file, pieceBytes);
            assertEquals(2, heard.tracks.size());
            assertEquals(lines(frames, true), lines(heard.frames, true), "pieces of " + pieceBytes);
            assertEquals(lines(frames, false), lines(heard.frames, false), "pieces of " + pieceBytes);
            List<Frame> sent = frames.stream().filter(f -> f.track().isVideo()).toList();
            List<Frame> got =
                    heard.frames.stream().filter(f -> f.track().isVideo()).toList();
            for (int i = 0; i < sent.size(); i++) {
                long sinceFirst = got.get(i).ptsNanos() - got.getFirst().ptsNanos();
                assertEquals((sent.get(i).ptsNanos() - sent.getFirst().ptsNanos()) / 1e6, sinceFirst / 1e6, 1);
                assertEquals(sent.get(i).track().codec(), got.get(i).track().codec());
            }
        }
    }

    @Test
    void behindAMissingPieceItGoesOnAtTheNextFragment() {
        List<Frame> frames = TestMedia.of("h264+aac", 3);
        Bytes file = live(frames);
        int third = file.length() / 3;
        Heard heard = new Heard();
        FragmentDemuxer demuxer = new FragmentDemuxer(heard);
        demuxer.receive(file.slice(0, third));
        int before = heard.frames.size();
        demuxer.resync();
        for (int at = 2 * third; at < file.length(); at += 7) {
            demuxer.receive(file.slice(at, Math.min(file.length(), at + 7)));
        }
        assertTrue(before > 0 && heard.frames.size() > before);
        List<String> after = lines(heard.frames.subList(before, heard.frames.size()), true);
        List<String> all = lines(frames, true);
        assertEquals(all.subList(all.size() - after.size(), all.size()), after);
        long begin = heard.frames.get(before).ptsNanos() / 1_000_000;
        assertTrue(begin >= 1_400 && begin <= 2_700, "a fragment's begin: " + begin);
    }

    private static String refused(Bytes box) {
        Bytes file =
                new ByteWriter().bytes(live(TestMedia.of("h264", 1))).bytes(box).toBytes();
        return assertThrows(MalformedException.class, () -> demux(file, file.length()))
                .getMessage();
    }

    @Test
    void limitsAreSaidBeforeAnythingIsKept() {
        assertTrue(refused(new ByteWriter()
                        .u32(FragmentDemuxer.MAX_MOOF_BYTES + 1L)
                        .ascii("moof")
                        .toBytes())
                .contains("at most 1048576 allowed"));
        assertTrue(refused(new ByteWriter()
                        .u32(FragmentDemuxer.MAX_MOOV_BYTES + 1L)
                        .ascii("moov")
                        .toBytes())
                .contains("at most 1048576 allowed"));
        assertTrue(refused(new ByteWriter().u32(3).ascii("free").toBytes()).contains("box free of 3 bytes"));
        Bytes file = live(TestMedia.of("h264", 1));
        int moof = 0;
        while (!Layout.type(file, moof + 4).equals("moof")) {
            moof += (int) file.u32(moof);
        }
        Bytes orphan = file.slice(moof);
        assertTrue(assertThrows(MalformedException.class, () -> demux(orphan, orphan.length()))
                .getMessage()
                .contains("before the moov"));
        Bytes lie = new ByteWriter()
                .bytes(file.slice(0, moof + (int) file.u32(moof)))
                .u32(FragmentDemuxer.MAX_MDAT_BYTES + 1L)
                .ascii("mdat")
                .toBytes();
        assertTrue(assertThrows(MalformedException.class, () -> demux(lie, lie.length()))
                .getMessage()
                .contains("mdat of 33554433 bytes"));
        assertFalse(FragmentDemuxer.matches(Bytes.ofUtf8("RIFF....")));
    }

    /// Each box is within the `mdat`, but they share its bytes: the track fragment is there twice.
    @Test
    void runsThatShareTheirBytesAreRefused() {
        Bytes file = live(TestMedia.of("h264", 1));
        int moof = 0;
        while (!Layout.type(file, moof + 4).equals("moof")) {
            moof += (int) file.u32(moof);
        }
        int end = moof + (int) file.u32(moof);
        int traf = moof + 8 + (int) file.u32(moof + 8);
        ByteWriter twice = new ByteWriter()
                .bytes(file.slice(0, moof))
                .u32(end - moof + file.u32(traf))
                .bytes(file.slice(moof + 4, end))
                .bytes(file.slice(traf, traf + (int) file.u32(traf)))
                .bytes(file.slice(end));
        byte[] bytes = twice.toBytes().toByteArray();
        for (int at = moof; at < end + (int) file.u32(traf); at++) {
            if (Layout.type(Bytes.wrap(bytes), at).equals("trun")) {
                int offset = (int) Bytes.wrap(bytes).u32(at + 12) + (int) file.u32(traf);
                System.arraycopy(new ByteWriter().u32(offset).toBytes().toByteArray(), 0, bytes, at + 12, 4);
            }
        }
        String message = assertThrows(MalformedException.class, () -> demux(Bytes.wrap(bytes), bytes.length))
                .getMessage();
        assertTrue(message.contains("bytes more than the mdat"), message);
    }

    @Test
    void itStandsDamage() {
        List<Bytes> good = List.of(live(TestMedia.of("h264b+aac", 1)), live(TestMedia.of("av1+opus", 1)));
        Fuzz.parser(good, SharedMedia.bytes("cmaf"), file -> demux(file, 997));
    }

    @Test
    void behindDamageItGoesOnOrRefuses() {
        List<Bytes> good = List.of(live(TestMedia.of("h264+opus", 1)));
        Fuzz.parser(good, List.of(), file -> {
            FragmentDemuxer demuxer = new FragmentDemuxer(new Heard());
            demuxer.receive(file.slice(0, file.length() / 2));
            demuxer.resync();
            demuxer.receive(file.slice(file.length() / 2));
        });
    }
}
