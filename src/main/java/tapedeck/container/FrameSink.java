package tapedeck.container;

import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What a container that comes in pieces turns out to hold.
public interface FrameSink {
    /// A track that will come, as soon as it is known. Its id is [Track#VIDEO] or [Track#AUDIO].
    void track(Track track);

    /// In the order of the container; the first time may be anything.
    void frame(Frame frame);

    /// A track that is not read, because of its codec or because there is another one of its kind before.
    void unsupported(String codec);
}
