package tapedeck.rtp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Notes when the packets of a transport arrived, and reports it as transport-wide feedback,
/// draft-holmer-rmcat-transport-wide-cc-extensions-01. Each arrival is reported once, also one that comes
/// after its neighbours were reported.
public final class TransportArrivals {
    /// Sequence numbers that wait for one report at most: what is older is not reported.
    static final int WINDOW = 2048;

    private static final long NONE = Long.MIN_VALUE;
    private static final long DELTA_NANOS = 250_000;
    private static final long REFERENCE_NANOS = 64_000_000;

    private final long senderSsrc;
    private final Unwrapper unwrapper = new Unwrapper(16);
    private final long[] arrivals = new long[WINDOW];
    private long originNanos = NONE;
    /// The next one to report on; what was lost in between is reported as lost.
    private long first;
    /// All in front of this one were reported on; among them, what arrives late is reported alone.
    private long reported = NONE;
    private long last = NONE;
    private int waiting;
    private int feedbackCount;

    public TransportArrivals(long senderSsrc) {
        this.senderSsrc = senderSsrc;
        Arrays.fill(arrivals, NONE);
    }

    /// @param sequenceNumber the transport-wide one from the header extension
    public void received(int sequenceNumber, long arrivalNanos) {
        long sequence = unwrapper.unwrapForward(sequenceNumber & 0xFFFF);
        if (last == NONE) {
            originNanos = arrivalNanos;
            first = sequence;
            last = sequence;
        }
        if (sequence <= last - WINDOW) {
            return;
        }
        for (long skipped = Math.max(last + 1, sequence - WINDOW + 1); skipped <= sequence; skipped++) {
            forget(skipped);
        }
        last = Math.max(last, sequence);
        first = Math.max(Math.min(first, sequence), last - WINDOW + 1);
        if (arrivals[slot(sequence)] == NONE) {
            arrivals[slot(sequence)] = Math.max(0, arrivalNanos - originNanos);
            waiting++;
        }
    }

    /// A report on what arrived since the last one, or null if nothing did. Ask until it is null: packets that came
    /// late, and times that are seconds apart, need reports of their own.
    public Rtcp.@Nullable TransportFeedback feedback(long mediaSsrc) {
        if (waiting == 0) {
            return null;
        }
        long sequence = first;
        while (sequence < reported && arrivals[slot(sequence)] == NONE) {
            sequence++;
        }
        long base = sequence;
        while (arrivals[slot(sequence)] == NONE) {
            sequence++;
        }
        long referenceTime = arrivals[slot(sequence)] / REFERENCE_NANOS;
        long clock = referenceTime * REFERENCE_NANOS;
        List<Integer> deltas = new ArrayList<>((int) (last - base + 1));
        for (sequence = base; waiting > 0; sequence++) {
            long arrival = arrivals[slot(sequence)];
            if (arrival == NONE && sequence < reported) {
                // Reported before: to say that it was lost would be wrong.
                break;
            }
            if (arrival == NONE) {
                deltas.add(Rtcp.TransportFeedback.NOT_RECEIVED);
                continue;
            }
            // Rounded against the clock as reported, so that the error does not add up.
            long delta = Math.floorDiv(arrival - clock + DELTA_NANOS / 2, DELTA_NANOS);
            if (delta != (short) delta) {
                break;
            }
            clock += delta * DELTA_NANOS;
            deltas.add((int) delta);
            forget(sequence);
        }
        first = sequence;
        reported = Math.max(reported, sequence);
        return new Rtcp.TransportFeedback(
                senderSsrc,
                mediaSsrc,
                (int) (base & 0xFFFF),
                (int) (referenceTime << 8) >> 8,
                feedbackCount++ & 0xFF,
                deltas);
    }

    private void forget(long sequence) {
        if (arrivals[slot(sequence)] != NONE) {
            arrivals[slot(sequence)] = NONE;
            waiting--;
        }
    }

    private static int slot(long sequence) {
        return (int) (sequence & WINDOW - 1);
    }
}
