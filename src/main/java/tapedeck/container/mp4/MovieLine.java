package tapedeck.container.mp4;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.container.CodedTrack;
import tapedeck.container.mp4.Mp4Reader.ReadTrack;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// A part of a track that is shown without a pause, with the times of the movie. See [MovieLines].
public final class MovieLine {
    private final Mp4Reader reader;
    private final ReadTrack track;
    private final Said said;
    private final long startNanos;
    private final long endNanos;

    /// What the file says of the track.
    record Said(Codec codec, String name, String session, int rotationDegrees, int nalLengthBytes) {}

    MovieLine(Mp4Reader reader, ReadTrack track, Said said, long startNanos, long endNanos) {
        this.reader = reader;
        this.track = track;
        this.said = said;
        this.startNanos = startNanos;
        this.endNanos = endNanos;
    }

    public int trackId() {
        return track.id();
    }

    public Codec codec() {
        return said.codec();
    }

    /// Of the stream, or empty.
    public String name() {
        return said.name();
    }

    /// Of the stream's media session, or empty: tracks with the same one belong together.
    public String session() {
        return said.session();
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
        private final CodedTrack coded = CodedTrack.of(track.id(), said.codec(), said.nalLengthBytes());
        private int next;

        private Cursor(long nanos) {
            long wanted = Math.max(nanos, startNanos);
            if (said.codec() instanceof Codec.Video) {
                for (int i = 0; i < track.samples().count() && dtsNanos(i) <= wanted; i++) {
                    next = track.samples().isSync(i) ? i : next;
                }
            } else {
                while (next + 1 < track.samples().count() && ptsNanos(next + 1) <= wanted) {
                    next++;
                }
                // The first frame that an AAC decoder gives is only half of what it was.
                next = Math.max(0, next - 2);
            }
        }

        public boolean hasNext() {
            return next < track.samples().count() && dtsNanos(next) < endNanos;
        }

        /// Of the next one.
        public long dtsNanos() {
            return dtsNanos(next);
        }

        /// Null where the file is damaged.
        public @Nullable Frame next() throws IOException {
            try {
                Frame stored = reader.frame(track, next++);
                return coded.frame(stored.dtsNanos(), stored.ptsNanos(), stored.keyframe(), stored.data());
            } catch (MalformedException _) {
                return null;
            }
        }

        private long dtsNanos(int sample) {
            return TrackClock.nanos(track.samples().decodeTicks(sample) + track.shiftTicks(), track.timescale());
        }

        private long ptsNanos(int sample) {
            return TrackClock.nanos(track.samples().presentationTicks(sample) + track.shiftTicks(), track.timescale());
        }
    }
}
