package tapedeck.relay;

import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publisher;

/// Where one connection of a pull puts what it fetches; from one thread at a time. What comes after its connection has
/// ended is dropped.
///
/// Times are those of the connection: they may begin anywhere, and are put behind what came before. Pictures before the
/// first keyframe of a connection are dropped.
public interface PullSink {
    /// Names a track before its first frame, as far as it is known.
    void announce(Track track);

    /// Says which kinds of track will come.
    void expect(Publisher.Expects expects);

    /// Frames of one track come in decoding order.
    void write(Frame frame);

    /// Frames that got lost on the way, and will not come.
    void missed(long frames);

    /// What can be done with the source from now on, where something can.
    default void controls(PullControls controls) {}

    /// What flows back goes there from now on. [Feedback#watched] is called once at once, to say how it is; and
    /// [Feedback#terminate] never, because an interrupt ends a pull.
    void feedback(Feedback feedback);
}
