package tapedeck.mix;

/// A live mixer does not do what it is asked. The message is one line for people.
public final class MixerRefusedException extends Exception {
    private static final long serialVersionUID = 1;

    public enum Reason {
        /// There is no mixer of this URI.
        NO_SUCH_MIXER,
        /// No such live stream.
        NO_SUCH_STREAM,
        /// The stream is not in the mixer.
        NOT_MIXED,
        /// The URI or the name of the stream is taken, the stream is in the mixer already, or there are too many.
        TAKEN,
        /// The stream is made of what the mixer itself makes.
        LOOP,
        /// A setting cannot be used.
        SETTINGS,
        /// No worker can be started, or the server is stopping.
        BROKEN
    }

    private final Reason reason;

    MixerRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
