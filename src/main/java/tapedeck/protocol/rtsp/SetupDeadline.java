package tapedeck.protocol.rtsp;

/// How long a connection may go without `RECORD` or `PLAY`. No request moves it, so that nobody holds ports and places
/// by asking for `OPTIONS` for ever.
final class SetupDeadline {
    private long sinceNanos;
    private boolean allowed;
    private boolean met;

    /// @param openedNanos when the connection was opened
    SetupDeadline(long openedNanos) {
        sinceNanos = openedNanos;
    }

    /// The peer may publish or play. The first time it gets the whole time again: what was waited for before was the
    /// user with the password, or the rights.
    void allowed(long nowNanos) {
        if (!allowed) {
            allowed = true;
            sinceNanos = nowNanos;
        }
    }

    /// `RECORD` or `PLAY` came.
    void met() {
        met = true;
    }

    /// A stream ended, and the connection may have another one; only one that was really there gives it more time.
    void again(long nowNanos) {
        if (met) {
            met = false;
            allowed = false;
            sinceNanos = nowNanos;
        }
    }

    /// Whether there was `RECORD` or `PLAY`.
    boolean isMet() {
        return met;
    }

    boolean isOver(long nowNanos) {
        return !met && nowNanos - sinceNanos > RtspLimits.SETUP_NANOS;
    }
}
