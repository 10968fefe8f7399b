package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FileLine;
import tapedeck.container.MemoryFile;

/// Tracks of others' files as whoever mixes them reads them.
class MatroskaLinesTest {
    private static final long MILLI = 1_000_000;
    private static final String OPUS_20_MILLIS = "fc";

    /// VP8 and Opus, with a cluster at 100 ms.
    private static MemoryFile file(String... blocks) {
        Bytes head = Head.of(Doctype.MKV, List.of(Samples.VP8, Samples.OPUS), Samples.OPTIONS, 0)
                .bytes();
        EbmlWriter cluster = new EbmlWriter().uint(ElementId.TIMESTAMP, 100);
        for (String block : blocks) {
            cluster.binary(ElementId.SIMPLE_BLOCK, Bytes.ofHex(block));
        }
        return new MemoryFile(new ByteWriter()
                .bytes(head.slice(0, head.length() - Head.RESERVE_HEADER_BYTES))
                .bytes(new EbmlWriter().master(ElementId.CLUSTER, cluster).toBytes())
                .toBytes());
    }

    private static String block(int track, int millis, int flags, String hex) {
        return "%02x%04x%02x%s".formatted(0x80 | track, millis, flags, hex);
    }

    private static FileLine line(MemoryFile file) throws IOException {
        List<FileLine> lines = MatroskaLines.of(file).lines();
        assertEquals(1, lines.size());
        return lines.getFirst();
    }

    /// The first one's time is said, those of the others follow from how long each plays.
    @Test
    void lacedFramesFollowEachOther() throws IOException {
        String three = "02" + OPUS_20_MILLIS + "01" + OPUS_20_MILLIS + "02" + OPUS_20_MILLIS + "03";
        FileLine line = line(file(block(Samples.OPUS.id(), 7, 0x84, three)));
        // Without the 312 samples, 7 ms, that are in front.
        assertEquals(100 * MILLI, line.startNanos());
        assertEquals(160 * MILLI, line.endNanos());
        FileLine.Cursor cursor = line.from(0);
        for (int i = 0; i < 3; i++) {
            var frame = cursor.next();
            assertEquals((100 + 20 * i) * MILLI, frame.ptsNanos());
            assertEquals(OPUS_20_MILLIS + "0" + (i + 1), frame.data().toHex());
        }
        assertFalse(cursor.hasNext());
    }

    /// A frame is decoded before any of those behind it is shown.
    @Test
    void picturesThatAreReorderedAreDecodedInTime() throws IOException {
        List<String> blocks = new ArrayList<>();
        for (int millis : new int[] {0, 120, 40, 80, 160}) {
            blocks.add(block(Samples.VP8.id(), millis, millis == 0 ? 0x80 : 0, "00"));
        }
        FileLine line = line(file(blocks.toArray(String[]::new)));
        List<Long> decoded = new ArrayList<>();
        for (FileLine.Cursor cursor = line.from(0); cursor.hasNext(); cursor.next()) {
            decoded.add(cursor.dtsNanos() / MILLI);
        }
        assertEquals(List.of(100L, 140L, 140L, 180L, 260L), decoded);
        assertEquals(300 * MILLI, line.endNanos());
    }

    /// As far as any codec reorders, and not to the end of the file.
    @Test
    void theNextPicturesSayWhenOneIsDecoded() throws IOException {
        List<String> blocks = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            blocks.add(block(Samples.VP8.id(), 40 * (i + 1), i == 0 ? 0x80 : 0, "00"));
        }
        blocks.add(block(Samples.VP8.id(), 0, 0, "00"));
        List<Long> decoded = new ArrayList<>();
        FileLine line = line(file(blocks.toArray(String[]::new)));
        for (FileLine.Cursor cursor = line.from(0); cursor.hasNext(); cursor.next()) {
            decoded.add(cursor.dtsNanos() / MILLI);
        }
        int first = 40 - StoredBlocks.MAX_REORDERED;
        for (int i = 0; i < decoded.size(); i++) {
            assertEquals(i < first ? 140 + 40 * i : 100, decoded.get(i), "picture " + i);
        }
        assertEquals(41, decoded.size());
    }

    @Test
    void whatTakesTooMuchMemoryIsRefused() throws IOException {
        String[] blocks = new String[1500];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = block(Samples.OPUS.id(), 7 + 20 * i, 0x80, "fc01");
        }
        // Four bytes each: length, flags and time are one, the place is another, and the head of a block is in between.
        assertEquals(1, MatroskaLines.of(file(blocks), 8192).lines().size());
        String message = assertThrows(MalformedException.class, () -> MatroskaLines.of(file(blocks), 4096))
                .getMessage();
        assertTrue(message.contains("too long"), message);
    }

    @Test
    void theDateIsWhenItWasMade() throws IOException {
        assertEquals(
                Samples.OPTIONS.startedAt(),
                MatroskaLines.of(file(block(Samples.OPUS.id(), 7, 0x80, "fc01")))
                        .createdAt());
    }
}
