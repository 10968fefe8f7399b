package tapedeck.mix;

/// A mix that was not made. The source is as it was, and nothing is left of the mix.
public final class MixFailedException extends Exception {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    /// Why.
    public enum Reason {
        /// Nothing in the file can be mixed.
        NOTHING_TO_MIX,
        /// There is less space than `minAvailableSpace`.
        NO_SPACE,
        /// A setting cannot be used.
        SETTINGS,
        /// Somebody else mixes this file now.
        BUSY,
        /// A worker died, or a file could not be read or written.
        BROKEN
    }

    public MixFailedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
