package tapedeck.stream;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// How one peer does.
///
/// @param id unique on the server, as in [Publisher#sessionId()]
/// @param stream whose media it is
/// @param since when the conversation began
/// @param path empty until the peer can be reached
/// @param tracks what it sends or gets, one for each layer of a simulcast
public record SessionReport(
        String id,
        Direction direction,
        StreamName stream,
        Publisher.Protocol protocol,
        Instant since,
        Optional<Path> path,
        List<TrackReport> tracks) {
    public SessionReport {
        tracks = List.copyOf(tracks);
    }

    public enum Direction {
        PUBLISHES,
        PLAYS
    }

    /// Between which two addresses media goes.
    ///
    /// @param transport `udp`, `tcp`, `tls`
    /// @param local our address and port
    /// @param remote the peer's
    /// @param protection what encrypts it, as its standard names it, or "none"
    /// @param roundTripNanos 0 while unknown
    /// @param availableBitsPerSecond what the path was estimated to carry, 0 where nobody estimates
    public record Path(
            String transport,
            String local,
            String remote,
            String protection,
            long roundTripNanos,
            long availableBitsPerSecond) {}

    /// Counted from the beginning of the session, unless it says otherwise. What a protocol does not know is 0.
    ///
    /// @param kind `video`, `audio`, `data`
    /// @param codec as [tapedeck.media.Codec#name()]
    /// @param layer the `rid` of a simulcast, or ""
    /// @param width of the picture, 0 for others
    /// @param bitsPerSecond over the last seconds
    /// @param lost packets that never came, or that the peer says it never got
    /// @param recovered packets that came after they were asked for, or that we sent again
    /// @param nacks packets that were asked for again
    /// @param keyframeRequests of whoever receives
    /// @param frames whole ones
    /// @param missingFrames that came in part or not at all, or that we left out for a slow peer
    /// @param freezes how often the picture stood still for over [#FREEZE_NANOS]
    /// @param frozenNanos for how long, all together
    /// @param jitterNanos RFC 3550 6.4.1, as of now
    public record TrackReport(
            String kind,
            String codec,
            String layer,
            int width,
            int height,
            long bitsPerSecond,
            long packets,
            long bytes,
            long lost,
            long recovered,
            long nacks,
            long keyframeRequests,
            long frames,
            long missingFrames,
            long freezes,
            long frozenNanos,
            long jitterNanos) {
        /// As people see it: shorter ones pass for a stutter.
        public static final long FREEZE_NANOS = 500_000_000L;

        /// Of a track that is carried as it is: nothing is known but what was counted.
        public static TrackReport of(Track track, long bytes, long frames, long missingFrames) {
            int width = track.codec() instanceof Codec.Video video ? video.width() : 0;
            int height = track.codec() instanceof Codec.Video video ? video.height() : 0;
            String kind = track.isVideo() ? "video" : "audio";
            return new TrackReport(
                    kind,
                    track.codec().name(),
                    "",
                    width,
                    height,
                    0,
                    0,
                    bytes,
                    0,
                    0,
                    0,
                    0,
                    frames,
                    missingFrames,
                    0,
                    0,
                    0);
        }

        /// The same with another bitrate.
        public TrackReport at(long otherBitsPerSecond) {
            return new TrackReport(
                    kind,
                    codec,
                    layer,
                    width,
                    height,
                    otherBitsPerSecond,
                    packets,
                    bytes,
                    lost,
                    recovered,
                    nacks,
                    keyframeRequests,
                    frames,
                    missingFrames,
                    freezes,
                    frozenNanos,
                    jitterNanos);
        }
    }
}
