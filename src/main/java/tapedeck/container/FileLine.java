package tapedeck.container;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// A part of a track that is shown without a pause, with the times of its file. See [FileLines].
public final class FileLine {
    private final Said said;
    private final Samples samples;
    private final long startNanos;
    private final long endNanos;

    /// What the file says of the track.
    ///
    /// @param rotationDegrees how far a picture has to be turned clockwise
    public record Said(int trackId, Codec codec, TrackIdentity identity, int rotationDegrees) {}

    /// A track's samples in the order of their decoding, with the times of the file.
    public interface Samples {
        int count();

        boolean isSync(int sample);

        long dtsNanos(int sample);

        long ptsNanos(int sample);

        /// As it is stored.
        ///
        /// @throws MalformedException where the file is damaged
        Bytes data(int sample) throws IOException;

        /// What makes frames of them.
        CodedTrack coded();
    }

    private FileLine(Said said, Samples samples, long startNanos, long endNanos) {
        this.said = said;
        this.samples = samples;
        this.startNanos = startNanos;
        this.endNanos = endNanos;
    }

    /// What is shown of a track from one time to another: pictures in stretches between holes ([Holes]).
    public static List<FileLine> of(Said said, Samples samples, long startNanos, long endNanos) {
        List<FileLine> lines = new ArrayList<>();
        long start = startNanos;
        if (said.codec() instanceof Codec.Video) {
            for (Holes.Hole hole : Holes.of(samples)) {
                if (hole.endNanos() > start && hole.nextNanos() < endNanos) {
                    lines.add(new FileLine(said, samples, start, hole.endNanos()));
                }
                start = Math.max(start, Math.min(hole.nextNanos(), endNanos));
            }
        }
        lines.add(new FileLine(said, samples, start, endNanos));
        return lines;
    }

    public int trackId() {
        return said.trackId();
    }

    public Codec codec() {
        return said.codec();
    }

    /// Of the stream, or empty.
    public String name() {
        return said.identity().streamName();
    }

    /// Of the stream's media session, or empty: tracks with the same one belong together.
    public String session() {
        return said.identity().mediaSessionId();
    }

    /// How far a picture has to be turned clockwise.
    public int rotationDegrees() {
        return said.rotationDegrees();
    }

    public long startNanos() {
        return startNanos;
    }

    public long endNanos() {
        return endNanos;
    }

    /// The frames from the last one on with which this time can be decoded.
    public Cursor from(long nanos) {
        return new Cursor(nanos);
    }

    /// Goes over the frames once, in the order of their decoding.
    public final class Cursor {
        private final CodedTrack coded = samples.coded();
        private int next;

        private Cursor(long nanos) {
            long wanted = Math.max(nanos, startNanos);
            if (said.codec() instanceof Codec.Video) {
                for (int i = 0; i < samples.count() && samples.dtsNanos(i) <= wanted; i++) {
                    next = samples.isSync(i) ? i : next;
                }
            } else {
                while (next + 1 < samples.count() && samples.ptsNanos(next + 1) <= wanted) {
                    next++;
                }
                // The first frame that an AAC decoder gives is only half of what it was.
                next = Math.max(0, next - 2);
            }
        }

        public boolean hasNext() {
            return next < samples.count() && samples.dtsNanos(next) < endNanos;
        }

        /// Of the next one.
        public long dtsNanos() {
            return samples.dtsNanos(next);
        }

        /// Null where the file is damaged.
        public @Nullable Frame next() throws IOException {
            int sample = next++;
            try {
                return coded.frame(
                        samples.dtsNanos(sample),
                        samples.ptsNanos(sample),
                        samples.isSync(sample),
                        samples.data(sample));
            } catch (MalformedException _) {
                return null;
            }
        }
    }
}
