package tapedeck.rtp;

/// Wall clock times as sender reports have them: 32.32 fixed point, seconds since 1900, RFC 3550 4.
public final class NtpTime {
    /// From 1900 to 1970.
    private static final long EPOCH_SECONDS = 2_208_988_800L;

    private static final long SECOND_NANOS = 1_000_000_000L;

    private NtpTime() {}

    /// @param unixNanos since 1970
    public static long of(long unixNanos) {
        long seconds = Math.floorDiv(unixNanos, SECOND_NANOS) + EPOCH_SECONDS;
        return seconds << 32 | (Math.floorMod(unixNanos, SECOND_NANOS) << 32) / SECOND_NANOS;
    }

    /// The middle 32 bits, which come back in reports.
    static long middle(long ntp) {
        return ntp >>> 16 & 0xFFFF_FFFFL;
    }

    /// The way there and back, RFC 3550 6.4.1: since that was said, without the time for which it lay at the peer. All
    /// in 1/65536 s, modulo 2^32.
    ///
    /// @param now as `last`, when the answer came
    static long roundTripNanos(long now, long last, long delaySinceLast) {
        return (now - last - delaySinceLast & 0xFFFF_FFFFL) * SECOND_NANOS >>> 16;
    }
}
