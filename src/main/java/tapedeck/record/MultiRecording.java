package tapedeck.record;

import java.util.List;

/// A recorder that puts many streams into one file, as of the moment it was asked for.
///
/// @param fileName the name its file will have, with elements that are known only at its end left as they are
/// @param mediaSessionIds of the streams that are in it now, in the order in which they were added
/// @param durationNanos written so far
/// @param sizeBytes written so far
public record MultiRecording(
        String uri, String fileName, List<String> mediaSessionIds, long durationNanos, long sizeBytes) {
    public MultiRecording {
        mediaSessionIds = List.copyOf(mediaSessionIds);
    }
}
