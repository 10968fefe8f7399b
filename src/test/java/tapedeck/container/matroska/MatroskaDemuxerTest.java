package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

class MatroskaDemuxerTest {
    private static final long MILLI_NANOS = 1_000_000L;
    private static final int CLUSTER_MILLIS = 500;
    private static final Bytes UNKNOWN = Bytes.ofHex("01FFFFFFFFFFFFFF");

    private static final class Heard implements FrameSink {
        private final List<Frame> frames = new ArrayList<>();
        private final List<Track> tracks = new ArrayList<>();
        private final List<String> unsupported = new ArrayList<>();

        @Override
        public void track(Track track) {
            tracks.add(track);
        }

        @Override
        public void frame(Frame frame) {
            frames.add(frame);
        }

        @Override
        public void unsupported(String codec) {
            unsupported.add(codec);
        }
    }

    /// As browsers write it: neither Segment nor Clusters say how large they are.
    private static Bytes live(List<Frame> frames) {
        ByteWriter file = new ByteWriter();
        EbmlWriter header = new EbmlWriter().text(ElementId.DOC_TYPE, "webm");
        file.bytes(new EbmlWriter().master(ElementId.EBML, header).toBytes());
        file.bytes(new EbmlWriter().id(ElementId.SEGMENT).toBytes()).bytes(UNKNOWN);
        EbmlWriter info = new EbmlWriter().uint(ElementId.TIMESTAMP_SCALE, MILLI_NANOS);
        file.bytes(new EbmlWriter().master(ElementId.INFO, info).toBytes());
        EbmlWriter tracks = new EbmlWriter();
        TestMedia.tracks(frames).forEach(track -> tracks.master(ElementId.TRACK_ENTRY, TrackEntry.write(track)));
        file.bytes(new EbmlWriter().master(ElementId.TRACKS, tracks).toBytes());
        long cluster = -CLUSTER_MILLIS;
        for (Frame frame : frames) {
            long delay = TrackEntry.delayNanos(frame.track().codec());
            long millis = (frame.ptsNanos() + delay + MILLI_NANOS / 2) / MILLI_NANOS;
            if (millis - cluster >= CLUSTER_MILLIS) {
                cluster = millis;
                file.bytes(new EbmlWriter().id(ElementId.CLUSTER).toBytes()).bytes(UNKNOWN);
                file.bytes(new EbmlWriter().uint(ElementId.TIMESTAMP, cluster).toBytes());
            }
            Bytes block = new ByteWriter()
                    .u8(0x80 | frame.track().id())
                    .u16((int) (millis - cluster))
                    .u8(frame.keyframe() ? 0x80 : 0)
                    .bytes(frame.data())
                    .toBytes();
            file.bytes(new EbmlWriter().binary(ElementId.SIMPLE_BLOCK, block).toBytes());
        }
        return file.toBytes();
    }

    private static Heard demux(Bytes file, int pieceBytes) {
        Heard heard = new Heard();
        MatroskaDemuxer demuxer = new MatroskaDemuxer(heard);
        for (int at = 0; at < file.length(); at += pieceBytes) {
            demuxer.receive(file.slice(at, Math.min(file.length(), at + pieceBytes)));
        }
        return heard;
    }

    private static List<String> lines(List<Frame> frames) {
        return frames.stream()
                .map(frame -> "%d %s %.0f %08x"
                        .formatted(
                                frame.track().id(),
                                frame.keyframe() ? "key" : "",
                                frame.ptsNanos() / 10e6,
                                frame.data().hashCode()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"vp8+opus", "vp9+opus", "av1+opus", "h264+aac", "h265+mp3"})
    void framesComeWhateverThePiecesAre(String codecs) {
        List<Frame> frames = TestMedia.of(codecs, 2);
        Bytes file = live(frames);
        assertTrue(MatroskaDemuxer.matches(file));
        Heard whole = demux(file, file.length());
        assertEquals(lines(frames), lines(whole.frames));
        assertEquals(2, whole.tracks.size());
        assertEquals(List.of(), whole.unsupported);
        assertEquals(lines(frames), lines(demux(file, 1).frames), "byte by byte");
        assertEquals(lines(frames), lines(demux(file, 1009).frames));
        for (int i = 0; i < frames.size(); i++) {
            assertEquals(
                    frames.get(i).track().codec(), whole.frames.get(i).track().codec());
        }
    }

    @Test
    void behindAMissingPieceItGoesOnAtTheNextCluster() {
        List<Frame> frames = TestMedia.of("vp8+opus", 3);
        Bytes file = live(frames);
        int third = file.length() / 3;
        Heard heard = new Heard();
        MatroskaDemuxer demuxer = new MatroskaDemuxer(heard);
        demuxer.receive(file.slice(0, third));
        int before = heard.frames.size();
        demuxer.resync();
        for (int at = 2 * third; at < file.length(); at += 7) {
            demuxer.receive(file.slice(at, Math.min(file.length(), at + 7)));
        }
        assertTrue(before > 0 && heard.frames.size() > before);
        List<Frame> after = heard.frames.subList(before, heard.frames.size());
        assertEquals(lines(frames.subList(frames.size() - after.size(), frames.size())), lines(after));
        long begin = after.getFirst().ptsNanos() / MILLI_NANOS;
        assertTrue(begin >= 1_500 && begin <= 2_600, "a cluster's begin: " + begin);
    }

    @Test
    void anotherFileMayFollow() {
        List<Frame> vp8 = TestMedia.of("vp8+opus", 1);
        List<Frame> vp9 = TestMedia.of("vp9", 1);
        Heard heard = demux(new ByteWriter().bytes(live(vp8)).bytes(live(vp9)).toBytes(), 4096);
        List<Frame> both = new ArrayList<>(vp8);
        both.addAll(vp9);
        assertEquals(lines(both), lines(heard.frames));
    }

    @Test
    void whatIsNotReadIsNamed() {
        EbmlWriter vorbis = new EbmlWriter()
                .uint(ElementId.TRACK_NUMBER, 1)
                .uint(ElementId.TRACK_TYPE, 2)
                .text(ElementId.CODEC_ID, "A_VORBIS");
        EbmlWriter tracks = new EbmlWriter().master(ElementId.TRACK_ENTRY, vorbis);
        Bytes file = new ByteWriter()
                .bytes(new EbmlWriter()
                        .master(ElementId.EBML, new EbmlWriter().text(ElementId.DOC_TYPE, "webm"))
                        .toBytes())
                .bytes(new EbmlWriter().id(ElementId.SEGMENT).toBytes())
                .bytes(UNKNOWN)
                .bytes(new EbmlWriter().master(ElementId.TRACKS, tracks).toBytes())
                .toBytes();
        assertEquals(List.of("A_VORBIS"), demux(file, 100).unsupported);
    }

    private static String refused(EbmlWriter element) {
        Bytes begin = new EbmlWriter()
                .master(ElementId.EBML, new EbmlWriter().text(ElementId.DOC_TYPE, "webm"))
                .toBytes();
        Bytes file =
                new ByteWriter().bytes(begin).bytes(element.toBytes()).zeros(16).toBytes();
        return assertThrows(MalformedException.class, () -> demux(file, file.length()))
                .getMessage();
    }

    @Test
    void limitsAreSaidBeforeAnythingIsKept() {
        assertTrue(refused(new EbmlWriter().id(ElementId.SIMPLE_BLOCK).size(MatroskaDemuxer.MAX_BLOCK_BYTES + 1L, 8))
                .contains("at most 16777216 allowed"));
        assertTrue(refused(new EbmlWriter().id(ElementId.TRACKS).size(MatroskaDemuxer.MAX_MASTER_BYTES + 1L, 8))
                .contains("at most 1048576 allowed"));
        assertTrue(refused(new EbmlWriter().id(ElementId.TRACKS).raw(UNKNOWN)).contains("has no size"));
        assertTrue(refused(new EbmlWriter().binary(ElementId.SIMPLE_BLOCK, Bytes.ofHex("8100008000")))
                .contains("before its cluster's Timestamp"));
        assertFalse(MatroskaDemuxer.matches(Bytes.ofUtf8("RIFF")));
        assertThrows(MalformedException.class, () -> demux(Bytes.ofUtf8("RIFF....WAVE"), 12));
    }

    @Test
    void itStandsDamage() {
        List<Bytes> good = List.of(live(TestMedia.of("vp8+opus", 1)), live(TestMedia.of("h264+aac", 1)));
        Fuzz.parser(good, SharedMedia.bytes("mkv/libwebm"), file -> demux(file, 997));
    }

    @Test
    void behindDamageItGoesOnOrRefuses() {
        List<Bytes> good = List.of(live(TestMedia.of("vp9+opus", 1)));
        Fuzz.parser(good, List.of(), file -> {
            MatroskaDemuxer demuxer = new MatroskaDemuxer(new Heard());
            demuxer.receive(file.slice(0, file.length() / 2));
            demuxer.resync();
            demuxer.receive(file.slice(file.length() / 2));
        });
    }
}
