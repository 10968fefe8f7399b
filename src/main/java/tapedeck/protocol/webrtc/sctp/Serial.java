package tapedeck.protocol.webrtc.sctp;

/// Serial numbers that wrap, RFC 1982: RFC 9260 1.6 wants TSNs and SSNs compared this way.
///
/// Inside, a TSN is a `long` that never wraps; only at the wire it is cut to 32 bits.
final class Serial {
    private Serial() {}

    /// The number that has these low 32 bits and lies nearest to `reference`.
    static long near(long reference, long low32) {
        return reference + (int) (low32 - reference);
    }

    /// How far SSN `b` lies behind `a`; negative if it comes before.
    static int distance16(int a, int b) {
        return (short) (b - a);
    }
}
