package tapedeck.mix;

/// A mix that was not made. The source is as it was, and nothing is left of the mix.
public final class MixFailedException extends Exception {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    /// Why.
    public enum Reason {
        /// A setting cannot be used.
        SETTINGS(66),
        /// Nothing in the file can be mixed.
        NOTHING_TO_MIX(67),
        /// There is less space than `minAvailableSpace`, or the disk became full.
        NO_SPACE(68),
        /// The mix is there, but `callbackUrl` did not take it.
        NOT_TOLD(69),
        /// A worker died, or a file could not be read or written.
        BROKEN(70),
        /// Somebody else mixes this file now.
        BUSY(71);

        private final int exitCode;

        Reason(int exitCode) {
            this.exitCode = exitCode;
        }

        /// With which `./run mix` ends.
        public int exitCode() {
            return exitCode;
        }
    }

    public MixFailedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
