package tapedeck.record;

import java.time.Instant;
import tapedeck.stream.StreamName;

/// A recording that is not yet a finished file, as of the moment it was asked for.
///
/// @param recordingId the same for all parts of the recording
/// @param fileName the name it will have, with the elements that are known only at its end left as they are in the
///     template, like `{endTime}`
/// @param startedAt the wall clock at its first frame, with `record_preroll` before it was asked for; until there is
///     one, when it was asked for
/// @param durationNanos media time written so far, all parts together
/// @param sizeBytes written so far, all parts together
/// @param gapFrames frames that are missing because the disk was too slow or refused them
public record ActiveRecording(
        String recordingId,
        String fileName,
        String mediaSessionId,
        StreamName stream,
        Instant startedAt,
        long durationNanos,
        long sizeBytes,
        long gapFrames,
        State state) {
    public enum State {
        /// Nothing is on disk yet: the first keyframe or a track that was announced has not come.
        WAITING,
        RECORDING,
        /// The last frame is on disk; the file gets its index and its name.
        FINISHING
    }
}
