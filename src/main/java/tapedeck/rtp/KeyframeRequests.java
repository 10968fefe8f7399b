package tapedeck.rtp;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// When one source is asked for a keyframe: not more often than it could answer, and ever more rarely while nothing
/// comes from it at all.
final class KeyframeRequests {
    /// Between two requests lies at least this, and time for an answer: encoders make no more keyframes anyway.
    static final long MIN_INTERVAL_NANOS = 300_000_000L;
    /// A layer of a simulcast that is switched off is silent, and each request can cost the others a keyframe.
    static final long MAX_INTERVAL_NANOS = 5_000_000_000L;

    private static final long NONE = Long.MIN_VALUE;
    /// The shortest interval so often doubled is beyond the longest.
    private static final int MAX_DOUBLINGS = 5;

    private final long localSsrc;
    private boolean wanted;
    private long lastNanos = NONE;
    private long packetsAtLast;
    private int unanswered;
    private int commandNumber;
    private long count;

    KeyframeRequests(long localSsrc) {
        this.localSsrc = localSsrc;
    }

    /// A reader needs an entry point.
    void want() {
        wanted = true;
    }

    boolean wanted() {
        return wanted;
    }

    /// One came.
    void answered() {
        wanted = false;
    }

    /// When the next one may leave that was due at `dueNanos`.
    ///
    /// @param packets that came from the source so far
    long nanos(long dueNanos, long packets, long roundTripNanos) {
        if (lastNanos == NONE) {
            return dueNanos;
        }
        long interval = Math.max(MIN_INTERVAL_NANOS, 2 * roundTripNanos);
        if (packets == packetsAtLast) {
            interval = Math.max(interval, Math.min(MAX_INTERVAL_NANOS, interval << unanswered));
        }
        return Math.max(dueNanos, lastNanos + interval);
    }

    /// The request, as the peer understands it; null if it understands none.
    ///
    /// @param feedback that was agreed on for the format
    @Nullable
    Rtcp request(long nowNanos, long ssrc, List<String> feedback, long packets) {
        unanswered = lastNanos == NONE || packets != packetsAtLast ? 0 : Math.min(MAX_DOUBLINGS, unanswered + 1);
        lastNanos = nowNanos;
        packetsAtLast = packets;
        if (feedback.contains("nack pli")) {
            count++;
            return new Rtcp.PictureLoss(localSsrc, ssrc);
        }
        if (feedback.contains("ccm fir")) {
            count++;
            var entry = new Rtcp.FullIntraRequest.Entry(ssrc, commandNumber++ & 0xFF);
            return new Rtcp.FullIntraRequest(localSsrc, List.of(entry));
        }
        return null;
    }

    long count() {
        return count;
    }
}
