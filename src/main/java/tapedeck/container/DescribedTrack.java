package tapedeck.container;

import java.util.Comparator;
import java.util.List;
import tapedeck.media.Codec;

/// A track of pictures or sound, as found in a file: whose it is and when it is there.
///
/// @param id in the file
/// @param identity of a file with one stream, only empty texts
/// @param codecTag as the file names it: `avc1` in MP4, `V_VP8` in Matroska
/// @param timescale ticks in a second
/// @param segments without a gap from the beginning of the file to the end of the track
public record DescribedTrack(
        int id, TrackIdentity identity, Codec codec, String codecTag, long timescale, List<Segment> segments) {
    /// A track of which nothing comes for longer is not there meanwhile. Shared screens can stand for a
    /// second or two.
    public static final long HOLE_NANOS = 3_000_000_000L;

    /// Those of each stream together, sound first: streams have pairs of numbers ([MultiMuxer]).
    public static final Comparator<DescribedTrack> BY_STREAM = Comparator.comparingInt(
                    (DescribedTrack one) -> (one.id() - 1) / 2)
            .thenComparing(DescribedTrack::isVideo)
            .thenComparingInt(DescribedTrack::id);

    public DescribedTrack {
        segments = List.copyOf(segments);
    }

    /// A stretch of the file in which the track is there, or a pause.
    ///
    /// @param startNanos from the beginning of the file
    /// @param endNanos the same
    /// @param media false for a pause
    public record Segment(long startNanos, long endNanos, boolean media) {
        /// Puts a stretch with media behind the others, and a pause before it where they end earlier.
        public static void append(List<Segment> segments, long startNanos, long endNanos) {
            long before = segments.isEmpty() ? 0 : segments.getLast().endNanos();
            if (startNanos > before) {
                segments.add(new Segment(before, startNanos, false));
            }
            segments.add(new Segment(startNanos, endNanos, true));
        }
    }

    public boolean isVideo() {
        return codec instanceof Codec.Video;
    }

    /// When it ends in the file.
    public long endNanos() {
        return segments.isEmpty() ? 0 : segments.getLast().endNanos();
    }
}
