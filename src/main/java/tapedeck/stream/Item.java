package tapedeck.stream;

import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;

/// What a [Reader] takes out of a stream.
public sealed interface Item {
    /// @param entryPoint whether a reader can begin here: a video keyframe, or any audio frame while no video was seen
    record Media(Frame frame, boolean entryPoint) implements Item {}

    /// The reader was too slow: this many frames are missing. The next media item is an entry point.
    record Gap(long frames) implements Item {}

    /// What the publisher or a viewer said on a data channel: chat, metadata.
    ///
    /// @param label of the channel
    /// @param protocol of the channel, or ""
    /// @param sender names the session that said it, so that it need not hear itself
    /// @param text whether `data` is UTF-8 text
    /// @param nanos when it came, in the time of the stream
    record Message(String label, String protocol, String sender, boolean text, long nanos, Bytes data) implements Item {
        Message at(long newNanos) {
            return new Message(label, protocol, sender, text, newNanos, data);
        }
    }

    /// The last item of every reader.
    record End(String reason) implements Item {}
}
