package tapedeck.container.matroska;

import tapedeck.bytes.Bytes;

/// Where Tags and Tracks of a file of many streams stand, again and again while tracks join: in one of two halves of a
/// reserve, whose first eight bytes say which one counts. The new ones are laid into the half that a Void covers, with
/// the header of a Void behind them that reaches to the first cluster; then these eight bytes are written, which stand
/// at a multiple of eight:
///
/// ```
/// | Tags Tracks | Void ............................... | Cluster …
/// | Void ............... | Tags Tracks | Void ........ | Cluster …    somebody joined
/// | Tags Tracks | Void ............................... | Cluster …    somebody else
/// ```
/// The Void behind Tracks is where finishing puts Cues, as in every other file.
final class TracksPlace {
    /// Tags and Tracks with what fills up to a multiple of eight and the header of the Void behind.
    private static final int LEAST_BYTES = 1024;

    private final long firstAt;
    private final long secondAt;
    private final long clustersAt;
    private boolean second;

    /// @param at where it begins, a multiple of 8
    /// @param reserveBytes of it
    TracksPlace(long at, int reserveBytes) {
        int half = Math.max(LEAST_BYTES, reserveBytes / 2) / Head.ALIGNMENT * Head.ALIGNMENT;
        firstAt = at;
        secondAt = at + half;
        clustersAt = at + 2L * half;
    }

    long clustersAt() {
        return clustersAt;
    }

    /// Whether this much is room enough.
    boolean fits(long tagsAndTracksBytes) {
        return tagsAndTracksBytes + Head.MAX_PADDING_BYTES + 2 * Head.RESERVE_HEADER_BYTES <= secondAt - firstAt;
    }

    /// Bytes that are written at a place.
    record Laid(long at, Bytes bytes) {}

    /// What stands in the first half when the file begins, up to the hole.
    Laid first(Bytes tags, Bytes tracks) {
        return new Laid(firstAt, whole(firstAt, tags, tracks));
    }

    /// What is laid out of sight.
    Laid next(Bytes tags, Bytes tracks) {
        return second
                ? new Laid(
                        firstAt + Head.RESERVE_HEADER_BYTES,
                        whole(firstAt, tags, tracks).slice(Head.RESERVE_HEADER_BYTES))
                : new Laid(secondAt, whole(secondAt, tags, tracks));
    }

    /// The write that shows it.
    Laid flip(Bytes tags) {
        second = !second;
        return new Laid(
                firstAt, second ? Head.reserve(secondAt - firstAt) : Head.masterHeader(ElementId.TAGS, tags.length()));
    }

    private Bytes whole(long at, Bytes tags, Bytes tracks) {
        EbmlWriter out = new EbmlWriter()
                .raw(Head.masterHeader(ElementId.TAGS, tags.length()))
                .raw(tags)
                .raw(tracks);
        out.voidOf(Head.padding(at + out.length()));
        return out.raw(Head.reserve(clustersAt - at - out.length())).toBytes();
    }
}
