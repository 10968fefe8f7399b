package tapedeck.record;

/// A part of a recording cannot be had. The message is one line for people.
public final class CutRefusedException extends Exception {
    public enum Reason {
        /// The recording has nothing between these times.
        NOTHING_THERE,
        /// The recording is no file that can be cut.
        CANNOT_BE_CUT,
        /// The disk guard refuses.
        NO_SPACE
    }

    private final Reason reason;

    CutRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
