package tapedeck.protocol.http;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.stream.Stream;

/// What tracks a stream has, for formats that have to say so before the first frame.
final class TrackWait {
    /// How long a player waits for the tracks of a stream that has just begun.
    static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(3);

    private static final int POLL_MILLIS = 20;

    private TrackWait() {}

    /// The stream's tracks, as soon as those are there that its publisher has announced. Blocks.
    static List<Track> tracks(Stream stream) throws InterruptedException {
        long deadline = System.nanoTime() + MAX_NANOS;
        while (!stream.knowsItsTracks() && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        return stream.tracks();
    }

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
