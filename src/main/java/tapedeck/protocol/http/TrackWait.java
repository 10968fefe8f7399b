package tapedeck.protocol.http;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// Which tracks of a stream a format cannot carry.
final class TrackWait {
    private TrackWait() {}

    /// The codecs that do not fit, or null.
    static @Nullable String missing(List<Track> tracks, Predicate<Codec> fits) {
        List<String> names = tracks.stream()
                .map(Track::codec)
                .filter(fits.negate())
                .map(codec -> codec.name())
                .toList();
        return names.isEmpty() ? null : String.join(" and ", names);
    }
}
