package tapedeck.container;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

/// Pictures of several sizes one behind the other, as a publisher sends them whose network narrows.
public final class ChangingPictures {
    /// The largest is neither the first nor the last.
    public static final List<String> SIZES = List.of("320x180", "640x360", "160x90");

    static final Instant STARTED_AT = Instant.parse("2026-01-02T03:04:05Z");

    private static final long SECOND = 1_000_000_000;

    private ChangingPictures() {}

    /// @param codec `h264` or `h265`
    /// @param seconds of each size
    public static List<Frame> of(String codec, int seconds) {
        List<Frame> frames = new ArrayList<>();
        for (String size : SIZES) {
            frames.addAll(TestMedia.shifted(TestMedia.sized(codec, size, seconds), frames.size() * SECOND / 30));
        }
        return List.copyOf(frames);
    }

    /// With sound.
    public static List<Frame> withSound(String codec, int seconds) {
        return TestMedia.interleaved(of(codec, seconds), TestMedia.aac(seconds * SIZES.size()));
    }

    static MuxerOptions options(int reserveBytes, SizeChange change) {
        return new MuxerOptions(STARTED_AT, reserveBytes, "sizes", MuxerOptions.Clusters.UNLIMITED, change);
    }

    /// The file as it grows, with a flush in each half second.
    static void record(Container container, Output output, List<Frame> frames, int reserveBytes) throws IOException {
        List<Frame> first =
                frames.stream().filter(frame -> frame.dtsNanos() < SECOND / 10).toList();
        try (Muxer muxer =
                container.muxer(output, TestMedia.tracks(first), options(reserveBytes, SizeChange.GOES_ON))) {
            long since = frames.getFirst().dtsNanos();
            for (Frame frame : frames) {
                if (frame.dtsNanos() - since >= SECOND / 2) {
                    muxer.flush();
                    since = frame.dtsNanos();
                }
                muxer.write(frame);
            }
        }
    }

    static MemoryFile recorded(Container container, List<Frame> frames, int reserveBytes) throws IOException {
        MemoryFile file = new MemoryFile();
        record(container, file, frames, reserveBytes);
        return file;
    }
}
