package tapedeck.rtp;

import java.util.List;

/// How much the path to one peer carries: from transport-wide feedback by the growth of the delay, and by losses,
/// draft-ietf-rmcat-gcc-02; for peers without it by REMB, or by receiver reports alone.
///
/// A stream that needs less than the path carries shows no more than that. So the estimate begins high, and goes down
/// when the path says so; when it is too low for the stream, probes find out whether it still is. Used by one thread.
public final class BandwidthEstimator {
    /// Of most who watch; a narrower path is noticed within a second.
    static final long START_BITS_PER_SECOND = 8_000_000;

    static final long MIN_BITS_PER_SECOND = 100_000;
    static final long MAX_BITS_PER_SECOND = 200_000_000;
    /// Feedback comes every 50 to 250 ms; after so long without any, less is sent.
    static final long SILENCE_NANOS = 1_000_000_000L;
    /// A decrease is answered for so long by sending no faster than the estimate.
    static final long CAREFUL_NANOS = 5_000_000_000L;
    /// Rate and length of a probe.
    static final double PROBE_FACTOR = 2;

    static final long PROBE_NANOS = 60_000_000L;
    /// Between probes, doubled with each one that failed.
    static final long MIN_PROBE_PAUSE_NANOS = 1_000_000_000L;

    static final long MAX_PROBE_PAUSE_NANOS = 16_000_000_000L;

    private static final double SECOND = 1e9;
    private static final double MILLI = 1e6;
    /// 5.5: multiplied on overuse, and per second without.
    private static final double DECREASE = 0.85;

    private static final double INCREASE_PER_SECOND = 0.08;
    /// A peer that lowers its limit by so much has seen its path full.
    private static final double LESS = 0.95;
    /// 5.5: no more than this times what arrives.
    private static final double MAX_OF_ARRIVED = 1.5;
    /// 6: losses that stop the increase, and those that decrease.
    private static final double SOME_LOSS = 0.02;

    private static final double MUCH_LOSS = 0.10;
    private static final int LOSS_PACKETS = 20;
    private static final double LOSS_NANOS = 300e6;
    /// Between two decreases lies time for the first one to show.
    private static final double REACTION_NANOS = 250e6;

    private static final double REFERENCE_MILLIS = 64;
    private static final double DELTA_MILLIS = 0.25;

    private final boolean transportWide;
    private final SentPackets sent = new SentPackets();
    private final DelayTrend trend = new DelayTrend();

    private double rate = START_BITS_PER_SECOND;
    private double limit = MAX_BITS_PER_SECOND;
    /// What arrived when the path was full, smoothed; 0 while unknown.
    private double capacity;

    private long updatedNanos;
    private long decreasedNanos = Long.MIN_VALUE / 2;
    private long heardNanos;
    private long sentNanos;
    private boolean sentSinceHeard;
    private boolean referenced;
    private long reference;
    private int lastReference;

    private final ArrivalRate arrived = new ArrivalRate();

    private double lossFrom;
    private int lossPackets;
    private int lossLost;
    private double lossFraction;

    private int probe;
    private int probeBytes;
    private long probeEndNanos = Long.MIN_VALUE / 2;
    private long probedNanos;
    private long probePauseNanos = MIN_PROBE_PAUSE_NANOS;
    private double probeSentFirst;
    private double probeSentLast;
    private double probeArrivedFirst;
    private double probeArrivedLast;
    private int probeArrivedBytes;
    private int probeArrivedFirstBytes;

    /// @param transportWide whether packets carry transport-wide numbers, and the peer reports on them
    public BandwidthEstimator(boolean transportWide, long nowNanos) {
        this.transportWide = transportWide;
        this.updatedNanos = nowNanos;
        this.heardNanos = nowNanos;
        this.probedNanos = nowNanos;
    }

    /// What the path is thought to carry.
    public long bitsPerSecond() {
        return (long) Math.clamp(Math.min(rate, limit), MIN_BITS_PER_SECOND, MAX_BITS_PER_SECOND);
    }

    /// Whether the path was full lately.
    public boolean careful(long nowNanos) {
        return nowNanos - decreasedNanos < CAREFUL_NANOS || limit < MAX_BITS_PER_SECOND;
    }

    /// Since the path was full.
    public long calmNanos(long nowNanos) {
        return nowNanos - decreasedNanos;
    }

    /// Whether probes tell more than what is sent.
    public boolean measures() {
        return transportWide;
    }

    /// The transport-wide number of the next packet.
    public int nextNumber() {
        return sent.nextNumber();
    }

    public void sent(int bytes, long nowNanos) {
        boolean probing = nowNanos < probeEndNanos;
        sent.add(bytes, probing ? probe : 0, nowNanos);
        if (!sentSinceHeard) {
            sentSinceHeard = true;
            sentNanos = nowNanos;
        }
        probeBytes += probing ? bytes : 0;
    }

    /// The path seems too narrow for the stream: whether to try now if it still is.
    public boolean probeDue(long nowNanos) {
        return transportWide
                && nowNanos - probedNanos >= probePauseNanos
                && nowNanos - decreasedNanos >= MIN_PROBE_PAUSE_NANOS
                && trend.use() == DelayTrend.Use.NORMAL;
    }

    /// From now on, until it has ended, the caller fills the path up.
    public void beginProbe(long nowNanos) {
        probe = probe % 1_000 + 1;
        probeBytes = 0;
        probedNanos = nowNanos;
        probeEndNanos = nowNanos + PROBE_NANOS;
        probePauseNanos = Math.min(2 * probePauseNanos, MAX_PROBE_PAUSE_NANOS);
        probeArrivedBytes = 0;
    }

    /// Bytes that the probe wants beside what was sent since it began; 0 if there is none.
    public int probeBytes(long nowNanos) {
        if (nowNanos >= probeEndNanos) {
            return 0;
        }
        double elapsed = nowNanos - probedNanos;
        return Math.max(0, (int) (elapsed / SECOND * PROBE_FACTOR * bitsPerSecond() / 8) - probeBytes);
    }

    /// Which packets came, and when.
    public void arrivals(Rtcp.TransportFeedback feedback, long nowNanos) {
        heard(nowNanos);
        double arrivedMillis = referenceMillis(feedback.referenceTime());
        List<Integer> deltas = feedback.deltas();
        for (int i = 0; i < deltas.size(); i++) {
            int delta = deltas.get(i);
            boolean came = delta != Rtcp.TransportFeedback.NOT_RECEIVED;
            arrivedMillis += came ? delta * DELTA_MILLIS : 0;
            long packet = sent.find(feedback.baseSequenceNumber() + i & 0xFFFF);
            int bytes = packet < 0 ? 0 : sent.bytes(packet);
            if (bytes > 0) {
                lossPackets++;
                lossLost += came ? 0 : 1;
                if (came) {
                    came(packet, bytes, arrivedMillis);
                    sent.told(packet);
                }
            }
        }
        update(nowNanos);
    }

    private void heard(long nowNanos) {
        heardNanos = nowNanos;
        sentSinceHeard = false;
    }

    /// The peer's clock, whose 24 bits wrap after twelve days.
    private double referenceMillis(int referenceTime) {
        reference += referenced ? (referenceTime - lastReference) << 8 >> 8 : referenceTime;
        referenced = true;
        lastReference = referenceTime;
        return reference * REFERENCE_MILLIS;
    }

    private void came(long packet, int bytes, double arrivedMillis) {
        double left = sent.sentNanos(packet) / MILLI;
        trend.packet(left, arrivedMillis);
        arrived.packet(bytes, arrivedMillis);
        if (probe > 0 && sent.probe(packet) == probe) {
            if (probeArrivedBytes == 0) {
                probeSentFirst = left;
                probeArrivedFirst = arrivedMillis;
                probeArrivedFirstBytes = bytes;
            }
            probeSentLast = left;
            probeArrivedLast = Math.max(arrivedMillis, probeArrivedLast);
            probeArrivedLast = probeArrivedBytes == 0 ? arrivedMillis : probeArrivedLast;
            probeArrivedBytes += bytes;
        }
    }

    private void update(long nowNanos) {
        double elapsed = Math.clamp((double) (nowNanos - updatedNanos), 0, SECOND);
        updatedNanos = nowNanos;
        boolean lossy = losses(nowNanos);
        switch (trend.use()) {
            case OVER -> overused(nowNanos);
            // 5.5: the queue is emptied before more is sent.
            case UNDER -> {}
            case NORMAL -> {
                if (!lossy) {
                    increase(elapsed);
                }
            }
        }
        probed(nowNanos);
    }

    private void overused(long nowNanos) {
        // What was sent before the last decrease is still on its way.
        if (nowNanos - decreasedNanos < REACTION_NANOS) {
            return;
        }
        double carried = arrived.bitsPerSecond();
        boolean other = capacity == 0 || Math.abs(carried - capacity) > capacity / 2;
        capacity = other ? carried : 0.8 * capacity + 0.2 * carried;
        rate = Math.min(rate, DECREASE * carried);
        decreased(nowNanos);
    }

    private void decreased(long nowNanos) {
        rate = Math.max(rate, MIN_BITS_PER_SECOND);
        decreasedNanos = nowNanos;
    }

    /// Near what the path carried last time slowly, else by a share.
    private void increase(double elapsedNanos) {
        double more = rate * INCREASE_PER_SECOND * elapsedNanos / SECOND;
        if (capacity > 0 && rate > 0.9 * capacity && rate < 1.1 * capacity) {
            more /= 2;
        } else if (rate >= 1.1 * capacity) {
            capacity = 0;
        }
        double most = Math.max(rate, MAX_OF_ARRIVED * arrived.bitsPerSecond());
        rate = Math.min(Math.min(rate + more, most), MAX_BITS_PER_SECOND);
    }

    /// True if too much was lost to send more.
    private boolean losses(long nowNanos) {
        if (lossPackets >= LOSS_PACKETS && nowNanos - lossFrom >= LOSS_NANOS) {
            lossFraction = (double) lossLost / lossPackets;
            lossFrom = nowNanos;
            lossPackets = 0;
            lossLost = 0;
            if (lossFraction > MUCH_LOSS) {
                lost(nowNanos);
            }
        }
        return lossFraction > SOME_LOSS;
    }

    private void lost(long nowNanos) {
        // A stream that needs less than the path carries says nothing about what is above it.
        double carried = arrived.bitsPerSecond();
        rate = (carried > 0 ? Math.min(rate, MAX_OF_ARRIVED * carried) : rate) * (1 - lossFraction / 2);
        decreased(nowNanos);
    }

    private void probed(long nowNanos) {
        if (probeArrivedBytes == 0 || nowNanos < probeEndNanos || 2 * probeArrivedBytes < probeBytes) {
            return;
        }
        double bits = 8.0 * (probeArrivedBytes - probeArrivedFirstBytes);
        double left = bits / Math.max(probeSentLast - probeSentFirst, 1) * 1e3;
        double came = bits / Math.max(probeArrivedLast - probeArrivedFirst, 1) * 1e3;
        probeArrivedBytes = 0;
        double found = came < 0.9 * left ? 0.95 * came : Math.min(left, came);
        if (found > 1.1 * rate && trend.use() != DelayTrend.Use.OVER) {
            rate = Math.min(found, MAX_BITS_PER_SECOND);
            capacity = 0;
            probePauseNanos = MIN_PROBE_PAUSE_NANOS;
        }
    }

    /// REMB, which a peer sends that has no transport-wide feedback.
    public void limited(long bitsPerSecond, long nowNanos) {
        if (!transportWide) {
            double before = limit;
            limit = Math.clamp(bitsPerSecond, MIN_BITS_PER_SECOND, MAX_BITS_PER_SECOND);
            if (limit < LESS * before) {
                decreased(nowNanos);
            }
            heard(nowNanos);
        }
    }

    /// A receiver report: losses are all that some peers tell.
    ///
    /// @param fractionLost in 1/256
    public void reported(int fractionLost, long nowNanos) {
        if (transportWide) {
            return;
        }
        heard(nowNanos);
        lossFraction = fractionLost / 256.0;
        double elapsed = Math.clamp((double) (nowNanos - updatedNanos), 0, 5 * SECOND);
        updatedNanos = nowNanos;
        if (lossFraction > MUCH_LOSS) {
            lost(nowNanos);
        } else if (lossFraction < SOME_LOSS) {
            rate = Math.min(rate * (1 + INCREASE_PER_SECOND * elapsed / SECOND), START_BITS_PER_SECOND);
        }
    }

    /// At least every second: a peer that should report and does not gets less and less.
    public void tick(long nowNanos) {
        if (transportWide
                && sentSinceHeard
                && nowNanos - sentNanos >= SILENCE_NANOS
                && nowNanos - heardNanos >= SILENCE_NANOS) {
            heardNanos = nowNanos;
            rate /= 2;
            decreased(nowNanos);
        }
    }
}
