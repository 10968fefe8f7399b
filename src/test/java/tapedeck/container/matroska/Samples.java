package tapedeck.container.matroska;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.container.MemoryFile;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Files out of made-up frames, small and the same each time.
final class Samples {
    static final MuxerOptions OPTIONS = new MuxerOptions(Instant.parse("2026-03-04T05:06:07.008Z"), 4096, "camera 1");
    static final Track VP8 = new Track(Track.VIDEO, new Codec.Vp8(320, 180));
    static final Track OPUS = new Track(Track.AUDIO, new Codec.Opus(2, 312));
    static final Track AAC = new Track(Track.AUDIO, Aac.lc(48_000, 2));

    private static final long MILLI = 1_000_000;

    private Samples() {}

    /// `seconds` of pictures (25 a second, a keyframe every second) and sound of 20 ms frames, from `startMillis` on.
    static List<Frame> frames(Track video, Track audio, int seconds, long startMillis) {
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < seconds * 50; i++) {
            long nanos = (startMillis + i * 20L) * MILLI;
            if (i % 2 == 0) {
                frames.add(new Frame(video, nanos, nanos, i % 50 == 0, picture(i)));
            }
            frames.add(new Frame(audio, nanos, nanos, true, sound(i)));
        }
        return frames;
    }

    private static Bytes picture(int i) {
        return new ByteWriter()
                .ascii("picture ")
                .u32(i)
                .zeros(i % 50 == 0 ? 60 : 20)
                .toBytes();
    }

    /// Begins as an Opus packet of one frame of 20 ms.
    private static Bytes sound(int i) {
        return new ByteWriter().u8(0xFC).ascii("sound ").u32(i).toBytes();
    }

    static List<Track> tracks(List<Frame> frames) {
        return frames.stream().map(Frame::track).distinct().toList();
    }

    /// A file as it grows: a flush every second of decoding time, none after the last frame unless `closed`.
    static MemoryFile growing(MatroskaFormat format, List<Frame> frames, MuxerOptions options) {
        MemoryFile file = new MemoryFile();
        try (Muxer muxer = format.muxer(file, tracks(frames), options)) {
            long since = frames.getFirst().dtsNanos();
            for (Frame frame : frames) {
                if (frame.dtsNanos() - since >= 1000 * MILLI) {
                    muxer.flush();
                    since = frame.dtsNanos();
                }
                muxer.write(frame);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return file;
    }

    static List<MatroskaBlock> blocks(MemoryFile file) throws IOException {
        MatroskaReader reader = MatroskaReader.open(file);
        List<MatroskaBlock> blocks = new ArrayList<>();
        for (var block = reader.next(); block.isPresent(); block = reader.next()) {
            blocks.add(block.get());
        }
        return blocks;
    }

    /// What the blocks of a file of these frames are: times from the earliest on, rounded to milliseconds.
    static List<MatroskaBlock> expected(List<Frame> frames) {
        long origin = frames.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        return frames.stream()
                .map(frame -> new MatroskaBlock(
                        frame.track().id(),
                        Math.round((frame.ptsNanos() - origin) / (double) MILLI) * MILLI,
                        frame.keyframe(),
                        frame.data()))
                .toList();
    }
}
