package tapedeck.rtp;

import java.util.List;
import java.util.Optional;
import tapedeck.rtp.payload.PayloadFormat;

/// Tells the sender of one picture how much its way carries (REMB, draft-alvestrand-rmcat-remb-03), if it has said that
/// it wants to hear it. Only the RTP time says when its packets were sent.
final class SenderLimit {
    private static final String WISH = "goog-remb";
    private static final int VIDEO_CLOCK_HZ = 90_000;

    private final ReceiveEstimate estimate = new ReceiveEstimate();
    private long ssrc = -1;
    private long missedBefore;

    private SenderLimit() {}

    /// Empty where nobody asks for it, and for sound: its pauses say nothing about the way.
    static Optional<SenderLimit> of(List<PayloadFormat> formats) {
        boolean wanted = formats.stream()
                .anyMatch(format -> format.clockRateHz() == VIDEO_CLOCK_HZ
                        && format.feedback().contains(WISH));
        return wanted ? Optional.of(new SenderLimit()) : Optional.empty();
    }

    void received(RtpPacket packet, long arrivalNanos) {
        if (packet.ssrc() != ssrc) {
            ssrc = packet.ssrc();
            estimate.restart();
        }
        estimate.received(packet.bytes().length(), packet.timestamp(), VIDEO_CLOCK_HZ, arrivalNanos);
    }

    /// Goes behind a receiver report.
    ///
    /// @param missedPackets so far, repaired or not
    Rtcp.BitrateLimit report(long localSsrc, long missedPackets, long nowNanos) {
        long bitsPerSecond = estimate.limit(missedPackets - missedBefore, nowNanos);
        missedBefore = missedPackets;
        return new Rtcp.BitrateLimit(localSsrc, bitsPerSecond, List.of(ssrc));
    }
}
