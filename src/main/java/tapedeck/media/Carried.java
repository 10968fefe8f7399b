package tapedeck.media;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// What goes along of a stream by a way out that does not have all codecs. One rule for all ways: sound that the way
/// does not have is left out, and whoever asked is told; without its pictures a stream is not worth having.
///
/// @param tracks that go along
/// @param leftOut those that the way does not have
public record Carried(List<Track> tracks, List<Track> leftOut) {
    public static Carried of(List<Track> all, Predicate<Codec> carries) {
        List<Track> tracks = new ArrayList<>();
        List<Track> leftOut = new ArrayList<>();
        for (Track track : all) {
            (carries.test(track.codec()) ? tracks : leftOut).add(track);
        }
        return new Carried(List.copyOf(tracks), List.copyOf(leftOut));
    }

    /// Whether it is worth having: nothing that is seen is missing, and something is left.
    public boolean isEnough() {
        return !tracks.isEmpty() && leftOut.stream().noneMatch(Track::isVideo);
    }

    /// The codecs that the way does not have, as a header names them; "" where it has all.
    public String leftOutNames() {
        return names(", ");
    }

    /// The same in a sentence.
    public String missing() {
        return names(" and ");
    }

    private String names(String between) {
        return leftOut.stream().map(track -> track.codec().name()).collect(Collectors.joining(between));
    }
}
