package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.h264.H264;
import tapedeck.container.MemoryFile;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Golden;

class Mp4GoldenTest {
    private static final Codec.H264 H264_CODEC = H264.fromParameterSets(
            List.of(Bytes.ofHex("6742c00a8c8d4141f9f3c2211a80")), List.of(Bytes.ofHex("68ce3c80")));
    private static final List<Codec> CODECS = List.of(
            H264_CODEC,
            new Codec.Vp8(640, 360),
            new Codec.Vp9(2, 10, 640, 360),
            new Codec.Av1(Bytes.ofHex("0a0b000000043d07c4daf90040"), 322, 242),
            new Codec.Opus(6, 312),
            Aac.lc(44_100, 1),
            Aac.lc(96_000, 2),
            new Codec.Mp3(44_100, 2),
            new Codec.Mp3(22_050, 1),
            new Codec.Pcma(8000, 1),
            new Codec.Pcmu(16_000, 2));
    private static final long MILLI = 1_000_000;

    @TempDir
    Path folder;

    /// Video with one B-frame between the others from 0, sound from 80 ms on, a hole of a second after six frames.
    private static List<Frame> frames() {
        Track video = new Track(Track.VIDEO, H264_CODEC);
        Track audio = new Track(Track.AUDIO, Aac.lc(48_000, 2));
        long[] shown = {40, 120, 80, 200, 160, 240};
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            long hole = i < 6 ? 0 : 1000;
            long dts = (i % 6 * 40L + i / 6 * 240L + hole) * MILLI;
            long pts = (shown[i % 6] + i / 6 * 240L + hole) * MILLI;
            frames.add(new Frame(video, dts, pts, i % 6 == 0, Bytes.ofU8(0, 0, 0, 2, i % 6 == 0 ? 0x65 : 0x41, i)));
            if (i % 6 >= 3) {
                long nanos = dts + (i % 6 - 3) * 1024L * 1_000_000_000 / 48_000 - (i % 6 - 3) * 40L * MILLI;
                frames.add(new Frame(audio, nanos, nanos, true, Bytes.ofU8(0x21, i)));
            }
        }
        return frames;
    }

    @Test
    void aFileGrowsAndIsFinishedInFront() throws IOException {
        MemoryFile file = Mp4Cases.recorded(frames(), 0);
        Golden.check("mp4/growing", BoxTree.of(file.content()));
        Mp4Finisher.finish(file);
        Golden.check("mp4/finished", BoxTree.of(file.content()));
    }

    @Test
    void anIndexThatIsTooLargeGoesToTheEnd() throws IOException {
        List<Frame> frames = new ArrayList<>();
        Track video = new Track(Track.VIDEO, H264_CODEC);
        for (int i = 0; i < 1900; i++) {
            frames.add(new Frame(video, i * 40L * MILLI, i * 40L * MILLI, i % 500 == 0, Bytes.EMPTY));
        }
        MemoryFile file = Mp4Cases.recorded(frames, 0);
        Mp4Finisher.finish(file);
        Golden.check("mp4/finished-behind", BoxTree.of(file.content()));
    }

    private static List<Frame> oneOfEachCodec() {
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < CODECS.size(); i++) {
            frames.add(new Frame(new Track(i + 1, CODECS.get(i)), 0, 0, true, Bytes.ofU8(1, 2, 3)));
        }
        return frames;
    }

    @Test
    void everyCodecHasItsSampleEntry() throws IOException {
        MemoryFile file = Mp4Cases.recorded(oneOfEachCodec(), 0);
        Summary summary = Mp4Finisher.finish(file);
        Golden.check("mp4/codecs", BoxTree.of(file.content()));
        assertEquals(CODECS, summary.tracks().stream().map(Track::codec).toList());
        CODECS.forEach(codec -> assertEquals(true, new Mp4Format().canCarry(codec), codec.name()));
        for (Codec codec : List.of(new Codec.G722(1), new Codec.Opus(9, 0))) {
            assertEquals(false, new Mp4Format().canCarry(codec), codec.name());
        }
    }

    @Test
    @Tag("peer")
    void ffprobeKnowsEveryCodec() throws IOException {
        MemoryFile memory = Mp4Cases.recorded(oneOfEachCodec(), 0);
        Path file = Files.write(folder.resolve("codecs.mp4"), memory.content().toByteArray());
        String text = Ffmpeg.ffprobe(
                        "-v",
                        "fatal",
                        "-show_entries",
                        "stream=codec_name,sample_rate,channels",
                        "-of",
                        "csv=p=0",
                        "" + file)
                .text();
        StringBuilder expected = new StringBuilder();
        for (Codec codec : CODECS) {
            expected.append(codec.name());
            if (codec instanceof Codec.Audio audio) {
                expected.append(",").append(audio.sampleRateHz()).append(",").append(audio.channels());
            }
            expected.append("\n");
        }
        assertEquals(expected.toString(), text);
    }

    @Test
    void theReserveIsWithinItsLimits() {
        assertEquals(8192, Layout.reserve(0));
        assertEquals(8192, Layout.reserve(8192));
        assertEquals(12_288, Layout.reserve(8193));
        assertEquals(Layout.MAX_RESERVE_BYTES, Layout.reserve(Integer.MAX_VALUE));
    }
}
