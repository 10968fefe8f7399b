package tapedeck.protocol.http;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.stream.Tally;

/// Some frames of a stream as its players get them, all the same bytes.
///
/// @param dtsNanos decoding time of the first frame
/// @param carried the frames in it; never changed
/// @param entry what lets a player begin here, or null where none can
record Part(
        Bytes data, long dtsNanos, Tally carried, @Nullable Entry entry) {
    /// A part that begins with an entry point.
    ///
    /// @param opening what a new player gets before it
    /// @param again what a player gets before it that has missed something
    record Entry(Bytes opening, Bytes again) {}
}
