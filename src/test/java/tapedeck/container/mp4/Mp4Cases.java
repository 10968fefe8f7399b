package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

/// What all tests of MP4 are fed with.
final class Mp4Cases {
    static final Instant STARTED_AT = Instant.parse("2026-01-02T03:04:05Z");
    static final int ROOMY = 64 << 10;
    /// Too small for the index of a few seconds: makes state T.
    static final int TIGHT = Layout.MIN_RESERVE_BYTES;

    private static final long SECOND = 1_000_000_000;

    private static final Map<String, Supplier<List<Frame>>> CASES = new LinkedHashMap<>();

    static {
        for (String name : List.of(
                "h264+aac",
                "h264b+aac",
                "h264b",
                "aac",
                "h264+opus",
                "vp8+opus",
                "vp9+opus",
                "av1+opus",
                "h265b+aac",
                "h264+alaw",
                "h264+mulaw",
                "h264+mp3")) {
            CASES.put(name, () -> TestMedia.of(name, 4));
        }
        CASES.put(
                "late audio",
                () -> TestMedia.interleaved(TestMedia.h264(4), TestMedia.shifted(TestMedia.aac(2), 1_234_000_000L)));
        CASES.put(
                "late video with B-frames",
                () -> TestMedia.interleaved(
                        TestMedia.shifted(TestMedia.h264WithBFrames(3), 1_600_000_000L), TestMedia.opus(4)));
        CASES.put(
                "after ten hours",
                () -> TestMedia.shifted(
                        TestMedia.interleaved(TestMedia.h264WithBFrames(3), TestMedia.aac(3)), 36_000 * SECOND));
    }

    private Mp4Cases() {}

    /// A small file for fuzzing: of each frame only what makes it one.
    static List<Frame> stumps() {
        return TestMedia.of("h264b+aac", 2).stream()
                .map(f -> new Frame(
                        f.track(),
                        f.dtsNanos(),
                        f.ptsNanos(),
                        f.keyframe(),
                        f.data().slice(0, 6)))
                .toList();
    }

    static List<String> names() {
        return List.copyOf(CASES.keySet());
    }

    static List<Frame> frames(String name) {
        Supplier<List<Frame>> frames = CASES.get(name);
        if (frames == null) {
            throw new IllegalArgumentException(name);
        }
        return frames.get();
    }

    /// The presentation time that becomes 0: the earliest of the first fragment.
    static long zeroNanos(List<Frame> frames) {
        return fragments(frames).getFirst().stream()
                .mapToLong(Frame::ptsNanos)
                .min()
                .orElseThrow();
    }

    /// Writes state R, flushing as the recorder does: at the latest once a second of decoding time.
    static void record(Output output, List<Frame> frames, int reserveBytes) {
        MuxerOptions options = new MuxerOptions(STARTED_AT, reserveBytes, "camera 1 – été");
        try (Mp4Muxer muxer = new Mp4Muxer(output, TestMedia.tracks(frames), options)) {
            for (List<Frame> fragment : fragments(frames)) {
                for (Frame frame : fragment) {
                    muxer.write(frame);
                }
                muxer.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static MemoryFile recorded(List<Frame> frames, int reserveBytes) {
        MemoryFile file = new MemoryFile();
        record(file, frames, reserveBytes);
        return file;
    }

    static Path recorded(Path file, List<Frame> frames, int reserveBytes) throws IOException {
        Files.write(file, recorded(frames, reserveBytes).content().toByteArray());
        return file;
    }

    static List<List<Frame>> fragments(List<Frame> frames) {
        List<List<Frame>> fragments = new ArrayList<>();
        long end = Long.MIN_VALUE;
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= end) {
                end = frame.dtsNanos() + SECOND;
                fragments.add(new ArrayList<>());
            }
            fragments.getLast().add(frame);
        }
        return fragments;
    }

    /// That the file holds the first `count` of these frames, or more, byte for byte and at the same time.
    static void assertFrames(List<Frame> frames, int count, FileChannel file) throws IOException {
        Mp4Reader reader = Mp4Frames.reader(file);
        long zero = zeroNanos(frames);
        int read = 0;
        for (Mp4Reader.ReadTrack track : reader.tracks()) {
            List<Frame> expected =
                    frames.stream().filter(f -> f.track().id() == track.id()).toList();
            assertEquals(expected.getFirst().track().codec(), track.codec());
            for (int i = 0; i < track.samples().count(); i++) {
                Frame frame = reader.frame(track, i);
                assertEquals(expected.get(i).data(), frame.data());
                assertEquals(expected.get(i).keyframe(), frame.keyframe());
                double ptsMillis = (expected.get(i).ptsNanos() - zero) / 1e6;
                assertEquals(ptsMillis, frame.ptsNanos() / 1e6, 0.5, "pts of " + i);
                read++;
            }
        }
        assertTrue(read >= count, read + " frames of at least " + count);
    }
}
