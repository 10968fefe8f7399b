package tapedeck.container;

import java.time.Instant;

/// @param startedAt the wall clock at the file's time 0, stored as its creation time
/// @param reserveBytes how much to reserve at the front for what finishing writes there
/// @param title the stream's name, stored where the format has a place for it
public record MuxerOptions(Instant startedAt, int reserveBytes, String title) {}
