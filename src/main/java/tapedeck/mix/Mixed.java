package tapedeck.mix;

import java.nio.file.Path;
import java.time.Instant;

/// A mix that was made.
///
/// @param recordedAt when the source says that it was made
/// @param recordedNanos how long the source is
/// @param damagedPackets of the source that could not be decoded
/// @param whole false if it ends early because the disk became full
public record Mixed(
        Path file,
        long durationNanos,
        Instant createdAt,
        Instant recordedAt,
        long recordedNanos,
        int damagedPackets,
        boolean whole) {}
