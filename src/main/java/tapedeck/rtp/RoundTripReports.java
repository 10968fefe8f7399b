package tapedeck.rtp;

import java.util.List;

/// How long the way to a sender and back takes, for its receiver, who sends nothing that the sender could report on: it
/// says its time and hears how long ago that came, RFC 3611 4.4 and 4.5. Browsers answer; of other peers it stays
/// unknown.
public final class RoundTripReports {
    static final long INTERVAL_NANOS = 1_000_000_000L;
    /// The unit of both reports: who answers within one is not nowhere.
    private static final long TICK_NANOS = 1_000_000_000L / 65_536;

    private static final long NEVER = Long.MIN_VALUE;

    private final long ssrc;
    private long saidNanos = NEVER;
    private long roundTripNanos;

    /// @param ssrc in whose name is asked
    public RoundTripReports(long ssrc) {
        this.ssrc = ssrc;
    }

    /// Whether it is time to say it again.
    public boolean isDue(long nowNanos) {
        return saidNanos == NEVER || nowNanos - saidNanos >= INTERVAL_NANOS;
    }

    /// To be sent at once.
    public Rtcp.ExtendedReport say(long nowNanos) {
        saidNanos = nowNanos;
        return new Rtcp.ExtendedReport(ssrc, NtpTime.of(nowNanos), List.of());
    }

    /// What the peer says of us; what it says of others is ignored.
    public void heard(Rtcp.ExtendedReport report, long arrivalNanos) {
        for (Rtcp.ExtendedReport.Delay delay : report.delays()) {
            if (delay.ssrc() != ssrc || delay.lastReport() == 0 || saidNanos == NEVER) {
                continue;
            }
            long now = NtpTime.middle(NtpTime.of(arrivalNanos));
            long nanos = NtpTime.roundTripNanos(now, delay.lastReport(), delay.delaySinceLast());
            if (nanos <= RtpSender.MAX_ROUND_TRIP_NANOS) {
                roundTripNanos = Math.max(nanos, TICK_NANOS);
            }
        }
    }

    /// 0 while the peer has not answered.
    public long roundTripNanos() {
        return roundTripNanos;
    }
}
