package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Frame;
import tapedeck.peers.Lent;
import tapedeck.peers.TestMedia;

/// What all tests of MPEG-TS are fed with.
final class TsCases {
    static final Instant STARTED_AT = Instant.parse("2026-01-02T03:04:05Z");
    static final String TITLE = "camera 1 – été";

    private static final long SECOND = 1_000_000_000;
    private static final Map<String, Supplier<List<Frame>>> CASES = new LinkedHashMap<>();

    static {
        for (String name :
                List.of("h264+aac", "h264b+aac", "h264", "aac", "h264+mp3", "h264+opus", "h265+aac", "h265b+aac")) {
            CASES.put(name, () -> TestMedia.of(name, 3));
        }
        CASES.put(
                "late audio",
                () -> TestMedia.interleaved(TestMedia.h264(3), TestMedia.shifted(TestMedia.aac(1), 1_234_000_000L)));
        CASES.put(
                "late video with B-frames",
                () -> TestMedia.interleaved(
                        TestMedia.shifted(TestMedia.h264WithBFrames(2), 1_600_000_000L), TestMedia.aac(4)));
        CASES.put(
                "after ten hours",
                () -> TestMedia.shifted(
                        TestMedia.interleaved(TestMedia.h264WithBFrames(2), TestMedia.aac(2)), 36_000 * SECOND));
        CASES.put("a pause", () -> {
            List<Frame> sound = new ArrayList<>(TestMedia.aac(1));
            sound.addAll(TestMedia.shifted(TestMedia.aac(1), 4 * SECOND));
            return sound;
        });
    }

    private TsCases() {}

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

    /// Flushes as the recorder does: at the latest once a second of decoding time.
    static void record(Output output, List<Frame> frames) {
        try (TsMuxer muxer = new TsMuxer(output, TestMedia.tracks(frames), new MuxerOptions(STARTED_AT, 0, TITLE))) {
            long end = frames.getFirst().dtsNanos() + SECOND;
            for (Frame frame : frames) {
                if (frame.dtsNanos() >= end) {
                    muxer.flush();
                    end = frame.dtsNanos() + SECOND;
                }
                muxer.write(frame);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static MemoryFile recorded(List<Frame> frames) {
        MemoryFile file = new MemoryFile();
        record(file, frames);
        return file;
    }

    /// What the demuxer makes of these bytes.
    static final class Heard implements TsDemuxer.Sink {
        final List<Frame> frames = new ArrayList<>();
        final List<String> names = new ArrayList<>();
        final List<String> unsupported = new ArrayList<>();
        final List<String> programs = new ArrayList<>();
        long missed;
        final TsDemuxer demuxer;

        Heard() {
            this(TsDemuxer::new);
        }

        Heard(Function<TsDemuxer.Sink, TsDemuxer> make) {
            demuxer = make.apply(this);
        }

        @Override
        public void missed(long frames) {
            missed += frames;
        }

        @Override
        public void program(int number, int of) {
            programs.add(number + " of " + of);
        }

        @Override
        public void frame(Frame frame) {
            frames.add(frame);
        }

        @Override
        public void serviceName(String name) {
            names.add(name);
        }

        @Override
        public void unsupported(String codec) {
            unsupported.add(codec);
        }

        List<Frame> of(boolean video) {
            return frames.stream()
                    .filter(frame -> frame.track().isVideo() == video)
                    .toList();
        }
    }

    static Heard heard(Bytes bytes) {
        Heard heard = new Heard();
        Lent.to(bytes, heard.demuxer::receive);
        heard.demuxer.end();
        return heard;
    }

    /// That these are the first `heard` frames of `sent` of each kind, byte for byte and at their times.
    static int assertPrefix(List<Frame> sent, Heard heard) {
        long sentZero = sent.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        // A torn file lacks what would be shown first: the first frame of a kind anchors both.
        boolean anchor = !heard.of(true).isEmpty();
        List<Frame> anchors = heard.of(anchor);
        Frame sentAnchor = sent.stream()
                .filter(f -> f.track().isVideo() == anchor)
                .findFirst()
                .orElseThrow();
        long heardZero = anchors.isEmpty() ? 0 : anchors.getFirst().ptsNanos() - sentAnchor.ptsNanos() + sentZero;
        int count = 0;
        for (boolean video : new boolean[] {true, false}) {
            List<Frame> expected = sent.stream()
                    .filter(frame -> frame.track().isVideo() == video)
                    .toList();
            List<Frame> found = heard.of(video);
            assertTrue(found.size() <= expected.size(), found.size() + " of " + expected.size());
            for (int i = 0; i < found.size(); i++) {
                Frame want = expected.get(i);
                Frame have = found.get(i);
                assertEquals(want.data(), have.data(), "frame " + i);
                assertEquals(want.keyframe(), have.keyframe());
                assertEquals((want.ptsNanos() - sentZero) / 1e6, (have.ptsNanos() - heardZero) / 1e6, 1.02, "" + i);
                if (video) {
                    assertEquals((want.dtsNanos() - sentZero) / 1e6, (have.dtsNanos() - heardZero) / 1e6, 0.02);
                    assertEquals(want.track().codec(), have.track().codec());
                }
            }
            count += found.size();
        }
        return count;
    }

    static String md5(List<Bytes> parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            parts.forEach(part -> digest.update(part.asByteBuffer()));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static void assertSame(List<Frame> sent, Bytes file) {
        assertEquals(sent.size(), assertPrefix(sent, heard(file)));
    }
}
