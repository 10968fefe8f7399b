package tapedeck.container;

import java.util.List;
import tapedeck.media.Track;

/// What a finished file says of itself.
///
/// @param durationNanos of the longest track
public record Summary(long durationNanos, List<Track> tracks) {
    public Summary {
        tracks = List.copyOf(tracks);
    }
}
