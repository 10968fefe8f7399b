package tapedeck.record;

import java.time.Instant;
import java.util.List;
import tapedeck.media.Track;

/// A file in the folder of recordings.
///
/// @param mediaType for HTTP: `video/mp4`, `audio/mp4` …
/// @param durationNanos of the longest track; [#UNKNOWN] while nobody has looked into the file, or if it is none of
///     ours
/// @param tracks none while the duration is unknown
public record FinishedRecording(
        String fileName, String mediaType, long sizeBytes, long durationNanos, List<Track> tracks, Instant modifiedAt) {
    public static final long UNKNOWN = -1;

    public FinishedRecording {
        tracks = List.copyOf(tracks);
    }
}
