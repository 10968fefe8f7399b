package tapedeck.relay;

import java.io.IOException;

/// A pull or push that cannot be, now or later: whoever wants it has to change something.
public final class RelayRefusedException extends IOException {
    /// Why, for whoever turns it into a status.
    public enum Reason {
        /// The address cannot be used, or may not.
        ADDRESS,
        /// Nobody publishes the stream that is to be pushed.
        NO_SUCH_STREAM,
        /// The name is live already, or the same relay runs.
        CONFLICT,
        /// There are too many.
        LIMIT,
        /// The other side says no: unauthorized, no codec that both know.
        OTHER_SIDE
    }

    private final Reason reason;

    /// The other side says no.
    public RelayRefusedException(String message) {
        this(Reason.OTHER_SIDE, message);
    }

    public RelayRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
