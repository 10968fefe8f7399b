package tapedeck.stream;

import tapedeck.media.Frame;

/// What a [Reader] takes out of a stream.
public sealed interface Item {
    /// @param entryPoint whether a reader can begin here: a video keyframe, or any audio frame while no video was seen
    record Media(Frame frame, boolean entryPoint) implements Item {}

    /// The reader was too slow: this many frames are missing. The next media item is an entry point.
    record Gap(long frames) implements Item {}

    /// The last item of every reader.
    record End(String reason) implements Item {}
}
