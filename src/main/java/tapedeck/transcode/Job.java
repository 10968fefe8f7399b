package tapedeck.transcode;

import java.util.List;
import tapedeck.media.Frame;

/// What a rendition was given at once and a worker has not yet answered.
final class Job {
    final AacRendition rendition;
    final List<Frame> frames;
    final long silentUntilNanos;
    final boolean flush;
    final long bornNanos;
    /// How often a worker died over it.
    int deaths;

    Job(AacRendition rendition, List<Frame> frames, long silentUntilNanos, boolean flush, long bornNanos) {
        this.rendition = rendition;
        this.frames = List.copyOf(frames);
        this.silentUntilNanos = silentUntilNanos;
        this.flush = flush;
        this.bornNanos = bornNanos;
    }
}
