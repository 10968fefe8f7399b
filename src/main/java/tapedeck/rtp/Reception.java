package tapedeck.rtp;

/// What a receiver report says about one source, RFC 3550 A.3 and A.8.
final class Reception {
    private final int clockRateHz;
    private final Unwrapper unwrapper = new Unwrapper(16);
    private long first = Long.MIN_VALUE;
    private long highest;
    private long received;
    private long expectedBefore;
    private long receivedBefore;
    private long lastTransit;
    private double jitter;
    private long senderReportNtp;
    private long senderReportNanos = Long.MIN_VALUE;

    Reception(int clockRateHz) {
        this.clockRateHz = clockRateHz;
    }

    void received(int sequenceNumber, long timestamp, long arrivalNanos) {
        long sequence = unwrapper.unwrapForward(sequenceNumber);
        long arrivalTicks = arrivalNanos / 1_000_000_000L * clockRateHz
                + arrivalNanos % 1_000_000_000L * clockRateHz / 1_000_000_000L;
        long transit = arrivalTicks - timestamp;
        if (first == Long.MIN_VALUE) {
            first = sequence;
            highest = sequence;
        } else {
            // RFC 3550 A.8, in 32 bits because the timestamp wraps.
            int difference = Math.abs((int) (transit - lastTransit));
            jitter += (difference - jitter) / 16;
        }
        lastTransit = transit;
        first = Math.min(first, sequence);
        highest = Math.max(highest, sequence);
        received++;
    }

    void senderReport(long ntpTimestamp, long arrivalNanos) {
        senderReportNtp = NtpTime.middle(ntpTimestamp);
        senderReportNanos = arrivalNanos;
    }

    long jitterNanos() {
        return (long) (jitter * 1_000_000_000L / clockRateHz);
    }

    /// The block for the time since the last one.
    Rtcp.ReportBlock report(long ssrc, long nowNanos) {
        long expected = highest - first + 1;
        long lost = Math.clamp(expected - received, -0x80_0000, 0x7F_FFFF);
        long expectedNow = expected - expectedBefore;
        long lostNow = expectedNow - (received - receivedBefore);
        expectedBefore = expected;
        receivedBefore = received;
        int fraction = expectedNow <= 0 || lostNow <= 0 ? 0 : (int) Math.min(255, (lostNow << 8) / expectedNow);
        boolean reported = senderReportNanos != Long.MIN_VALUE;
        long delay = reported ? (nowNanos - senderReportNanos) / 1000 * 65_536 / 1_000_000 : 0;
        return new Rtcp.ReportBlock(
                ssrc,
                fraction,
                (int) lost,
                // The unwrapper starts one cycle up.
                highest - 65_536 & 0xFFFF_FFFFL,
                (long) jitter,
                reported ? senderReportNtp : 0,
                Math.clamp(delay, 0, 0xFFFF_FFFFL));
    }
}
