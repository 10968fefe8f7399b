package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrontedCopy;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Fuzz;
import tapedeck.peers.TestMedia;

class Mp4CutterTest {
    private static final Bytes LABEL = Bytes.ofUtf8("the label");
    private static final long SECOND = 1_000_000_000;
    private static final double[][] TIMES = {
        {0, 1}, {0.5, 1.5}, {1, 2}, {1.999, 2.01}, {2.4, 100}, {0, 100}, {3.5, 3.6}, {0.01, 0.02}
    };

    /// States R, F and T of the same frames.
    private static List<MemoryFile> files(List<Frame> frames) throws IOException {
        List<MemoryFile> files = new ArrayList<>();
        files.add(Mp4Cases.recorded(frames, Mp4Cases.ROOMY));
        for (int reserve : List.of(Mp4Cases.ROOMY, Mp4Cases.TIGHT)) {
            MemoryFile file = Mp4Cases.recorded(frames, reserve);
            Mp4Finisher.finish(file);
            files.add(file);
        }
        return files;
    }

    private static Optional<MemoryFile> cut(MemoryFile source, double start, double end) throws IOException {
        Optional<FrontedCopy> cut = Mp4Cutter.cut(source, (long) (start * SECOND), (long) (end * SECOND), LABEL);
        if (cut.isEmpty()) {
            return Optional.empty();
        }
        MemoryFile file = new MemoryFile();
        cut.get().writeTo(file);
        assertEquals(cut.get().sizeBytes(), file.size());
        assertEquals(LABEL, Mp4Cutter.label(file));
        return Optional.of(file);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"h264+aac", "h264b+aac", "h264b", "aac", "vp8+opus", "late audio", "late video with B-frames"})
    void aCutHasTheFramesOfThatTimeFromTheKeyframeBefore(String name) throws IOException {
        List<Frame> frames = Mp4Cases.frames(name);
        for (MemoryFile source : files(frames)) {
            for (double[] time : TIMES) {
                MemoryFile cut = cut(source, time[0], time[1]).orElseThrow();
                assertCut(frames, time[0], time[1], cut);
            }
        }
    }

    private static void assertCut(List<Frame> frames, double start, double end, MemoryFile cut) throws IOException {
        String what = start + " to " + end;
        long zero = Mp4Cases.zeroNanos(frames);
        List<Frame> video = frames.stream().filter(f -> f.track().isVideo()).toList();
        List<Frame> leading = video.isEmpty() ? frames : video;
        // Half a millisecond: what a file's ticks round away.
        double from = seconds(leading.getFirst(), zero) > start
                ? start
                : leading.stream()
                        .filter(Frame::keyframe)
                        .mapToDouble(f -> seconds(f, zero))
                        .filter(at -> at <= start + 0.0005)
                        .max()
                        .orElseThrow();
        Mp4Reader reader = Mp4Frames.reader(cut);
        for (Track track : TestMedia.tracks(frames)) {
            List<Frame> of =
                    frames.stream().filter(f -> f.track().equals(track)).toList();
            int first = 0;
            int last = -1;
            for (int i = 0; i < of.size(); i++) {
                if (of.get(i).keyframe() && seconds(of.get(i), zero) <= from + 0.0005) {
                    first = i;
                }
                if (seconds(of.get(i), zero) < end - 0.0005) {
                    last = i;
                }
            }
            var found =
                    reader.tracks().stream().filter(t -> t.id() == track.id()).findFirst();
            if (last < first) {
                assertTrue(found.isEmpty(), what);
                continue;
            }
            first = track.isVideo() ? first : Math.max(0, first - 1);
            if (!track.isVideo() && first > 0) {
                // What begins at the same moment as the picture, to half a millisecond, may be on either side.
                Bytes begin = reader.frame(found.orElseThrow(), 0).data();
                boolean near = Math.abs(seconds(of.get(first + 1), zero) - from) < 0.0015
                        || Math.abs(seconds(of.get(first + 2), zero) - from) < 0.0015;
                first += near && begin.equals(of.get(first - 1).data()) ? -1 : 0;
                first += near && begin.equals(of.get(first + 1).data()) ? 1 : 0;
            }
            assertEquals(last - first + 1, found.orElseThrow().samples().count(), what + " " + track);
            for (int i = first; i <= last; i++) {
                Frame frame = reader.frame(found.get(), i - first);
                assertEquals(of.get(i).data(), frame.data());
                assertEquals(of.get(i).keyframe(), frame.keyframe());
                assertEquals(
                        seconds(of.get(i), zero) - Math.min(from, start),
                        frame.ptsNanos() / 1e9,
                        0.0011,
                        what + " " + i);
            }
        }
        double longest =
                frames.stream().mapToDouble(f -> seconds(f, zero)).max().orElseThrow() + 0.05;
        double duration = Mp4Reader.summary(cut).durationNanos() / 1e9;
        assertEquals(Math.min(end, longest) - from, duration, 0.06, what);
    }

    private static double seconds(Frame frame, long zero) {
        return (frame.ptsNanos() - zero) / 1e9;
    }

    @Test
    void aCutCanBeCut() throws IOException {
        List<Frame> frames = Mp4Cases.frames("h264b+aac");
        MemoryFile source = files(frames).get(1);
        MemoryFile cut = cut(source, 1.2, 3.4).orElseThrow();
        MemoryFile again = cut(cut, 1.1, 2.21).orElseThrow();
        double begin = frames.stream()
                .filter(f -> f.track().isVideo() && f.keyframe())
                .mapToDouble(f -> seconds(f, Mp4Cases.zeroNanos(frames)))
                .filter(at -> at <= 1.2)
                .max()
                .orElseThrow();
        assertCut(frames, begin + 1.1, begin + 2.21, again);
    }

    @Test
    void whereNothingIsNothingIsCut() throws IOException {
        for (MemoryFile source : files(Mp4Cases.frames("h264b+aac"))) {
            assertTrue(cut(source, 4.2, 10).isEmpty());
            assertTrue(cut(source, 1e9, 2e9).isEmpty());
            assertFalse(cut(source, 3.9, 1e9).isEmpty());
        }
        MemoryFile late = files(Mp4Cases.frames("late video with B-frames")).get(1);
        MemoryFile sound = cut(late, 0.2, 1).orElseThrow();
        assertEquals(1, Mp4Frames.reader(sound).tracks().size());
    }

    @Test
    void otherFilesHaveNoLabel() throws IOException {
        for (MemoryFile source : files(Mp4Cases.frames("aac"))) {
            assertNull(Mp4Cutter.label(source));
        }
        assertNull(Mp4Cutter.label(new MemoryFile()));
        assertNull(Mp4Cutter.label(new MemoryFile(Bytes.ofUtf8("no MP4 at all, whatever it is called"))));
    }

    @Test
    void whatIsNoMp4IsRefusedInWords() {
        assertThrows(MalformedException.class, () -> cut(new MemoryFile(Bytes.ofUtf8("no MP4 at all")), 0, 1));
    }

    @Test
    void damagedFilesAreCutOrRefusedInWords() throws IOException {
        List<Frame> frames = Mp4Cases.stumps();
        List<Bytes> good = new ArrayList<>();
        MemoryFile growing = Mp4Cases.recorded(frames, Mp4Cases.TIGHT);
        good.add(growing.content());
        Mp4Finisher.finish(growing);
        good.add(growing.content());
        good.add(cut(growing, 0.5, 1.5).orElseThrow().content());
        Fuzz.parser(good, List.of(), bytes -> {
            try {
                cut(new MemoryFile(bytes), 0.5, 1.5);
                Mp4Cutter.label(new MemoryFile(bytes));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }
}
