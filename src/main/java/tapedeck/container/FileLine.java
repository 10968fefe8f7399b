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
    /// Frames of sound in front of the first one that is wanted.
    private static final int SOUND_BEFORE = 2;

    private final Said said;
    private final Samples samples;
    private final long startNanos;
    private final long endNanos;

    /// What the file says of the track.
    ///
    /// @param rotationDegrees how far a picture has to be turned clockwise
    public record Said(int trackId, Codec codec, TrackIdentity identity, int rotationDegrees) {}

    /// A track's samples, with the times of the file.
    public interface Samples {
        /// Goes over them in the order of their decoding. Any number of threads may do so, each with a walk
        /// of its own.
        Walk open() throws IOException;

        /// What makes frames of them.
        CodedTrack coded();
    }

    /// Stands before the first sample, then at one after the other. Keeps none of them.
    public interface Walk {
        /// Goes to the next sample. False at the end.
        ///
        /// @throws MalformedException where the file contradicts itself
        boolean next() throws IOException;

        boolean isSync();

        long dtsNanos();

        long ptsNanos();

        /// As it is stored.
        ///
        /// @throws MalformedException where the file is damaged
        Bytes data() throws IOException;
    }

    private FileLine(Said said, Samples samples, long startNanos, long endNanos) {
        this.said = said;
        this.samples = samples;
        this.startNanos = startNanos;
        this.endNanos = endNanos;
    }

    /// What is shown of a track from one time to another: pictures in stretches between holes ([Holes]).
    ///
    /// @throws MalformedException where the file contradicts itself
    public static List<FileLine> of(Said said, Samples samples, long startNanos, long endNanos) throws IOException {
        List<Holes.Hole> holes = said.codec() instanceof Codec.Video ? Holes.of(samples) : List.of();
        return of(said, samples, holes, startNanos, endNanos);
    }

    /// The same where somebody has gone over its pictures already.
    ///
    /// @param holes in nanoseconds of the file; none for sound
    public static List<FileLine> of(
            Said said, Samples samples, List<Holes.Hole> holes, long startNanos, long endNanos) {
        List<FileLine> lines = new ArrayList<>();
        long start = startNanos;
        for (Holes.Hole hole : holes) {
            if (hole.end() > start && hole.next() < endNanos) {
                lines.add(new FileLine(said, samples, start, hole.end()));
            }
            start = Math.max(start, Math.min(hole.next(), endNanos));
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
    public Cursor from(long nanos) throws IOException {
        return new Cursor(nanos);
    }

    /// Goes over the frames once, in the order of their decoding.
    public final class Cursor {
        private final CodedTrack coded = samples.coded();
        private final Walk walk;
        private boolean there;

        private Cursor(long nanos) throws IOException {
            long before = before(Math.max(nanos, startNanos));
            walk = samples.open();
            there = walk.next();
            for (long i = 0; i < before && there; i++) {
                there = walk.next();
            }
        }

        /// How many samples are not needed to show this time.
        private long before(long wanted) throws IOException {
            Walk ahead = samples.open();
            long best = 0;
            if (said.codec() instanceof Codec.Video) {
                for (long i = 0; ahead.next() && ahead.dtsNanos() <= wanted; i++) {
                    best = ahead.isSync() ? i : best;
                }
                return best;
            }
            while (ahead.next() && (best == 0 || ahead.ptsNanos() <= wanted)) {
                best++;
            }
            // The first frame that an AAC decoder gives is only half of what it was.
            return Math.max(0, best - 1 - SOUND_BEFORE);
        }

        public boolean hasNext() {
            return there && walk.dtsNanos() < endNanos;
        }

        /// Of the next one.
        public long dtsNanos() {
            return walk.dtsNanos();
        }

        /// Null where the file is damaged.
        public @Nullable Frame next() throws IOException {
            Frame frame = frame();
            there = walk.next();
            return frame;
        }

        private @Nullable Frame frame() throws IOException {
            try {
                return coded.frame(walk.dtsNanos(), walk.ptsNanos(), walk.isSync(), walk.data());
            } catch (MalformedException _) {
                return null;
            }
        }
    }
}
