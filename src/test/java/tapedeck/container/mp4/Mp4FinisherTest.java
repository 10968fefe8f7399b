package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;

class Mp4FinisherTest {
    private static final List<Frame> FRAMES = Mp4Cases.frames("h264b+aac");

    @ParameterizedTest
    @ValueSource(ints = {Mp4Cases.ROOMY, Mp4Cases.TIGHT})
    void whereverAFinishCrashesTheNextOneSucceeds(int reserve) throws IOException {
        Bytes recorded = Mp4Cases.recorded(FRAMES, reserve).content();
        MemoryFile whole = new MemoryFile(recorded);
        Mp4Finisher.finish(whole);
        Bytes finished = whole.content();
        assertTrue(whole.changes() >= 3);
        // One more change than there are: that run must not crash.
        for (int change = 0; change <= whole.changes(); change++) {
            for (double part : new double[] {0, 0.001, 0.3, 0.9, 1}) {
                MemoryFile crashed = new MemoryFile(recorded).crashingAt(change, part);
                if (change < whole.changes()) {
                    assertThrows(MemoryFile.Crash.class, () -> Mp4Finisher.finish(crashed));
                    // It opens at that moment too.
                    Mp4Cases.assertFrames(FRAMES, FRAMES.size(), new MemoryFile(crashed.content()));
                } else {
                    Mp4Finisher.finish(crashed);
                }
                MemoryFile next = new MemoryFile(crashed.content());
                Mp4Finisher.finish(next);
                assertEquals(finished, next.content(), "crash in change " + change);
            }
        }
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
