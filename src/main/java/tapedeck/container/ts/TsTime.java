package tapedeck.container.ts;

/// The clock of PTS, DTS and program_clock_reference_base: 90 kHz in 33 bits, which wrap after 26.5 hours.
final class TsTime {
    static final long TICKS_PER_SECOND = 90_000;
    /// 2.4.3.6: stamps have 33 bits.
    static final long WRAP_TICKS = 1L << 33;

    static final long MASK = WRAP_TICKS - 1;

    private static final long NANOS_PER_9_TICKS = 100_000;

    private TsTime() {}

    /// The nearest tick.
    static long ticks(long nanos) {
        return Math.floorDiv(nanos * 9 + NANOS_PER_9_TICKS / 2, NANOS_PER_9_TICKS);
    }

    /// The nearest nanosecond.
    static long nanos(long ticks) {
        return Math.floorDiv(ticks * NANOS_PER_9_TICKS + 4, 9);
    }

    /// The number nearest to `near` with the 33 bits of `stamp`.
    static long unwrapped(long stamp, long near) {
        long step = stamp - near & MASK;
        return near + (step >= WRAP_TICKS / 2 ? step - WRAP_TICKS : step);
    }
}
