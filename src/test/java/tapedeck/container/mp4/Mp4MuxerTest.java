package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

class Mp4MuxerTest {
    private static final MuxerOptions OPTIONS = new MuxerOptions(Mp4Cases.STARTED_AT, 0, "");
    private static final long MILLI = 1_000_000;

    static List<String> cases() {
        return Mp4Cases.names();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyFrameComesBackFromEveryState(String name) throws IOException {
        List<Frame> frames = Mp4Cases.frames(name);
        for (int reserve : List.of(Mp4Cases.ROOMY, Mp4Cases.TIGHT)) {
            MemoryFile file = Mp4Cases.recorded(frames, reserve);
            Mp4Cases.assertFrames(frames, frames.size(), file);
            Summary growing = Mp4Reader.summary(file);
            Summary finished = Mp4Finisher.finish(file);
            Mp4Cases.assertFrames(frames, frames.size(), file);
            assertEquals(TestMedia.tracks(frames).size(), finished.tracks().size());
            assertEquals(finished.tracks(), growing.tracks());
            assertEquals(finished.durationNanos() / 1e6, growing.durationNanos() / 1e6, 1.0);
            Summary again = Mp4Reader.summary(file);
            assertEquals(finished.durationNanos() / 1e6, again.durationNanos() / 1e6, 0.02);
            assertEquals(finished.tracks(), again.tracks());
        }
    }

    @Test
    void realPublishersFramesComeBackFromEveryState() throws IOException {
        for (Path path : SharedMedia.files("flv", "flv")) {
            List<Frame> frames = TestMedia.flv(path);
            MemoryFile file = Mp4Cases.recorded(frames, Mp4Cases.ROOMY);
            Mp4Cases.assertFrames(frames, frames.size(), file);
            Mp4Finisher.finish(file);
            Mp4Cases.assertFrames(frames, frames.size(), file);
        }
    }

    @Test
    void aFragmentIsOneAppendAndOneSmallPatch() throws IOException {
        MemoryFile file = new MemoryFile();
        List<Integer> patched = new ArrayList<>();
        Output output = new Output() {
            @Override
            public void append(List<Bytes> parts) {
                file.append(parts);
            }

            @Override
            public void skip(long count) {
                file.skip(count);
            }

            @Override
            public void patch(long position, Bytes bytes) {
                patched.add(bytes.length());
                file.patch(position, bytes);
            }

            @Override
            public long size() {
                return file.size();
            }
        };
        List<Frame> frames = Mp4Cases.frames("h264+aac");
        Mp4Cases.record(output, frames, Mp4Cases.ROOMY);
        int fragments = Mp4Cases.fragments(frames).size();
        assertEquals(fragments + 1, file.appends(), "the hole splits the first one");
        assertEquals(fragments - 1, patched.size());
        assertTrue(patched.stream().allMatch(bytes -> bytes == 8));
    }

    @Test
    void nothingIsWrittenBeforeTheFirstFrame() throws IOException {
        MemoryFile file = new MemoryFile();
        Mp4Muxer muxer = new Mp4Muxer(file, List.of(audio()), OPTIONS);
        muxer.flush();
        muxer.close();
        assertEquals(0, file.size());
    }

    @Test
    void framesAreNotCopied() throws IOException {
        Bytes data = Bytes.wrap(new byte[5000]);
        List<Bytes> parts = new ArrayList<>();
        Output output = new Output() {
            @Override
            public void append(List<Bytes> appended) {
                parts.addAll(appended);
            }

            @Override
            public void skip(long count) {}

            @Override
            public void patch(long position, Bytes bytes) {}

            @Override
            public long size() {
                return 0;
            }
        };
        Mp4Muxer muxer = new Mp4Muxer(output, List.of(audio()), OPTIONS);
        muxer.write(new Frame(audio(), 0, 0, true, data));
        muxer.close();
        assertSame(data, parts.get(parts.size() - 2));
    }

    @Test
    void aFragmentThatNobodyEndsLeavesAtItsLimit() throws IOException {
        MemoryFile file = new MemoryFile();
        Mp4Muxer muxer = new Mp4Muxer(file, List.of(audio()), OPTIONS);
        for (int i = 0; i <= Mp4Muxer.MAX_FRAGMENT_FRAMES; i++) {
            muxer.write(new Frame(audio(), i * 20L * MILLI, i * 20L * MILLI, true, Bytes.ofU8(1)));
        }
        assertEquals(2, file.appends());
        muxer.close();
        assertEquals(3, file.appends());
        Mp4Finisher.finish(file);
        assertEquals(
                Mp4Muxer.MAX_FRAGMENT_FRAMES + 1,
                Mp4Frames.reader(file).tracks().getFirst().samples().count());
    }

    @Test
    void roundedMillisecondsOfSoundBecomeItsOwnSteps() throws IOException {
        MemoryFile file = Mp4Cases.recorded(TestMedia.shifted(TestMedia.aac(3), 17 * MILLI), 0);
        Mp4Finisher.finish(file);
        SampleList samples = Mp4Frames.reader(file).tracks().getFirst().samples();
        int even = 0;
        for (int i = 1; i < samples.count(); i++) {
            even += samples.decodeTicks(i) - samples.decodeTicks(i - 1) == 1024 ? 1 : 0;
        }
        assertTrue(even > samples.count() - 10, even + " of " + samples.count());
    }

    @Test
    void aHoleInTimeStaysAHole() throws IOException {
        List<Frame> frames = new ArrayList<>(TestMedia.aac(1));
        frames.addAll(TestMedia.shifted(TestMedia.aac(1), 5000 * MILLI));
        MemoryFile file = Mp4Cases.recorded(frames, 0);
        Mp4Finisher.finish(file);
        Mp4Cases.assertFrames(frames, frames.size(), file);
    }

    @Test
    void stampsOfNanosecondsDoNotDriftInTenHours() {
        TrackClock clock = new TrackClock(new Track(1, new Codec.Vp8(320, 180)));
        for (long frame = 0; frame < 36_000 * 30; frame += 101) {
            long nanos = frame * 1_000_000_000L / 30;
            assertEquals(frame * 3000, clock.next(new Frame(clock.track(), nanos, nanos, true, Bytes.EMPTY), nanos));
        }
    }

    @Test
    void whatWouldBeShownBeforeTheStartIsLeftOut() throws IOException {
        Track video = TestMedia.h264(2).getFirst().track();
        MemoryFile file = new MemoryFile();
        Mp4Muxer muxer = new Mp4Muxer(file, List.of(video, audio()), OPTIONS);
        List<Frame> pictures = TestMedia.shifted(TestMedia.h264(2), 1000 * MILLI);
        for (Frame frame : pictures.subList(0, 30)) {
            muxer.write(frame);
        }
        muxer.flush();
        for (int i = 0; i < 50; i++) {
            long nanos = (500 + i * 20L) * MILLI;
            muxer.write(new Frame(audio(), nanos, nanos, true, Bytes.ofU8(i)));
        }
        assertEquals(0, muxer.leftOutFrames());
        muxer.close();
        // Of 25, the five of the last 100 ms are no loss: the file begins with its picture.
        assertEquals(20, muxer.leftOutFrames());
        Mp4Finisher.finish(file);
        Mp4Reader reader = Mp4Frames.reader(file);
        Mp4Reader.ReadTrack sound = reader.tracks().get(1);
        assertEquals(25, sound.samples().count());
        assertEquals(0, reader.frame(sound, 0).ptsNanos());
        assertEquals(Bytes.ofU8(25), reader.frame(sound, 0).data());
    }

    @Test
    void aTrackWithoutASampleIsNotInTheFinishedFile() throws IOException {
        MemoryFile file = new MemoryFile();
        List<Frame> frames = TestMedia.h264(1);
        Mp4Muxer muxer = new Mp4Muxer(file, List.of(frames.getFirst().track(), audio()), OPTIONS);
        for (Frame frame : frames) {
            muxer.write(frame);
        }
        muxer.close();
        assertEquals(2, Mp4Reader.summary(file).tracks().size());
        assertEquals(1, Mp4Finisher.finish(file).tracks().size());
        assertEquals(1, Mp4Frames.reader(file).tracks().size());
    }

    @Test
    void onlyTheTracksOfTheFileAreCarried() {
        Mp4Muxer muxer = new Mp4Muxer(new MemoryFile(), List.of(audio()), OPTIONS);
        assertTrue(muxer.carries(audio()));
        Track changed = new Track(Track.AUDIO, Aac.lc(48_000, 1));
        assertFalse(muxer.carries(changed));
        assertThrows(IllegalArgumentException.class, () -> muxer.write(new Frame(changed, 0, 0, true, Bytes.EMPTY)));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Mp4Muxer(new MemoryFile(), List.of(new Track(0, Aac.lc(48_000, 1))), OPTIONS));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Mp4Muxer(new MemoryFile(), List.of(new Track(1, new Codec.G722(1))), OPTIONS));
    }

    @Test
    void anErrorOfTheDiskEndsTheFileWithTheLastWholeFragment() throws IOException {
        MemoryFile file = new MemoryFile();
        Output full = new Output() {
            @Override
            public void append(List<Bytes> parts) throws IOException {
                if (file.appends() == 3) {
                    file.append(List.of(parts.getFirst()));
                    throw new IOException("no space left");
                }
                file.append(parts);
            }

            @Override
            public void skip(long count) {
                file.skip(count);
            }

            @Override
            public void patch(long position, Bytes bytes) {
                file.patch(position, bytes);
            }

            @Override
            public long size() {
                return file.size();
            }
        };
        List<Frame> frames = TestMedia.aac(4);
        Mp4Muxer muxer = new Mp4Muxer(full, List.of(frames.getFirst().track()), OPTIONS);
        for (Frame frame : frames.subList(0, 80)) {
            muxer.write(frame);
            if (frame.dtsNanos() > 0 && file.size() == 0) {
                muxer.flush();
            }
        }
        muxer.flush();
        muxer.write(frames.get(80));
        assertNotNull(assertThrows(IOException.class, muxer::flush).getMessage());
        assertThrows(IOException.class, muxer::flush);
        long size = file.size();
        muxer.close();
        assertEquals(size, file.size());
        Mp4Finisher.finish(file);
        Mp4Cases.assertFrames(frames, 80, file);
        assertEquals(80, Mp4Frames.reader(file).tracks().getFirst().samples().count());
    }

    private static Track audio() {
        return new Track(Track.AUDIO, new Codec.Opus(2, 312));
    }
}
