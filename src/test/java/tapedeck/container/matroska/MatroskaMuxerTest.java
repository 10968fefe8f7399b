package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemoryFile;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

class MatroskaMuxerTest {
    private static final long MILLI = 1_000_000;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 5, 0);
        MemoryFile file = Samples.growing(MatroskaFormat.WEBM, frames, Samples.OPTIONS);
        assertEquals(Samples.expected(frames), Samples.blocks(file));
        Summary growing = MatroskaFormat.WEBM.probe(file);
        assertEquals(new Summary(5_000 * MILLI, List.of(Samples.VP8, Samples.OPUS)), growing);
        Summary finished = MatroskaFormat.WEBM.finish(file);
        assertEquals(growing, finished);
        assertEquals(growing, MatroskaFormat.WEBM.probe(file));
        assertEquals(Samples.expected(frames), Samples.blocks(file));
    }

    private static MatroskaBlock block(Track track, long millis, Bytes data) {
        return new MatroskaBlock(track.id(), millis * MILLI, true, data);
    }

    private static Frame frame(Track track, long nanos, boolean keyframe) {
        return new Frame(track, nanos, nanos, keyframe, Bytes.ofU8(0xFC, 1, 2, 3));
    }

    private static MemoryFile written(List<Frame> frames) throws IOException {
        MemoryFile file = new MemoryFile();
        try (Muxer muxer = MatroskaFormat.MKV.muxer(file, Samples.tracks(frames), Samples.OPTIONS)) {
            for (Frame frame : frames) {
                muxer.write(frame);
            }
        }
        return file;
    }

    private static long clusters(MemoryFile file) {
        return ElementTree.of(file.content())
                .lines()
                .filter(line -> line.contains(" Cluster "))
                .count();
    }

    @Test
    void nothingIsWrittenBeforeTheFirstFlushAndEachOneIsOneAppend() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 3, 0);
        MemoryFile file = new MemoryFile();
        Muxer muxer = MatroskaFormat.WEBM.muxer(file, Samples.tracks(frames), Samples.OPTIONS);
        muxer.flush();
        muxer.write(frames.getFirst());
        assertEquals(0, file.size());
        muxer.flush();
        assertEquals(2, file.appends(), "head and first cluster, with a hole between them");
        for (int i = 1; i < 100; i++) {
            muxer.write(frames.get(i));
        }
        muxer.flush();
        assertEquals(3, file.appends(), "a keyframe amid the second starts another cluster, but no other write");
        muxer.flush();
        muxer.close();
        assertEquals(3, file.appends());
    }

    @Test
    void timeStartsAtTheEarliestPresentationOfTheFirstFlushOverAllTracks() throws IOException {
        long start = 1L << 41;
        List<Frame> frames = List.of(
                new Frame(Samples.VP8, start, start + 80 * MILLI, true, Bytes.ofU8(1)),
                new Frame(Samples.AAC, start + 5 * MILLI, start + 33 * MILLI, true, Bytes.ofU8(2)),
                new Frame(Samples.VP8, start + 40 * MILLI, start + 40 * MILLI, false, Bytes.ofU8(3)));
        List<MatroskaBlock> blocks = Samples.blocks(written(frames));
        assertEquals(
                List.of(47 * MILLI, 0L, 7 * MILLI),
                blocks.stream().map(MatroskaBlock::ptsNanos).toList());
    }

    /// Sound and picture are rounded once and by themselves: never by more than half a millisecond.
    @Test
    void timesAreRoundedToTheNearestMillisecond() throws IOException {
        List<Frame> frames = new ArrayList<>();
        for (long i = 0; i < 300; i++) {
            frames.add(frame(Samples.OPUS, i * 20 * MILLI + 1_234_567, true));
            frames.add(frame(Samples.VP8, i * 1_000_000_000 / 30 + 2_345_678, i == 0));
        }
        List<MatroskaBlock> blocks = Samples.blocks(written(frames));
        for (int i = 0; i < frames.size(); i++) {
            long exact = frames.get(i).ptsNanos() - 1_234_567;
            assertEquals((double) exact, (double) blocks.get(i).ptsNanos(), MILLI / 2.0);
        }
    }

    @Test
    void whatComesFromBeforeTheFilesStartIsPutAtItsStart() throws IOException {
        MemoryFile file = new MemoryFile();
        try (Muxer muxer = MatroskaFormat.MKV.muxer(file, List.of(Samples.VP8, Samples.AAC), Samples.OPTIONS)) {
            muxer.write(frame(Samples.VP8, 1000 * MILLI, true));
            muxer.flush();
            muxer.write(frame(Samples.AAC, 400 * MILLI, true));
        }
        assertEquals(
                List.of(0L, 0L),
                Samples.blocks(file).stream().map(MatroskaBlock::ptsNanos).toList());
    }

    /// A block's time is 16 bits, signed, from its cluster's: about 32.7 seconds either way.
    @Test
    void aClusterEndsWhereSixteenBitsWouldOverflow() throws IOException {
        List<Frame> fits = List.of(frame(Samples.VP8, 0, true), frame(Samples.VP8, 32_767 * MILLI, false));
        assertEquals(1, clusters(written(fits)));
        List<Frame> tooLate = List.of(frame(Samples.VP8, 0, true), frame(Samples.VP8, 32_768 * MILLI, false));
        assertEquals(2, clusters(written(tooLate)));
        assertEquals(Samples.expected(tooLate), Samples.blocks(written(tooLate)));
        List<Frame> tooEarly = List.of(frame(Samples.VP8, 32_769 * MILLI, true), frame(Samples.AAC, 0, true));
        assertEquals(2, clusters(written(tooEarly)));
        assertEquals(Samples.expected(tooEarly), Samples.blocks(written(tooEarly)));
        List<Frame> daysLater = List.of(frame(Samples.VP8, 0, true), frame(Samples.VP8, 900_000_000L * MILLI, false));
        assertEquals(Samples.expected(daysLater), Samples.blocks(written(daysLater)));
    }

    @Test
    void aClusterStartsAtEachKeyframeAndBeforeItGetsTooLarge() throws IOException {
        List<Frame> keyframes = List.of(
                frame(Samples.VP8, 0, true),
                frame(Samples.OPUS, 10 * MILLI, true),
                frame(Samples.VP8, 20 * MILLI, true),
                frame(Samples.VP8, 30 * MILLI, false));
        assertEquals(2, clusters(written(keyframes)));
        List<Frame> large = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Bytes data = Bytes.wrap(new byte[ClusterWriter.MAX_BYTES / 2 - 10]);
            large.add(new Frame(Samples.VP8, (long) i * MILLI, (long) i * MILLI, i == 0, data));
        }
        large.add(
                new Frame(Samples.VP8, 6 * MILLI, 6 * MILLI, false, Bytes.wrap(new byte[ClusterWriter.MAX_BYTES * 2])));
        MemoryFile file = written(large);
        assertEquals(4, clusters(file));
        assertEquals(Samples.expected(large), Samples.blocks(file));
    }

    @Test
    void aClusterEndsWhereItsLimitsAreReached() throws IOException {
        List<Frame> sound = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            sound.add(new Frame(Samples.OPUS, i * 20L * MILLI, i * 20L * MILLI, true, Bytes.wrap(new byte[100])));
        }
        // 100 frames of 20 ms and about 107 bytes: in one flush, 5, 10 and 1 of them make a cluster.
        assertEquals(20, limitedClusters(sound, 100, Integer.MAX_VALUE));
        assertEquals(10, limitedClusters(sound, 100_000, 1100));
        assertEquals(100, limitedClusters(sound, 100_000, 1));
        assertEquals(1, limitedClusters(sound, 100_000, 131_072));
    }

    private static long limitedClusters(List<Frame> frames, int maxMillis, int maxBytes) throws IOException {
        var options =
                new MuxerOptions(Samples.OPTIONS.startedAt(), 4096, "", new MuxerOptions.Clusters(maxMillis, maxBytes));
        MemoryFile file = new MemoryFile();
        try (Muxer muxer = MatroskaFormat.WEBM.muxer(file, Samples.tracks(frames), options)) {
            for (Frame frame : frames) {
                muxer.write(frame);
            }
        }
        // The head, and all clusters in one.
        assertEquals(2, file.appends());
        MatroskaFormat.WEBM.finish(file);
        assertEquals(Samples.expected(frames), Samples.blocks(file));
        return clusters(file);
    }

    @Test
    void durationIsTrueAfterEachFlush() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 4, 500);
        MemoryFile file = new MemoryFile();
        Muxer muxer = MatroskaFormat.WEBM.muxer(file, Samples.tracks(frames), Samples.OPTIONS);
        for (int i = 0; i < frames.size(); i += 75) {
            for (Frame frame : frames.subList(i, Math.min(i + 75, frames.size()))) {
                muxer.write(frame);
            }
            muxer.flush();
            Summary growing = MatroskaFormat.WEBM.probe(file);
            assertEquals((i / 75 + 1) * 1e9, (double) growing.durationNanos(), 20e6);
            assertEquals(growing, MatroskaFormat.WEBM.finish(new MemoryFile(file.content())));
        }
    }

    /// With B-frames the last frame written is not the last one shown.
    @Test
    void durationCountsPicturesByTheirTimeNotTheirOrder() throws IOException {
        long[] shown = {0, 120, 40, 80, 240, 160, 200};
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < shown.length; i++) {
            frames.add(new Frame(Samples.VP8, i * 40 * MILLI, shown[i] * MILLI, i == 0, Bytes.ofU8(1)));
        }
        assertEquals(280 * MILLI, MatroskaFormat.MKV.probe(written(frames)).durationNanos());
    }

    @Test
    void aPictureBehindAPauseDoesNotStayAsLongAsThePause() throws IOException {
        List<Frame> frames = List.of(frame(Samples.VP8, 0, true), frame(Samples.VP8, 60_000 * MILLI, true));
        assertEquals(61_000 * MILLI, MatroskaFormat.MKV.probe(written(frames)).durationNanos());
    }

    @Test
    void anOpusPacketThatNobodyCanPlayCostsNothing() throws IOException {
        List<Frame> frames = List.of(
                frame(Samples.OPUS, 0, true), new Frame(Samples.OPUS, 20 * MILLI, 20 * MILLI, true, Bytes.EMPTY));
        MemoryFile file = written(frames);
        assertEquals(20 * MILLI, MatroskaFormat.MKV.finish(file).durationNanos());
        assertEquals(block(Samples.OPUS, 20, Bytes.EMPTY), Samples.blocks(file).getLast());
    }

    @Test
    void webmRefusesWhatItCannotCarry() {
        assertTrue(MatroskaFormat.WEBM.canCarry(new Codec.Opus(2, 0)));
        assertFalse(MatroskaFormat.WEBM.canCarry(Samples.AAC.codec()));
        assertTrue(MatroskaFormat.MKV.canCarry(Samples.AAC.codec()));
        assertFalse(MatroskaFormat.MKV.canCarry(new Codec.G722(1)));
        assertRefused(MatroskaFormat.WEBM, Samples.VP8, Samples.AAC);
        assertRefused(MatroskaFormat.MKV, new Track(1, new Codec.G722(1)));
        assertRefused(MatroskaFormat.MKV, new Track(1, new Codec.Vp8(0, 0)));
        assertRefused(MatroskaFormat.MKV, new Track(0, new Codec.Opus(2, 0)));
        assertRefused(MatroskaFormat.MKV, new Track(TrackEntry.MAX_NUMBER + 1, new Codec.Opus(2, 0)));
        assertRefused(MatroskaFormat.MKV, Samples.VP8, new Track(Samples.VP8.id(), new Codec.Opus(2, 0)));
        assertRefused(MatroskaFormat.MKV);
    }

    private static void assertRefused(MatroskaFormat format, Track... tracks) {
        assertThrows(
                IllegalArgumentException.class, () -> format.muxer(new MemoryFile(), List.of(tracks), Samples.OPTIONS));
    }

    @Test
    void aTrackNumberOfTwoBytesIsReadAgain() throws IOException {
        List<Frame> frames = List.of(
                frame(new Track(127, Samples.VP8.codec()), 0, true),
                frame(new Track(TrackEntry.MAX_NUMBER, Samples.OPUS.codec()), 0, true));
        assertEquals(Samples.expected(frames), Samples.blocks(written(frames)));
    }

    /// A browser that adapts its picture size goes on in the same file; new parameter sets do not.
    @Test
    void vp8AndVp9GoOnWithAnotherPictureSize() throws IOException {
        Track smaller = new Track(Samples.VP8.id(), new Codec.Vp8(160, 90));
        Track other = new Track(Samples.OPUS.id(), new Codec.Opus(1, 312));
        Muxer muxer = MatroskaFormat.WEBM.muxer(new MemoryFile(), List.of(Samples.VP8, Samples.OPUS), Samples.OPTIONS);
        assertTrue(muxer.carries(smaller));
        assertFalse(muxer.carries(new Track(9, smaller.codec())));
        assertFalse(muxer.carries(other));
        assertThrows(IllegalArgumentException.class, () -> muxer.write(frame(other, 0, true)));
        Muxer vp9 = MatroskaFormat.WEBM.muxer(
                new MemoryFile(), List.of(new Track(1, new Codec.Vp9(0, 8, 320, 180))), Samples.OPTIONS);
        assertTrue(vp9.carries(new Track(1, new Codec.Vp9(0, 8, 640, 360))));
        assertFalse(vp9.carries(new Track(1, new Codec.Vp9(2, 10, 320, 180))));
    }

    @Test
    void theRoomForCuesIsBoundedWhateverIsAskedFor() throws IOException {
        var huge = new MuxerOptions(Samples.OPTIONS.startedAt(), Integer.MAX_VALUE, "");
        List<Frame> both = Samples.frames(Samples.VP8, Samples.OPUS, 1, 0);
        List<Frame> sound =
                both.stream().filter(frame -> frame.track().isAudio()).toList();
        long most = Samples.growing(MatroskaFormat.WEBM, both, huge).size();
        assertTrue(most > Head.MAX_VIDEO_RESERVE_BYTES && most < Head.MAX_VIDEO_RESERVE_BYTES + 8000);
        long audio = Samples.growing(MatroskaFormat.WEBM, sound, huge).size();
        assertTrue(audio > Head.MAX_AUDIO_RESERVE_BYTES && audio < Head.MAX_AUDIO_RESERVE_BYTES + 4000);
    }

    @Test
    void aFrameIsNeverChanged() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 2, 0);
        List<Bytes> copies = frames.stream()
                .map(frame -> Bytes.wrap(frame.data().toByteArray()))
                .toList();
        MatroskaFormat.WEBM.finish(Samples.growing(MatroskaFormat.WEBM, frames, Samples.OPTIONS));
        assertEquals(copies, frames.stream().map(Frame::data).toList());
    }
}
