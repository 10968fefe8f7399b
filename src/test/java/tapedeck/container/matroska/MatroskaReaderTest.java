package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.MemoryFile;

/// What a file of others may hold, and lies.
class MatroskaReaderTest {
    private static final long MILLI = 1_000_000;
    private static final Bytes HEAD = Head.of(Doctype.MKV, List.of(Samples.VP8, Samples.OPUS), Samples.OPTIONS, 0)
            .bytes();
    private static final long UNKNOWN = (1L << 56) - 1;

    /// A file of our head, whose last Void is left empty, with this behind it.
    private static MemoryFile file(EbmlWriter behind) {
        Bytes head = HEAD.slice(0, HEAD.length() - Head.RESERVE_HEADER_BYTES);
        return new MemoryFile(
                new ByteWriter().bytes(head).bytes(behind.toBytes()).toBytes());
    }

    private static MemoryFile cluster(EbmlWriter content) {
        return file(new EbmlWriter().master(ElementId.CLUSTER, content));
    }

    private static EbmlWriter at(long ticks) {
        return new EbmlWriter().uint(ElementId.TIMESTAMP, ticks);
    }

    /// Track 1, 5 ticks behind the cluster.
    private static Bytes block(int flags, String hex) {
        return Bytes.ofHex("810005%02x%s".formatted(flags, hex));
    }

    private static List<String> frames(MemoryFile file) throws IOException {
        return Samples.blocks(file).stream()
                .map(block -> "%d %s %s"
                        .formatted(
                                block.ptsNanos() / MILLI,
                                block.keyframe() ? "K" : "_",
                                block.data().toHex()))
                .toList();
    }

    private static void assertMalformed(MemoryFile file) {
        assertThrows(MalformedException.class, () -> Samples.blocks(file));
    }

    @Test
    void everyKindOfLacingIsTakenApart() throws IOException {
        List<String> three = List.of("105 K aa", "105 K bbbb", "105 K cc");
        String xiph = "02 01 02 aa bbbb cc";
        assertEquals(three, frames(cluster(at(100).binary(ElementId.SIMPLE_BLOCK, block(0x82, xiph)))));
        String ebml = "02 81 c0 aa bbbb cc";
        assertEquals(three, frames(cluster(at(100).binary(ElementId.SIMPLE_BLOCK, block(0x86, ebml)))));
        String fixed = "02 aaaa bbbb cccc";
        assertEquals(
                List.of("105 K aaaa", "105 K bbbb", "105 K cccc"),
                frames(cluster(at(100).binary(ElementId.SIMPLE_BLOCK, block(0x84, fixed)))));
        String long255 = "01 ff00" + "ab".repeat(255) + "cd";
        assertEquals(
                List.of("105 K " + "ab".repeat(255), "105 K cd"),
                frames(cluster(at(100).binary(ElementId.SIMPLE_BLOCK, block(0x82, long255)))));
    }

    @Test
    void lacingThatDoesNotAddUpIsRefused() {
        for (String lie : List.of(
                "82 02 05 06 aa", "82 02 ffff", "86 01 85 aa", "86 02 81 80 aabb", "84 02 aabb", "82", "86 01 00")) {
            int flags = Integer.parseInt(lie.substring(0, 2), 16);
            assertMalformed(cluster(at(0).binary(ElementId.SIMPLE_BLOCK, block(flags, lie.substring(2)))));
        }
    }

    @Test
    void aBlockInAGroupIsAKeyframeIfItRefersToNone() throws IOException {
        EbmlWriter key =
                new EbmlWriter().binary(ElementId.BLOCK, block(0, "aa")).uint(0x9B, 20);
        EbmlWriter refers =
                new EbmlWriter().binary(ElementId.BLOCK, block(0, "bb")).uint(ElementId.REFERENCE_BLOCK, 1);
        EbmlWriter empty = new EbmlWriter().uint(0x9B, 20);
        EbmlWriter groups = at(10).master(ElementId.BLOCK_GROUP, key)
                .master(ElementId.BLOCK_GROUP, refers)
                .master(ElementId.BLOCK_GROUP, empty);
        assertEquals(List.of("15 K aa", "15 _ bb"), frames(cluster(groups)));
        EbmlWriter two =
                new EbmlWriter().binary(ElementId.BLOCK, block(0, "aa")).binary(ElementId.BLOCK, block(0, "bb"));
        assertMalformed(cluster(at(0).master(ElementId.BLOCK_GROUP, two)));
    }

    @Test
    void clustersOfUnknownSizeEndAtTheNextElementThatTheyCannotHold() throws IOException {
        EbmlWriter live = new EbmlWriter();
        for (int i = 1; i <= 2; i++) {
            live.id(ElementId.CLUSTER).size(UNKNOWN, 8);
            live.raw(at(i * 1000L).toBytes()).binary(ElementId.SIMPLE_BLOCK, block(0x80, "0" + i));
        }
        live.master(ElementId.CUES, new EbmlWriter());
        live.id(ElementId.SEGMENT).size(UNKNOWN, 8).binary(ElementId.SIMPLE_BLOCK, block(0x80, "99"));
        assertEquals(List.of("1005 K 01", "2005 K 02"), frames(file(live)));
    }

    @Test
    void unknownElementsAreSteppedOver() throws IOException {
        EbmlWriter odd = at(0).binary(0x4FFF, Bytes.ofU8(1))
                .binary(ElementId.SIMPLE_BLOCK, block(0x80, "aa"))
                .binary(0x1FFFFFFE, Bytes.EMPTY);
        assertEquals(List.of("5 K aa"), frames(cluster(odd)));
    }

    @Test
    void blocksOutsideOfAClusterOrBeforeItsTimeAreRefused() {
        assertMalformed(file(
                new EbmlWriter().master(ElementId.CLUSTER, at(0)).binary(ElementId.SIMPLE_BLOCK, block(0x80, "aa"))));
        assertMalformed(cluster(new EbmlWriter().binary(ElementId.SIMPLE_BLOCK, block(0x80, "aa"))));
        assertMalformed(cluster(at(0).binary(ElementId.SIMPLE_BLOCK, Bytes.EMPTY)));
        assertMalformed(cluster(at(0).binary(ElementId.SIMPLE_BLOCK, Bytes.ofHex("810000"))));
        assertMalformed(cluster(at(0).binary(ElementId.SIMPLE_BLOCK, Bytes.ofHex("00810000"))));
        assertMalformed(cluster(at(-1).binary(ElementId.SIMPLE_BLOCK, block(0x80, "aa"))));
        assertMalformed(cluster(new EbmlWriter().binary(ElementId.TIMESTAMP, Bytes.wrap(new byte[9]))));
    }

    @Test
    void sizesThatLieAreRefused() {
        EbmlWriter reachesOut = at(0).id(ElementId.SIMPLE_BLOCK).size(100);
        EbmlWriter twoClusters =
                new EbmlWriter().master(ElementId.CLUSTER, reachesOut).master(ElementId.CLUSTER, at(0).voidOf(128));
        assertMalformed(file(twoClusters));
        EbmlWriter unknown = new EbmlWriter().id(ElementId.SIMPLE_BLOCK).size(UNKNOWN, 8);
        assertMalformed(cluster(
                new EbmlWriter().raw(at(0).toBytes()).raw(unknown.toBytes()).voidOf(50)));
        assertMalformed(file(new EbmlWriter().id(ElementId.BLOCK_GROUP).size(UNKNOWN, 8)));
        EbmlWriter inner = new EbmlWriter().id(ElementId.BLOCK).size(60).raw(block(0, "aa"));
        assertMalformed(cluster(at(0).master(ElementId.BLOCK_GROUP, inner).voidOf(90)));
        EbmlWriter huge =
                new EbmlWriter().id(ElementId.CLUSTER).size(UNKNOWN, 8).raw(at(0).toBytes());
        huge.id(ElementId.SIMPLE_BLOCK).size(BlockCursor.MAX_BLOCK_BYTES + 1L).raw(block(0, "aa"));
        MemoryFile large = file(huge);
        large.skip(BlockCursor.MAX_BLOCK_BYTES);
        assertMalformed(large);
    }

    @Test
    void whereTheFileWasCutReadingEnds() throws IOException {
        EbmlWriter two = at(0).binary(ElementId.SIMPLE_BLOCK, block(0x80, "aa"))
                .binary(ElementId.SIMPLE_BLOCK, block(0x80, "bbbb"));
        Bytes whole = cluster(two).content();
        assertEquals(List.of("5 K aa"), frames(new MemoryFile(whole.slice(0, whole.length() - 1))));
        assertEquals(List.of("5 K aa"), frames(new MemoryFile(whole.slice(0, whole.length() - 7))));
    }

    private static EbmlWriter segment(EbmlWriter content) {
        EbmlWriter file = new EbmlWriter()
                .master(ElementId.EBML, new EbmlWriter().text(ElementId.DOC_TYPE, "webm\0\0"))
                .id(ElementId.SEGMENT)
                .size(UNKNOWN, 8);
        return file.raw(content.toBytes());
    }

    private static void assertNoHead(EbmlWriter file) {
        assertThrows(MalformedException.class, () -> MatroskaReader.open(new MemoryFile(file.toBytes())));
    }

    @Test
    void aHeadHasItsLimits() throws IOException {
        EbmlWriter entry = new EbmlWriter().uint(ElementId.TRACK_NUMBER, 1);
        EbmlWriter tracks = new EbmlWriter();
        for (int i = 0; i < FileHead.MAX_TRACKS; i++) {
            tracks.master(ElementId.TRACK_ENTRY, entry);
        }
        EbmlWriter info = new EbmlWriter().master(ElementId.INFO, new EbmlWriter());
        EbmlWriter most = new EbmlWriter().raw(info.toBytes()).master(ElementId.TRACKS, tracks);
        assertEquals(
                List.of(),
                MatroskaReader.open(new MemoryFile(segment(most).toBytes())).tracks());
        tracks.master(ElementId.TRACK_ENTRY, entry);
        assertNoHead(segment(new EbmlWriter().raw(info.toBytes()).master(ElementId.TRACKS, tracks)));

        EbmlWriter children = new EbmlWriter();
        for (int i = 0; i <= EbmlReader.MAX_CHILDREN; i++) {
            children.uint(ElementId.TITLE, 1);
        }
        assertNoHead(segment(new EbmlWriter().master(ElementId.INFO, children)));
        EbmlWriter voids = new EbmlWriter();
        for (int i = 0; i <= FileHead.MAX_TOP_LEVEL_ELEMENTS; i++) {
            voids.voidOf(2);
        }
        assertNoHead(segment(voids.raw(most.toBytes())));
        MemoryFile large =
                new MemoryFile(segment(new EbmlWriter().id(ElementId.INFO).size(FileHead.MAX_MASTER_BYTES + 1L))
                        .toBytes());
        large.skip(FileHead.MAX_MASTER_BYTES + 100L);
        assertThrows(MalformedException.class, () -> MatroskaReader.open(large));
    }

    @Test
    void aHeadThatContradictsItselfIsRefused() {
        assertNoHead(new EbmlWriter());
        assertNoHead(new EbmlWriter().master(ElementId.EBML, new EbmlWriter().text(ElementId.DOC_TYPE, "html")));
        assertNoHead(new EbmlWriter().master(ElementId.EBML, new EbmlWriter().text(ElementId.DOC_TYPE, "webm")));
        assertNoHead(new EbmlWriter().id(ElementId.EBML).size(UNKNOWN, 8));
        assertNoHead(segment(new EbmlWriter()));
        assertNoHead(segment(new EbmlWriter().master(ElementId.INFO, new EbmlWriter())));
        assertNoHead(segment(new EbmlWriter().id(ElementId.INFO).size(UNKNOWN, 8)));
        assertNoHead(segment(
                new EbmlWriter().master(ElementId.INFO, new EbmlWriter().uint(ElementId.TIMESTAMP_SCALE, 0))));
        EbmlWriter nameless = new EbmlWriter().master(ElementId.TRACK_ENTRY, new EbmlWriter());
        assertNoHead(segment(
                new EbmlWriter().master(ElementId.INFO, new EbmlWriter()).master(ElementId.TRACKS, nameless)));
        EbmlWriter audio = new EbmlWriter()
                .uint(ElementId.TRACK_NUMBER, 1)
                .uint(ElementId.TRACK_TYPE, 2)
                .master(ElementId.AUDIO, new EbmlWriter().real(ElementId.SAMPLING_FREQUENCY, Double.NaN));
        EbmlWriter tracks = new EbmlWriter().master(ElementId.TRACK_ENTRY, audio);
        assertNoHead(segment(
                new EbmlWriter().master(ElementId.INFO, new EbmlWriter()).master(ElementId.TRACKS, tracks)));
    }

    @Test
    void withoutADurationTheBlocksSayIt() throws IOException {
        EbmlWriter blocks = at(1000).binary(ElementId.SIMPLE_BLOCK, Bytes.ofHex("820000 80 fc"));
        MemoryFile file = cluster(blocks);
        assertTrue(MatroskaReader.open(file).durationNanos().isEmpty());
        // 1000 ticks less the 7 of Opus' delay, and a packet of 20 ms.
        assertEquals(1013 * MILLI, MatroskaFormat.MKV.probe(file).durationNanos());
    }
}
