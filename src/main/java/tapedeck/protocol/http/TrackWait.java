package tapedeck.protocol.http;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;

/// What tracks a stream has, for formats that have to say so before the first frame.
final class TrackWait {
    /// How long a player waits for the tracks of a stream that has just begun.
    static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(3);
    /// A publisher that did not say what it sends may bring another track until its stream is so old.
    static final long UNKNOWN_TRACKS_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

    private static final int POLL_MILLIS = 20;

    private TrackWait() {}

    /// The stream's tracks, as soon as those are there that its publisher has announced. Blocks.
    static List<Track> tracks(Stream stream) throws InterruptedException {
        long deadline = System.nanoTime() + MAX_NANOS;
        List<Track> tracks = stream.tracks();
        while (!complete(tracks, stream) && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            tracks = stream.tracks();
        }
        return tracks;
    }

    private static boolean complete(List<Track> tracks, Stream stream) {
        Publisher.Expects expects = stream.publisher().expects();
        boolean video = tracks.stream().anyMatch(Track::isVideo);
        boolean audio = tracks.stream().anyMatch(Track::isAudio);
        if (expects == Publisher.Expects.UNKNOWN) {
            Stream.Statistics now = stream.statistics();
            return video && audio || now.ended() || !tracks.isEmpty() && now.mediaNanos() >= UNKNOWN_TRACKS_NANOS;
        }
        return (!expects.video() || video) && (!expects.audio() || audio);
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
