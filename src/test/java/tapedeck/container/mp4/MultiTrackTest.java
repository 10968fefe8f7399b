package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.FileRoom;
import tapedeck.container.FinishOptions;
import tapedeck.container.FrontedCopy;
import tapedeck.container.IndexPlace;
import tapedeck.container.MemberTrack;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// A file that tracks join while it grows.
class MultiTrackTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int RESERVE = 64 << 10;
    /// Enough for the tracks, and too small for the index of so many seconds.
    private static final int TIGHT = 24 << 10;

    private static final int LONG = 20;
    private static final Codec SOUND = new Codec.Aac(Bytes.ofHex("1190"), 48_000, 2);
    private static final Codec PICTURE = new Codec.Vp8(320, 240);

    @TempDir
    Path dir;

    /// A file under test, what was written into it, and what it was after each flush.
    private static final class Growing {
        final MemoryFile file = new MemoryFile();
        final Mp4Muxer muxer;
        final List<Frame> written = new ArrayList<>();
        final List<Bytes> states = new ArrayList<>();
        final List<Integer> framesThen = new ArrayList<>();

        Growing(int reserve) {
            muxer = Mp4Muxer.many(file, new MuxerOptions(Mp4Cases.STARTED_AT, reserve, "multi-recorder://room"));
        }

        boolean join(int id, Codec codec, long shownFromNanos) {
            TrackIdentity identity = new TrackIdentity("user " + (id - 1) / 2, "session-" + (id - 1) / 2);
            return muxer.join(new MemberTrack(new Track(id, codec), identity, shownFromNanos));
        }

        /// A second of small frames.
        void second(int id, Codec codec, long fromNanos) throws IOException {
            for (int i = 0; i < 25; i++) {
                long at = fromNanos + i * 40_000_000L;
                byte[] data = new byte[20 + id % 50];
                new Random(at * 31 + id).nextBytes(data);
                Frame frame = new Frame(
                        new Track(id, codec), at, at, i == 0 || codec instanceof Codec.Audio, Bytes.wrap(data));
                muxer.write(frame);
                written.add(frame);
            }
        }

        void flush() throws IOException {
            muxer.flush();
            states.add(file.content());
            framesThen.add(written.size());
        }
    }

    /// Four streams, each a second later than the one before.
    private static Growing growing(int reserve, int seconds) throws IOException {
        Growing growing = new Growing(reserve);
        for (int second = 0; second < seconds; second++) {
            for (int stream = 0; stream <= Math.min(second, 3); stream++) {
                if (stream == second) {
                    assertTrue(growing.join(2 * stream + 1, PICTURE, second * SECOND));
                    assertTrue(growing.join(2 * stream + 2, SOUND, second * SECOND));
                }
                growing.second(2 * stream + 1, PICTURE, second * SECOND);
                growing.second(2 * stream + 2, SOUND, second * SECOND);
            }
            growing.flush();
        }
        growing.muxer.close();
        return growing;
    }

    /// That these frames are in the file, each in its track, at its time.
    private static void assertHolds(List<Frame> frames, Bytes content) throws IOException {
        TreeMap<Integer, List<Frame>> expected = new TreeMap<>();
        frames.forEach(frame -> expected.computeIfAbsent(frame.track().id(), _ -> new ArrayList<>())
                .add(frame));
        TreeMap<Integer, List<Frame>> found = new TreeMap<>();
        Mp4Frames.of(new MemoryFile(content))
                .forEach(frame -> found.computeIfAbsent(frame.track().id(), _ -> new ArrayList<>())
                        .add(frame));
        assertEquals(expected.keySet(), found.keySet());
        for (int id : expected.keySet()) {
            List<Frame> sent = expected.get(id);
            List<Frame> read = found.get(id);
            assertEquals(sent.size(), read.size(), "track " + id);
            for (int i = 0; i < sent.size(); i++) {
                assertEquals(sent.get(i).data(), read.get(i).data());
                assertEquals(sent.get(i).ptsNanos() / 1e6, read.get(i).ptsNanos() / 1e6, 0.05, "track " + id);
            }
        }
    }

    @Test
    void tracksJoinWhileTheFileGrows() throws IOException {
        Growing growing = growing(RESERVE, 6);
        for (int i = 0; i < growing.states.size(); i++) {
            assertHolds(growing.written.subList(0, growing.framesThen.get(i)), growing.states.get(i));
        }
        MemoryFile finished = new MemoryFile(growing.file.content());
        Mp4Finisher.finish(finished);
        assertEquals("moov", Layout.type(finished.content(), Layout.FLIP_AT + 4));
        assertHolds(growing.written, finished.content());
        List<DescribedTrack> tracks = MovieTracks.of(finished);
        assertEquals(
                List.of(2, 1, 4, 3, 6, 5, 8, 7),
                tracks.stream().map(DescribedTrack::id).toList());
        DescribedTrack last = tracks.getLast();
        assertEquals(new TrackIdentity("user 3", "session-3"), last.identity());
        assertEquals("vp08", last.codecTag());
        assertEquals(
                List.of(new Segment(0, 3 * SECOND, false), new Segment(3 * SECOND, 6 * SECOND, true)), last.segments());
        assertEquals(tracks, MovieTracks.of(new MemoryFile(growing.states.getLast())), "while it grows");
    }

    @Test
    void aTornWriteOfTheNewMoovAtEveryByteLeavesAnOpenableFile() throws IOException {
        Growing growing = growing(RESERVE, 6);
        for (int i = 1; i < 4; i++) {
            Bytes before = growing.states.get(i - 1);
            Bytes after = growing.states.get(i);
            List<Frame> frames = growing.written.subList(0, growing.framesThen.get(i - 1));
            int from = firstDifference(before, after, Layout.BODY_AT);
            int end = from;
            for (int at = from; at < RESERVE; at++) {
                end = before.u8(at) == after.u8(at) ? end : at + 1;
            }
            assertTrue(end - from > 500, "a moov of %d bytes was laid".formatted(end - from));
            for (int torn = from; torn <= end; torn++) {
                MemoryFile file = new MemoryFile(before);
                file.patch(from, after.slice(from, torn));
                if (torn % 97 == 0 || torn == end) {
                    assertHolds(frames, file.content());
                }
                Mp4Finisher.finish(file);
                assertEquals(frames.size(), Mp4Frames.of(file).size());
            }
            // The switch alone, and the fragment behind it torn off: the new tracks have nothing yet.
            MemoryFile switched = new MemoryFile(before);
            switched.patch(0, after.slice(0, RESERVE));
            assertHolds(frames, switched.content());
            Mp4Finisher.finish(switched);
            assertHolds(frames, switched.content());
        }
    }

    /// Without `record_fsync` a machine that loses power has written what it liked.
    @Test
    void ofTheNewMoovAndTheSwitchEitherMayBeMissing() throws IOException {
        Growing growing = growing(RESERVE, 6);
        for (int i = 1; i < 4; i++) {
            Bytes before = growing.states.get(i - 1);
            Bytes after = growing.states.get(i);
            List<Frame> frames = growing.written.subList(0, growing.framesThen.get(i));
            MemoryFile unswitched = new MemoryFile(after);
            unswitched.patch(Layout.FLIP_AT, before.slice(Layout.FLIP_AT, Layout.BODY_AT));
            Mp4Finisher.finish(unswitched);
            assertHolds(frames, unswitched.content());
            // Without it the new tracks are unknown, but the others go on.
            MemoryFile unlaid = new MemoryFile(after);
            unlaid.patch(Layout.BODY_AT, before.slice(Layout.BODY_AT, RESERVE));
            Mp4Finisher.finish(unlaid);
            int known = 2 * i;
            assertHolds(
                    frames.stream().filter(frame -> frame.track().id() <= known).toList(), unlaid.content());
        }
    }

    private static int firstDifference(Bytes one, Bytes other, int from) {
        int at = from;
        while (one.u8(at) == other.u8(at)) {
            at++;
        }
        return at;
    }

    @Test
    void whereverAFinishCrashesTheNextOneSucceeds() throws IOException {
        for (int reserve : new int[] {RESERVE, TIGHT}) {
            Growing growing = growing(reserve, reserve == RESERVE ? 6 : LONG);
            for (boolean canInsert : new boolean[] {false, true}) {
                MemoryFile whole = new MemoryFile(growing.file.content());
                finish(whole, canInsert);
                for (int change = 0; change < whole.changes(); change++) {
                    for (double part : new double[] {0, 0.01, 0.5, 1}) {
                        MemoryFile crashed = new MemoryFile(growing.file.content()).crashingAt(change, part);
                        assertThrows(MemoryFile.Crash.class, () -> finish(crashed, canInsert));
                        assertHolds(growing.written, crashed.content());
                        MemoryFile next = new MemoryFile(crashed.content());
                        finish(next, canInsert);
                        assertHolds(growing.written, next.content());
                    }
                }
            }
        }
    }

    private static void finish(MemoryFile file, boolean canInsert) throws IOException {
        Mp4Finisher.finish(file, new FinishOptions(IndexPlace.FRONT, canInsert ? file : FileRoom.NONE));
    }

    /// In state T other places look like the one where the `moov` stood.
    @Test
    void anIndexAtTheEndComesToTheFrontByACopy() throws IOException {
        Growing growing = growing(TIGHT, LONG);
        MemoryFile file = new MemoryFile(growing.file.content());
        finish(file, false);
        assertEquals("mdat", Layout.type(file.content(), Layout.FLIP_AT + 4));
        FragmentIndex fragments = FragmentIndex.of(file);
        assertEquals(LONG, fragments.size());
        FrontedCopy copy = IndexMove.of(file).orElseThrow();
        MemoryFile fronted = new MemoryFile();
        copy.writeTo(fronted);
        assertEquals(copy.sizeBytes(), fronted.size());
        assertEquals("moov", Layout.type(fronted.content(), Layout.FLIP_AT + 4));
        assertHolds(growing.written, fronted.content());
        assertEquals(fragments.fragments(), FragmentIndex.of(fronted).fragments());
    }

    @Test
    void aTrackThatBeginsBeforeTheFileIsInTimeAndWhatIsNotToBeShownIsHidden() throws IOException {
        Growing growing = new Growing(RESERVE);
        assertTrue(growing.join(1, PICTURE, 0));
        growing.second(1, PICTURE, 0);
        growing.flush();
        // Its keyframe came two seconds before the file began, and it was added half a second after that.
        assertTrue(growing.join(3, PICTURE, SECOND / 2));
        for (int second = -2; second < 2; second++) {
            growing.second(3, PICTURE, second * SECOND);
        }
        growing.flush();
        assertHolds(growing.written, growing.file.content());
        Mp4Finisher.finish(growing.file);
        assertHolds(growing.written, growing.file.content());
        DescribedTrack late = MovieTracks.of(growing.file).getLast();
        assertEquals(
                List.of(new Segment(0, SECOND / 2, false), new Segment(SECOND / 2, 2 * SECOND, true)), late.segments());
        assertEquals(2 * SECOND, Mp4Reader.summary(growing.file).durationNanos());
    }

    @Test
    void aLongHoleIsAPause() throws IOException {
        Growing growing = new Growing(RESERVE);
        assertTrue(growing.join(2, SOUND, 0));
        growing.second(2, SOUND, 0);
        growing.flush();
        growing.second(2, SOUND, 10 * SECOND);
        growing.flush();
        Mp4Finisher.finish(growing.file);
        assertEquals(
                List.of(
                        new Segment(0, SECOND, true),
                        new Segment(SECOND, 10 * SECOND, false),
                        new Segment(10 * SECOND, 11 * SECOND - 40_000_000 + 21_333_333, true)),
                MovieTracks.of(growing.file).getFirst().segments());
    }

    /// Each `moov` is larger than the one before, and the reserve is used again and again.
    @Test
    void aThousandTracksFitTheReserve() throws IOException {
        Growing growing = new Growing(2 << 20);
        int most = Mp4Muxer.MAX_TRACKS - 1;
        for (int id = 1; id <= most; id++) {
            assertTrue(growing.join(id, id % 2 == 1 ? PICTURE : SOUND, 0), "track " + id);
            long at = id * 100_000_000L;
            growing.muxer.write(new Frame(
                    new Track(id, id % 2 == 1 ? PICTURE : SOUND), at, at, true, Bytes.wrap(new byte[] {1, 2, 3})));
            if (id % 2 == 0) {
                growing.muxer.flush();
            }
        }
        assertFalse(growing.join(most + 1, SOUND, 0), "one too many");
        growing.muxer.close();
        assertEquals(most, Mp4Reader.summary(growing.file).tracks().size());
        Mp4Finisher.finish(growing.file);
        assertEquals(most, Mp4Reader.summary(growing.file).tracks().size());
    }

    @Test
    void withoutRoomInTheReserveATrackIsRefusedAndTheFileGoesOn() throws IOException {
        Growing growing = new Growing(Layout.MIN_RESERVE_BYTES + Layout.RESERVE_ALIGNMENT);
        assertTrue(growing.join(1, PICTURE, 0));
        growing.second(1, PICTURE, 0);
        growing.flush();
        int id = 2;
        while (growing.join(id, SOUND, 0)) {
            id++;
            assertTrue(id < 20, "no end");
        }
        growing.second(1, PICTURE, SECOND);
        growing.flush();
        assertHolds(growing.written, growing.file.content());
    }

    @ParameterizedTest
    @ValueSource(strings = {"h264b+aac", "vp9+opus", "h264+alaw"})
    void othersReadIt(String codecs) throws IOException {
        List<Frame> media = TestMedia.of(codecs, 3);
        Growing growing = new Growing(RESERVE);
        for (int stream = 0; stream < 3; stream++) {
            for (Frame frame : media) {
                Track track =
                        new Track(2 * stream + frame.track().id(), frame.track().codec());
                if (!growing.muxer.carries(track)) {
                    assertTrue(growing.join(track.id(), track.codec(), stream * SECOND));
                }
                long shift = stream * SECOND;
                growing.muxer.write(new Frame(
                        track, frame.dtsNanos() + shift, frame.ptsNanos() + shift, frame.keyframe(), frame.data()));
            }
            growing.flush();
        }
        growing.muxer.close();
        Path recording = dir.resolve("growing.mp4");
        Files.write(recording, growing.file.content().toByteArray());
        assertRead(recording);
        Mp4Finisher.finish(growing.file);
        Path finished = dir.resolve("finished.mp4");
        Files.write(finished, growing.file.content().toByteArray());
        assertRead(finished);
    }

    private static void assertRead(Path file) {
        Ffmpeg.Result seen = Ffmpeg.ffprobe(
                "-v", "error", "-show_entries", "stream_tags=handler_name", "-of", "csv=p=0", file.toString());
        assertEquals("", seen.err());
        assertEquals(
                List.of("user 0", "user 0", "user 1", "user 1", "user 2", "user 2"),
                seen.text().lines().filter(line -> !line.isBlank()).sorted().toList());
        assertEquals("", Ffmpeg.decodeErrors(file));
        String said = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=start_time:format=duration",
                        "-of",
                        "default=nw=1:nk=1",
                        file.toString())
                .text();
        List<Double> times = said.lines()
                .filter(line -> !line.equals("N/A"))
                .map(Double::parseDouble)
                .sorted()
                .toList();
        assertEquals(0, times.getFirst(), 0.1, said);
        // Pictures in the order of decoding begin a little later.
        assertEquals(2, times.get(times.size() - 2), 0.15, said);
        assertEquals(5, times.getLast(), 0.2, said);
    }
}
