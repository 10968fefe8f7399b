package tapedeck.container;

import java.time.Instant;

/// @param startedAt the wall clock at the file's time 0, stored as its creation time
/// @param reserveBytes how much to reserve at the front for what finishing writes there
/// @param title the stream's name, stored where the format has a place for it
/// @param clusters when a cluster of WebM or Matroska ends
/// @param sizeChange what happens when a picture changes its size
public record MuxerOptions(
        Instant startedAt, int reserveBytes, String title, Clusters clusters, SizeChange sizeChange) {
    public MuxerOptions(Instant startedAt, int reserveBytes, String title) {
        this(startedAt, reserveBytes, title, Clusters.UNLIMITED);
    }

    public MuxerOptions(Instant startedAt, int reserveBytes, String title, Clusters clusters) {
        this(startedAt, reserveBytes, title, clusters, SizeChange.ENDS_FILE);
    }

    /// The limit that is reached first counts. A video keyframe and a flush end a cluster too, and so do the format's
    /// own limits.
    ///
    /// @param maxMillis from the cluster's first frame on
    /// @param maxBytes of frames with their headers; a larger frame is a cluster of its own
    public record Clusters(int maxMillis, int maxBytes) {
        public static final Clusters UNLIMITED = new Clusters(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }
}
