package tapedeck.container.flv;

import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What an audio or video tag turned out to be.
public sealed interface FlvItem {
    /// A sequence header: this is the track from now on.
    record Header(Track track) implements FlvItem {}

    record Media(Frame frame) implements FlvItem {}

    /// A codec that is not supported: nothing of this track will come.
    ///
    /// @param codec its name, for the person who publishes
    record Unsupported(String codec) implements FlvItem {}

    /// Nothing to pass on: empty tags, ends of sequence, what Flash's seeking left behind.
    record Nothing() implements FlvItem {}
}
