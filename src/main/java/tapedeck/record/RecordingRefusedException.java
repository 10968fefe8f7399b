package tapedeck.record;

/// A recording cannot be started or stopped. The message is one line for people.
public final class RecordingRefusedException extends Exception {
    public enum Reason {
        /// No such media session, or it has ended.
        NO_SUCH_STREAM,
        /// There is such a stream, but it is not being recorded.
        NOT_RECORDED,
        /// There is no recorder of this URI.
        NO_SUCH_RECORDER,
        /// There is a recorder of this URI, or the stream is in it, already.
        TAKEN,
        /// The disk guard refuses.
        NO_SPACE,
        /// The server is stopping.
        STOPPING
    }

    private final Reason reason;

    RecordingRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
