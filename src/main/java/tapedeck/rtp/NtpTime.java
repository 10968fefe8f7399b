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
}
