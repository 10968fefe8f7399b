package tapedeck.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.container.matroska.MatroskaDemuxer;
import tapedeck.container.mp4.MovieFrames;
import tapedeck.container.mp4.Mp4Cutter;
import tapedeck.container.ts.TsDemuxer;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;

/// Pictures that change their size in the middle of a file, as our own readers see it.
@Tag("peer")
class SizeChangeTest {
    private static final int SECONDS = 2;
    private static final int ROOMY = 64 << 10;
    private static final long SECOND = 1_000_000_000;

    @ParameterizedTest
    @CsvSource({"h264, MP4", "h265, MP4", "h264, MKV", "h265, MKV", "h264, TS", "h265, TS"})
    void everyFrameIsReadWithTheParameterSetsThatItNeeds(String codec, Container container) throws IOException {
        List<Frame> frames = ChangingPictures.withSound(codec, SECONDS);
        MemoryFile file = ChangingPictures.recorded(container, frames, ROOMY);
        assertHolds(frames, read(container, file));
        container.finish(file);
        assertHolds(frames, read(container, file));
    }

    private static List<Frame> read(Container container, MemoryFile file) throws IOException {
        List<Frame> frames = new ArrayList<>();
        switch (container) {
            case MP4 -> {
                MovieFrames movie = MovieFrames.open(StoredBytes.of(file), 1 << 20);
                for (Frame frame = movie.next(); frame != null; frame = movie.next()) {
                    frames.add(frame);
                }
            }
            case WEBM, MKV ->
                new MatroskaDemuxer(new FrameSink() {
                            @Override
                            public void track(Track track) {}

                            @Override
                            public void frame(Frame frame) {
                                frames.add(frame);
                            }

                            @Override
                            public void unsupported(String codec) {
                                throw new AssertionError(codec);
                            }
                        })
                        .receive(file.content());
            case TS -> {
                TsDemuxer demuxer = new TsDemuxer(frames::add);
                demuxer.receive(file.content());
                demuxer.end();
            }
        }
        return frames;
    }

    private static void assertHolds(List<Frame> sent, List<Frame> read) {
        List<Frame> pictures = video(sent);
        List<Frame> found = video(read);
        assertEquals(pictures.size(), found.size());
        assertEquals(sent.size() - pictures.size(), read.size() - found.size(), "sound");
        for (int i = 0; i < pictures.size(); i++) {
            assertEquals(slices(pictures.get(i)), slices(found.get(i)), "picture " + i);
            assertEquals(
                    ((Codec.Video) pictures.get(i).track().codec()).width(),
                    ((Codec.Video) found.get(i).track().codec()).width(),
                    "picture " + i);
            assertEquals(pictures.get(i).keyframe(), found.get(i).keyframe(), "picture " + i);
        }
    }

    private static List<Frame> video(List<Frame> frames) {
        return frames.stream().filter(frame -> frame.track().isVideo()).toList();
    }

    /// The NAL units without delimiters and parameter sets.
    private static List<Bytes> slices(Frame frame) {
        boolean h264 = frame.track().codec() instanceof Codec.H264;
        return H264.nalUnits(frame.data()).stream()
                .filter(unit -> h264
                        ? H264.nalUnitType(unit.u8(0)) < H264.NAL_SPS
                        : H265.nalUnitType(unit.u8(0)) < H265.NAL_VPS || H265.nalUnitType(unit.u8(0)) > H265.NAL_AUD)
                .toList();
    }

    /// Until it has to, the file is as any other; then it says the largest size, and that there is more in the samples.
    @ParameterizedTest
    @CsvSource({"h264, avc1, avc3", "h265, hvc1, hev1"})
    void theHeaderOfAnMp4SaysTheLargestSize(String codec, String before, String after) throws IOException {
        List<Frame> frames = ChangingPictures.of(codec, SECONDS);
        MemoryFile first = ChangingPictures.recorded(Container.MP4, frames.subList(0, 60), ROOMY);
        MemoryFile all = ChangingPictures.recorded(Container.MP4, frames, ROOMY);
        Container.MP4.finish(first);
        Container.MP4.finish(all);
        assertEquals(List.of(before, "320x180", "320x180"), header(first));
        assertEquals(List.of(after, "640x360", "640x360"), header(all));
        Codec largest = frames.get(60).track().codec();
        assertTrue(level(largest) > level(frames.getFirst().track().codec()), "it needs more");
        int configuration = indexOf(all.content(), codec.equals("h264") ? "avcC" : "hvcC") + 4;
        assertEquals(
                level(largest), all.content().u8(configuration + (codec.equals("h264") ? 3 : 12)), "of all pictures");
    }

    private static int level(Codec codec) {
        return codec instanceof Codec.H265 h265
                ? H265.toHvcc(h265).u8(12)
                : H264.toAvcc((Codec.H264) codec).u8(3);
    }

    /// Type and size of the sample entry, and the size in `tkhd`.
    private static List<String> header(MemoryFile file) {
        Bytes content = file.content();
        int stsd = indexOf(content, "stsd");
        int tkhd = indexOf(content, "tkhd");
        return List.of(
                content.slice(stsd + 16, stsd + 20).toUtf8(),
                content.u16(stsd + 20 + 24) + "x" + content.u16(stsd + 20 + 26),
                content.u16(tkhd + 92) + "x" + content.u16(tkhd + 96));
    }

    private static int indexOf(Bytes content, String type) {
        Bytes wanted = Bytes.ofUtf8(type);
        for (int at = 0; at + wanted.length() <= content.length(); at++) {
            if (content.u8(at) == wanted.u8(0)
                    && content.slice(at, at + wanted.length()).equals(wanted)) {
                return at;
            }
        }
        throw new AssertionError("no " + type);
    }

    /// What a muxer did to its file.
    private static final class Steps implements Output {
        private record Step(long position, Bytes bytes) {}

        private final List<Step> steps = new ArrayList<>();
        private long size;

        @Override
        public void append(List<Bytes> parts) {
            for (Bytes part : parts) {
                steps.add(new Step(size, part));
                size += part.length();
            }
        }

        @Override
        public void skip(long count) {
            append(List.of(Bytes.wrap(new byte[(int) count])));
        }

        @Override
        public void patch(long position, Bytes bytes) {
            steps.add(new Step(position, bytes));
        }

        @Override
        public long size() {
            return size;
        }

        /// The file when the process died in a step, with so many of its bytes written.
        MemoryFile killedIn(int step, int bytes) throws IOException {
            MemoryFile file = new MemoryFile();
            for (int i = 0; i <= step; i++) {
                Bytes whole = steps.get(i).bytes();
                file.write(
                        whole.slice(0, i == step ? Math.min(bytes, whole.length()) : whole.length())
                                .asByteBuffer(),
                        steps.get(i).position());
            }
            return file;
        }
    }

    @Test
    void killedInAnyStepAnMp4HoldsAllThatWasWrittenBefore() throws IOException {
        List<Frame> frames = ChangingPictures.of("h264", 1);
        Steps steps = new Steps();
        ChangingPictures.record(Container.MP4, steps, frames, ROOMY);
        int mostFrames = 0;
        int recovered = 0;
        for (int step = 0; step < steps.steps.size(); step++) {
            int length = steps.steps.get(step).bytes().length();
            for (int bytes : List.of(0, length / 3, length - 1)) {
                MemoryFile file = steps.killedIn(step, bytes);
                List<Frame> read;
                try {
                    Container.MP4.finish(file);
                    read = read(Container.MP4, file);
                } catch (MalformedException _) {
                    assertEquals(0, mostFrames, "it was there before step " + step);
                    continue;
                }
                recovered++;
                assertTrue(read.size() >= mostFrames, "step %d: %d of %d".formatted(step, read.size(), mostFrames));
                mostFrames = read.size();
                assertHolds(frames.subList(0, mostFrames), read);
            }
        }
        assertTrue(recovered > 100, recovered + " files");
        assertTrue(mostFrames >= frames.size() - 15, mostFrames + " frames");
    }

    /// A machine that lost power may have written the beginning of the new header, or its end: disks take the sectors
    /// of one write in any order.
    @ParameterizedTest
    @ValueSource(strings = {"h264", "h265"})
    void anyMixtureOfTheOldAndTheNewHeaderIsOne(String codec) throws IOException {
        List<Frame> frames = ChangingPictures.of(codec, 1);
        Bytes before = ChangingPictures.recorded(Container.MP4, frames.subList(0, 30), ROOMY)
                .content();
        Bytes after = ChangingPictures.recorded(Container.MP4, frames, ROOMY).content();
        int moov = ROOMY;
        int end = moov + (int) before.u32(moov);
        assertEquals(before.u32(moov), after.u32(moov), "as long as before");
        for (int at = moov; at <= end; at++) {
            // Where they do not differ, the mixture is the same as one byte before.
            if (at > moov && at < end && before.u8(at - 1) == after.u8(at - 1)) {
                continue;
            }
            MemoryFile newFirst = new MemoryFile(after);
            newFirst.patch(at, before.slice(at, end));
            MemoryFile newLast = new MemoryFile(after);
            newLast.patch(moov, before.slice(moov, at));
            for (MemoryFile mixed : List.of(newFirst, newLast)) {
                assertHolds(frames, read(Container.MP4, mixed));
                Container.MP4.finish(mixed);
                assertHolds(frames, read(Container.MP4, mixed));
                assertTrue(
                        List.of("avc1", "avc3", "hvc1", "hev1")
                                .contains(header(mixed).getFirst()),
                        header(mixed).getFirst());
            }
        }
    }

    @Test
    void aCutBeginsWithWhatItsPicturesNeed() throws IOException {
        List<Frame> frames = ChangingPictures.withSound("h264", SECONDS);
        MemoryFile file = ChangingPictures.recorded(Container.MP4, frames, ROOMY);
        Container.MP4.finish(file);
        MemoryFile cut = new MemoryFile();
        Mp4Cutter.cut(file, 3 * SECOND, 5 * SECOND, Bytes.EMPTY).orElseThrow().writeTo(cut);
        List<Frame> pictures = video(read(Container.MP4, cut));
        assertEquals(60, pictures.size());
        assertTrue(H264.contains(pictures.getFirst().data(), H264.NAL_SPS));
        assertEquals(
                List.of(640, 160),
                pictures.stream()
                        .map(frame -> ((Codec.Video) frame.track().codec()).width())
                        .distinct()
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"h264", "h265"})
    void unlessItIsToGoOnTheFileEnds(String codec) throws IOException {
        List<Frame> frames = ChangingPictures.of(codec, 1);
        Track first = frames.getFirst().track();
        Track other = frames.getLast().track();
        for (Container container : List.of(Container.MP4, Container.MKV, Container.TS)) {
            try (Muxer muxer = container.muxer(
                    new MemoryFile(), List.of(first), ChangingPictures.options(ROOMY, SizeChange.ENDS_FILE))) {
                assertTrue(muxer.carries(first));
                assertFalse(muxer.carries(other), container.name());
                assertThrows(IllegalArgumentException.class, () -> muxer.write(frames.getLast()));
            }
        }
        assertSame(frames.getFirst(), SizeChange.ENDS_FILE.stored(frames.getFirst()), "as it came");
    }

    @Test
    void anotherProfileEndsTheFile() {
        Track high = TestMedia.sized("h264", "320x180", 1).getFirst().track();
        Codec.H264 codec = (Codec.H264) high.codec();
        // Baseline, 320 x 320.
        Bytes baseline = Bytes.ofHex("6742c01eda050299");
        Track other = new Track(high.id(), new Codec.H264(List.of(baseline), codec.pps(), 320, 320));
        assertFalse(SizeChange.GOES_ON.goesOn(high, other));
        assertFalse(SizeChange.GOES_ON.goesOn(high, new Track(high.id(), codec, 90)), "turned");
        assertFalse(SizeChange.GOES_ON.goesOn(high, new Track(high.id() + 1, codec)), "another track");
        assertFalse(SizeChange.GOES_ON.goesOn(
                high, TestMedia.sized("h265", "320x180", 1).getFirst().track()));
        assertTrue(SizeChange.GOES_ON.goesOn(
                high, TestMedia.sized("h264", "640x360", 1).getFirst().track()));
    }

    @Test
    void whatAPublisherSendsInBandIsNotDoubledAndADelimiterStaysInFront() {
        Frame keyframe = TestMedia.sized("h264", "320x180", 1).getFirst();
        Frame stored = SizeChange.GOES_ON.stored(keyframe);
        assertEquals(slices(keyframe), slices(stored));
        assertSame(stored, SizeChange.GOES_ON.stored(stored));
        List<Bytes> units = new ArrayList<>(H264.nalUnits(keyframe.data()));
        units.addFirst(Bytes.ofHex("0910"));
        Frame delimited = new Frame(keyframe.track(), 0, 0, true, H264.accessUnit(units));
        List<Bytes> found = H264.nalUnits(SizeChange.GOES_ON.stored(delimited).data());
        assertEquals(H264.NAL_AUD, H264.nalUnitType(found.get(0).u8(0)));
        assertEquals(H264.NAL_SPS, H264.nalUnitType(found.get(1).u8(0)));
    }
}
