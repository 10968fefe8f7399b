package tapedeck.protocol.webrtc;

import java.util.List;
import java.util.function.Supplier;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.ReceiveEstimate;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.TransportArrivals;

/// Tells a publisher how its packets fare, so that it finds the rate that the way carries: when each arrived
/// (transport-wide feedback) where the peer understands that, else how much it may send (REMB).
final class RateControl {
    /// As often as a twentieth of what comes pays for it, as libwebrtc has it.
    static final long MIN_ARRIVALS_NANOS = 50_000_000;

    static final long MAX_ARRIVALS_NANOS = 250_000_000;
    /// What one report costs, headers included.
    private static final long REPORT_BITS = 68 * 8;

    private static final int SHARE = 20;
    /// Late packets and pauses need reports of their own; more than this many at once wait for the next tick.
    private static final int MAX_REPORTS_AT_ONCE = 8;

    static final long LIMIT_NANOS = 1_000_000_000;
    private static final long URGENT_LIMIT_NANOS = 200_000_000;
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final int VIDEO_CLOCK_HZ = 90_000;

    private final long localSsrc;
    private final TransportArrivals arrivals;
    private final ReceiveEstimate estimate = new ReceiveEstimate();
    private final boolean reportsArrivals;
    private final boolean limits;
    private long arrivalsNanos;
    private long limitNanos;
    private long lostBefore;
    private long timedSsrc = -1;

    private long rateNanos;
    private long bytes;
    private long bitsPerSecond;

    /// @param reportsArrivals whether the peer takes transport-wide feedback
    /// @param limits whether it takes REMB
    RateControl(long localSsrc, boolean reportsArrivals, boolean limits, long nowNanos) {
        this.localSsrc = localSsrc;
        this.arrivals = new TransportArrivals(localSsrc);
        this.reportsArrivals = reportsArrivals;
        this.limits = limits && !reportsArrivals;
        this.arrivalsNanos = nowNanos;
        this.limitNanos = nowNanos;
        this.rateNanos = nowNanos;
    }

    /// A packet came in a section.
    ///
    /// @param video whether its RTP time is that of a picture: sound has pauses
    void received(RtpPacket packet, ExtensionIds ids, boolean video, long arrivalNanos) {
        bytes += packet.bytes().length();
        if (reportsArrivals) {
            Bytes sequence = ExtensionIds.of(packet, ids.transportWide());
            if (sequence != null && sequence.length() == 2) {
                arrivals.received(sequence.u16(0), arrivalNanos);
            }
        } else if (limits) {
            estimate(packet, ids, video, arrivalNanos);
        }
    }

    private void estimate(RtpPacket packet, ExtensionIds ids, boolean video, long arrivalNanos) {
        int size = packet.bytes().length();
        Bytes sent = ExtensionIds.of(packet, ids.absoluteSendTime());
        if (sent != null && sent.length() == 3) {
            estimate.received(size, sent.u24(0), arrivalNanos);
        } else if (video && ids.absoluteSendTime() < 0) {
            if (packet.ssrc() != timedSsrc) {
                timedSsrc = packet.ssrc();
                estimate.restart();
            }
            estimate.received(size, packet.timestamp(), VIDEO_CLOCK_HZ, arrivalNanos);
        }
    }

    /// Adds what is due.
    ///
    /// @param ssrcs the sources that a limit is for, the first one is named in reports of arrivals
    /// @param lostPackets found missing so far, repaired or not
    void feedback(long nowNanos, Supplier<List<Long>> ssrcs, long lostPackets, List<Rtcp> out) {
        if (nowNanos - rateNanos >= SECOND_NANOS) {
            bitsPerSecond = (long) (bytes * 8.0 * SECOND_NANOS / (nowNanos - rateNanos));
            rateNanos = nowNanos;
            bytes = 0;
        }
        if (reportsArrivals && nowNanos - arrivalsNanos >= arrivalsPeriodNanos()) {
            arrivalsNanos = nowNanos;
            for (int i = 0; i < MAX_REPORTS_AT_ONCE; i++) {
                Rtcp.TransportFeedback feedback = arrivals.feedback(ssrcs.get().getFirst());
                if (feedback == null) {
                    break;
                }
                out.add(feedback);
            }
        }
        if (limits) {
            limit(nowNanos, ssrcs, lostPackets, out);
        }
    }

    private void limit(long nowNanos, Supplier<List<Long>> ssrcs, long lost, List<Rtcp> out) {
        long period = estimate.urgent() ? URGENT_LIMIT_NANOS : LIMIT_NANOS;
        if (nowNanos - limitNanos >= period) {
            limitNanos = nowNanos;
            out.add(new Rtcp.BitrateLimit(localSsrc, estimate.limit(lost - lostBefore, nowNanos), ssrcs.get()));
            lostBefore = lost;
        }
    }

    private long arrivalsPeriodNanos() {
        long rate = Math.max(1, bitsPerSecond);
        return Math.clamp(REPORT_BITS * SHARE * SECOND_NANOS / rate, MIN_ARRIVALS_NANOS, MAX_ARRIVALS_NANOS);
    }
}
