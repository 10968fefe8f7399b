package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FileRoom;
import tapedeck.container.FinishOptions;
import tapedeck.container.FrontedCopy;
import tapedeck.container.IndexPlace;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;

class Mp4FinisherTest {
    private static final List<Frame> FRAMES = Mp4Cases.frames("h264b+aac");
    private static final List<Frame> LONG = copies(5);
    private static final long KEPT = 1 << 20;

    private long kept = KEPT;

    @ParameterizedTest
    @CsvSource({
        Mp4Cases.ROOMY + ",false,0",
        Mp4Cases.ROOMY + ",false," + KEPT,
        Mp4Cases.TIGHT + ",false,0",
        Mp4Cases.TIGHT + ",false," + KEPT,
        Mp4Cases.TIGHT + ",true,0",
        Mp4Cases.TIGHT + ",true," + KEPT
    })
    void whereverAFinishCrashesTheNextOneSucceeds(int reserve, boolean canInsert, long keptBytes) throws IOException {
        kept = keptBytes;
        // Long enough for the reserve to grow in more than one step.
        Bytes recorded = Mp4Cases.recorded(LONG, reserve).content();
        MemoryFile whole = new MemoryFile(recorded);
        finish(whole, canInsert);
        Bytes finished = whole.content();
        assertTrue(whole.changes() >= (canInsert ? 9 : 3), whole.changes() + " changes");
        assertEquals(!canInsert && reserve == Mp4Cases.TIGHT ? "mdat" : "moov", kind(whole));
        // One more change than there are: that run must not crash.
        for (int change = 0; change <= whole.changes(); change++) {
            for (double part : new double[] {0, 0.001, 0.3, 0.9, 1}) {
                MemoryFile crashed = new MemoryFile(recorded).crashingAt(change, part);
                if (change < whole.changes()) {
                    assertThrows(MemoryFile.Crash.class, () -> finish(crashed, canInsert));
                    // It opens at that moment too.
                    Mp4Cases.assertFrames(LONG, LONG.size(), new MemoryFile(crashed.content()));
                } else {
                    finish(crashed, canInsert);
                }
                MemoryFile next = new MemoryFile(crashed.content());
                finish(next, canInsert);
                // What is left over in its reserve may differ.
                assertEquals(finished.length(), next.content().length(), "crash in change " + change);
                assertEquals(kind(whole), kind(next));
                Mp4Cases.assertFrames(LONG, LONG.size(), next);
                if (!canInsert) {
                    assertEquals(finished, next.content(), "crash in change " + change);
                }
            }
        }
    }

    private void finish(MemoryFile file, boolean canInsert) throws IOException {
        FinishOptions options = new FinishOptions(IndexPlace.FRONT, canInsert ? file : FileRoom.NONE);
        Mp4Finisher.finish(file, options, new IndexLimits(kept, Movie.MAX_MOOV_BYTES));
    }

    /// A file with holes and others too.
    @ParameterizedTest
    @ValueSource(strings = {"h264b+aac", "vp8+opus", "h264+alaw"})
    void anIndexThatIsNotKeptInMemoryIsTheSame(String codecs) throws IOException {
        for (int reserve : new int[] {Mp4Cases.ROOMY, Mp4Cases.TIGHT}) {
            Bytes recorded = Mp4Cases.recorded(Mp4Cases.frames(codecs), reserve).content();
            for (boolean canInsert : new boolean[] {false, true}) {
                MemoryFile once = new MemoryFile(recorded);
                finish(once, canInsert);
                kept = 0;
                MemoryFile twice = new MemoryFile(recorded);
                finish(twice, canInsert);
                kept = KEPT;
                assertEquals(once.content(), twice.content());
            }
        }
    }

    @Test
    void aFileWhoseIndexWouldBeTooLargeStaysAsItGrew() throws IOException {
        MemoryFile file = Mp4Cases.recorded(FRAMES, Mp4Cases.ROOMY);
        Bytes recorded = file.content();
        MemoryFile torn = new MemoryFile(recorded.slice(0, recorded.length() - 10));
        Mp4Finisher.finish(torn, FinishOptions.DEFAULT, new IndexLimits(0, 100));
        assertEquals("free", kind(torn));
        assertTrue(torn.size() < recorded.length() - 10, "without the torn tail");
        Mp4Finisher.finish(file, FinishOptions.DEFAULT, new IndexLimits(0, 100));
        assertEquals(recorded, file.content());
        Mp4Cases.assertFrames(FRAMES, FRAMES.size(), file);
    }

    private static String kind(MemoryFile file) {
        return Layout.type(file.content(), Layout.FLIP_AT + 4);
    }

    @Test
    void aReserveGrowsUntilTheIndexFits() throws IOException {
        for (int copies : new int[] {1, 3, 9, 30, 100}) {
            List<Frame> frames = copies(copies);
            MemoryFile file = Mp4Cases.recorded(frames, Layout.MIN_RESERVE_BYTES);
            int before = file.content().length();
            finish(file, true);
            assertEquals("moov", kind(file));
            long index = file.content().u32(Layout.FLIP_AT);
            int grown = file.content().length() - before;
            assertTrue(grown <= index && grown % Layout.RESERVE_ALIGNMENT == 0, grown + " for " + index);
            Mp4Cases.assertFrames(frames, frames.size(), file);
            assertInitializationSection(file);
        }
    }

    private static List<Frame> copies(int count) {
        List<Frame> frames = new java.util.ArrayList<>();
        for (int copy = 0; copy < count; copy++) {
            frames.addAll(tapedeck.peers.TestMedia.shifted(FRAMES, copy * 5_000_000_000L));
        }
        return frames;
    }

    /// `mdat` begins with the `ftyp` and the `moov` that players of byte ranges need.
    private static void assertInitializationSection(MemoryFile file) {
        Bytes content = file.content();
        int at = 0;
        while (!Layout.type(content, at + 4).equals("mdat")) {
            at += (int) content.u32(at);
        }
        int hidden = at + Layout.LARGE_HEADER_BYTES;
        assertEquals("ftyp", Layout.type(content, hidden + 4));
        assertEquals("moov", Layout.type(content, hidden + (int) content.u32(hidden) + 4));
    }

    @Test
    void aFileSystemThatRefusesInTheMiddleLeavesTheIndexAtTheEnd() throws IOException {
        MemoryFile file = Mp4Cases.recorded(LONG, Mp4Cases.TIGHT);
        boolean[] asked = {false};
        Mp4Finisher.finish(file, new FinishOptions(IndexPlace.FRONT, (position, bytes) -> {
            boolean first = !asked[0];
            asked[0] = true;
            return first && file.insert(position, bytes);
        }));
        assertEquals("mdat", kind(file));
        Mp4Cases.assertFrames(LONG, LONG.size(), file);
    }

    @Test
    void theIndexIsAtTheEndWhereThatIsWanted() throws IOException {
        MemoryFile file = Mp4Cases.recorded(FRAMES, Mp4Cases.ROOMY);
        Mp4Finisher.finish(file, new FinishOptions(IndexPlace.END, file));
        assertEquals("mdat", kind(file));
        Mp4Cases.assertFrames(FRAMES, FRAMES.size(), file);
    }

    @Test
    void aCopyBringsTheIndexToTheFront() throws IOException {
        for (int copies : new int[] {1, 30}) {
            List<Frame> frames = copies(copies);
            for (int reserve : List.of(Mp4Cases.TIGHT, 3 * Mp4Cases.TIGHT)) {
                MemoryFile file = Mp4Cases.recorded(frames, reserve);
                Mp4Finisher.finish(file, new FinishOptions(IndexPlace.END, FileRoom.NONE));
                FrontedCopy fronted = IndexMove.of(file).orElseThrow();
                MemoryFile copy = new MemoryFile();
                fronted.writeTo(copy);
                assertEquals(fronted.sizeBytes(), copy.size());
                assertEquals("moov", kind(copy));
                Mp4Cases.assertFrames(frames, frames.size(), copy);
                assertInitializationSection(copy);
                assertTrue(IndexMove.of(copy).isEmpty());
            }
        }
    }

    @Test
    void chunkOffsetsMoveInBothWidths() throws IOException {
        for (String type : List.of("stco", "co64")) {
            assertEquals(offsets(type, 0x1005, 0xFFFF_1000L), moved(0x1000, type, 5, 0xFFFF_0000L));
        }
        assertEquals(offsets("co64", 0x10_0005, 0x1_000F_0000L), moved(1 << 20, "co64", 5, 0xFFFF_0000L));
        assertThrows(MalformedException.class, () -> moved(1 << 20, "stco", 5, 0xFFFF_0000L));
        long[] many = LongStream.range(0, 100_000).toArray();
        long[] more = LongStream.range(7, 100_007).toArray();
        assertEquals(offsets("stco", more), moved(7, "stco", many), "more than is written at once");
    }

    private static Bytes moved(long shift, String type, long... offsets) throws IOException {
        MemoryFile file = new MemoryFile(offsets(type, offsets));
        FileBoxes boxes = new FileBoxes(file);
        IndexMove.shiftChunks(boxes, Objects.requireNonNull(boxes.at(0)), shift, file, 0);
        return file.content();
    }

    private static Bytes offsets(String type, long... offsets) {
        BoxWriter out = new BoxWriter(100);
        out.box(
                "moov",
                moov -> moov.box(
                        "trak",
                        trak -> trak.box(
                                "mdia",
                                mdia -> mdia.box(
                                        "minf",
                                        minf -> minf.box(
                                                "stbl",
                                                stbl -> stbl.fullBox(type, 0, 0, b -> {
                                                    b.u32(offsets.length);
                                                    for (long offset : offsets) {
                                                        if (type.equals("co64")) {
                                                            b.u64(offset);
                                                        } else {
                                                            b.u32(offset);
                                                        }
                                                    }
                                                }))))));
        return out.toBytes();
    }

    @Test
    void whatIsBehindDamagedBytesIsKept() throws IOException {
        Bytes recorded = Mp4Cases.recorded(LONG, Mp4Cases.ROOMY).content();
        long[] ends = fragmentEnds(recorded);
        Random random = new Random(5);
        for (int i = 0; i < 100; i++) {
            int bad = 1 + random.nextInt(ends.length - 2);
            byte[] damaged = recorded.toByteArray();
            int from = (int) ends[bad - 1];
            // Somewhere in the head of a fragment: the sizes of its boxes, its tables, or all of it.
            int kind = i % 4;
            if (kind == 0) {
                damaged[from + random.nextInt(8)] ^= (byte) (1 + random.nextInt(255));
            } else if (kind == 1) {
                java.util.Arrays.fill(damaged, from, from + 200, (byte) random.nextInt(256));
            } else if (kind == 2) {
                java.util.Arrays.fill(damaged, from, (int) ends[bad], (byte) 0);
            } else {
                damaged[(int) ends[bad] - 12 + random.nextInt(8)] ^= 0x55;
            }
            MemoryFile file = new MemoryFile(Bytes.wrap(damaged));
            Mp4Finisher.finish(file);
            int lost = Mp4Cases.fragments(LONG).get(bad).size();
            assertEquals(LONG.size() - lost, samples(file), "damage %d in fragment %d".formatted(kind, bad));
        }
    }

    @Test
    void aHoleInTheMiddleIsSkipped() throws IOException {
        // What a power cut may leave of a reserve that was growing: extents moved on from the end, and not all.
        Bytes recorded = Mp4Cases.recorded(LONG, Mp4Cases.TIGHT).content();
        long[] ends = fragmentEnds(recorded);
        for (int i = 0; i < ends.length - 1; i++) {
            MemoryFile file = new MemoryFile(recorded);
            int at = (int) (ends[i] + 4095) / 4096 * 4096;
            if (at < recorded.length()) {
                file.insert(at, 4096);
                finish(file, true);
                assertTrue(samples(file)
                        >= LONG.size() - Mp4Cases.fragments(LONG).get(i + 1).size());
            }
        }
    }

    @Test
    void evenAHundredBadFragmentsAtTheEndLeaveTheRest() throws IOException {
        List<Frame> frames = copies(40);
        Bytes recorded = Mp4Cases.recorded(frames, Mp4Cases.ROOMY).content();
        long[] ends = fragmentEnds(recorded);
        int good = ends.length - 100;
        assertTrue(good > 20);
        byte[] damaged = recorded.toByteArray();
        for (int i = good; i < ends.length; i++) {
            java.util.Arrays.fill(damaged, (int) ends[i - 1] + 16, (int) ends[i] - 16, (byte) 0);
        }
        MemoryFile file = new MemoryFile(Bytes.wrap(damaged));
        Mp4Finisher.finish(file);
        int expected = Mp4Cases.fragments(frames).stream()
                .limit(good)
                .mapToInt(List::size)
                .sum();
        assertEquals(expected, samples(file));
        Mp4Cases.assertFrames(frames, expected, file);
    }

    @Test
    void manyBeginningsOfFragmentsThatAreNoneCostLittle() throws IOException {
        Bytes recorded = Mp4Cases.recorded(FRAMES, Mp4Cases.ROOMY).content();
        long[] ends = fragmentEnds(recorded);
        tapedeck.bytes.ByteWriter hostile =
                new tapedeck.bytes.ByteWriter(8 << 20).bytes(recorded.slice(0, (int) ends[0]));
        // Each claims to reach to the one checksum at the end.
        int count = 100_000;
        int total = count * 24;
        hostile.zeros(8);
        for (int i = 0; i < count; i++) {
            hostile.u32(8).ascii("moof").u32(total - 24L * i - 8).ascii("mdat").zeros(8);
        }
        hostile.bytes(Layout.crcBox(1));
        MemoryFile file = new MemoryFile(hostile.handOver());
        long size = file.size();
        Mp4Finisher.finish(file);
        assertEquals(Mp4Cases.fragments(FRAMES).getFirst().size(), samples(file));
        assertTrue(file.bytesRead() < 10 * size, file.bytesRead() + " bytes read");
    }

    private static int samples(MemoryFile file) throws IOException {
        return Mp4Frames.reader(file).tracks().stream()
                .mapToInt(track -> track.samples().count())
                .sum();
    }

    @ParameterizedTest
    @ValueSource(ints = {Mp4Cases.ROOMY, Mp4Cases.TIGHT})
    void aFinishedFileStaysAsItIs(int reserve) throws IOException {
        MemoryFile file = Mp4Cases.recorded(FRAMES, reserve);
        Mp4Finisher.finish(file);
        MemoryFile again = new MemoryFile(file.content());
        assertEquals(Mp4Reader.summary(file), Mp4Finisher.finish(again));
        assertEquals(0, again.changes());
    }

    @Test
    void whereverARecordingIsCutAtMostTheLastFragmentIsLost() throws IOException {
        for (String name : List.of("h264b+aac", "vp8+opus", "aac", "late audio")) {
            List<Frame> frames = Mp4Cases.frames(name);
            Bytes recorded = Mp4Cases.recorded(frames, Mp4Cases.ROOMY).content();
            long[] ends = fragmentEnds(recorded);
            Random random = new Random(1);
            for (int i = 0; i < 150; i++) {
                int cut = (int) ends[0] + random.nextInt(recorded.length() - (int) ends[0] + 1);
                MemoryFile file = new MemoryFile(recorded.slice(0, cut));
                Mp4Finisher.finish(file);
                Mp4Cases.assertFrames(frames, framesBefore(cut, ends, frames), file);
            }
        }
    }

    @Test
    void zerosAtTheEndAfterAPowerCutAreRecognised() throws IOException {
        Bytes recorded = Mp4Cases.recorded(FRAMES, Mp4Cases.ROOMY).content();
        long[] ends = fragmentEnds(recorded);
        Random random = new Random(2);
        for (int i = 0; i < 150; i++) {
            int cut = (int) ends[0] + random.nextInt(recorded.length() - (int) ends[0] + 1);
            byte[] zeroed = recorded.toByteArray();
            java.util.Arrays.fill(zeroed, cut, zeroed.length, (byte) 0);
            MemoryFile file = new MemoryFile(Bytes.wrap(zeroed));
            Mp4Finisher.finish(file);
            Mp4Cases.assertFrames(FRAMES, framesBefore(cut, ends, FRAMES), file);
        }
    }

    @Test
    void aTornFragmentWithWholeBoxesIsRecognisedByItsChecksum() throws IOException {
        Bytes recorded = Mp4Cases.recorded(FRAMES, Mp4Cases.ROOMY).content();
        long[] ends = fragmentEnds(recorded);
        byte[] torn = recorded.toByteArray();
        // One bit in each of the last two fragments' media.
        torn[(int) ends[ends.length - 1] - 100] ^= 1;
        torn[(int) ends[ends.length - 2] - 100] ^= 1;
        MemoryFile file = new MemoryFile(Bytes.wrap(torn));
        Mp4Finisher.finish(file);
        Mp4Cases.assertFrames(FRAMES, framesBefore((int) ends[ends.length - 3], ends, FRAMES), file);
    }

    @Test
    void aRecordingCutInItsHeadHasNothingToRecover() {
        Bytes recorded = Mp4Cases.recorded(FRAMES, Mp4Cases.ROOMY).content();
        long firstEnd = fragmentEnds(recorded)[0];
        Random random = new Random(3);
        for (int i = 0; i < 50; i++) {
            MemoryFile file = new MemoryFile(recorded.slice(0, random.nextInt((int) firstEnd)));
            assertThrows(MalformedException.class, () -> Mp4Finisher.finish(file));
            assertEquals(0, file.changes());
        }
    }

    @Test
    void theInitializationSectionStaysWhereItIs() throws IOException {
        for (int reserve : List.of(Mp4Cases.ROOMY, Mp4Cases.TIGHT)) {
            MemoryFile file = Mp4Cases.recorded(FRAMES, reserve);
            Bytes before = file.content();
            Mp4Finisher.finish(file);
            int from = reserve - Layout.HIDDEN_FTYP_BYTES;
            assertEquals("ftyp", Layout.type(before, from + 4));
            assertEquals("moov", Layout.type(before, reserve + 4));
            assertEquals(before.slice(from), file.content().slice(from, before.length()));
        }
    }

    @Test
    void anIndexThatJustFitsGoesInFrontAndOneByteMoreBehind() throws IOException {
        // The index grows with the fragments: somewhere on the way it passes the smallest reserve.
        List<Frame> frames = Mp4Cases.frames("aac");
        boolean front = false;
        boolean behind = false;
        for (int count = 1; count < frames.size(); count += 4) {
            List<Frame> some = new java.util.ArrayList<>();
            for (int copy = 0; copy < 12; copy++) {
                some.addAll(tapedeck.peers.TestMedia.shifted(frames.subList(0, count), copy * 5_000_000_000L));
            }
            MemoryFile file = Mp4Cases.recorded(some, Layout.MIN_RESERVE_BYTES);
            Mp4Finisher.finish(file);
            String kind = Layout.type(file.content(), Layout.FLIP_AT + 4);
            front |= kind.equals("moov");
            behind |= kind.equals("mdat");
            Mp4Cases.assertFrames(some, some.size(), file);
        }
        assertTrue(front && behind);
    }

    /// Where each whole fragment ends, found without the code under test: behind each checksum.
    private static long[] fragmentEnds(Bytes file) {
        java.util.stream.LongStream.Builder ends = java.util.stream.LongStream.builder();
        for (int at = 0; at < file.length(); at += (int) file.u32(at)) {
            if (Layout.type(file, at + 4).equals("free") && file.u32(at) == 16) {
                ends.add(at + 16L);
            }
        }
        return ends.build().toArray();
    }

    private static int framesBefore(int cut, long[] ends, List<Frame> frames) {
        int whole = 0;
        while (whole < ends.length && ends[whole] <= cut) {
            whole++;
        }
        return Mp4Cases.fragments(frames).stream()
                .limit(whole)
                .mapToInt(List::size)
                .sum();
    }
}
