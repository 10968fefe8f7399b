package tapedeck.peers;

import java.util.List;
import tapedeck.media.Frame;
import tapedeck.record.ActiveRecording;
import tapedeck.record.Recordings;
import tapedeck.stream.Publication;

/// Media that is published as fast as its recording follows, however slow that is: each second of it becomes a fragment
/// at least, and no recorder is left behind by more than it may be.
public final class RecordedMedia {
    private static final long STEP_NANOS = 1_000_000_000L;
    /// A recorder leaves it in memory until it is enough for a fragment.
    private static final long GATHERED_NANOS = 900_000_000L;

    private RecordedMedia() {}

    /// @param frames of a publication whose first frame is at 0
    public static void write(Recordings recordings, Publication publication, List<Frame> frames) {
        String id = publication.stream().mediaSessionId();
        long next = frames.getFirst().dtsNanos() + STEP_NANOS;
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= next) {
                long wanted = next - GATHERED_NANOS;
                Await.await("%d ms are recorded".formatted(wanted / 1_000_000), () -> nanos(recordings, id) >= wanted);
                next += STEP_NANOS;
            }
            publication.write(frame);
        }
    }

    private static long nanos(Recordings recordings, String mediaSessionId) {
        return recordings.active().stream()
                .filter(one -> one.mediaSessionId().equals(mediaSessionId))
                .mapToLong(ActiveRecording::durationNanos)
                .sum();
    }
}
