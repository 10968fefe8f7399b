package tapedeck.rtp;

import org.jspecify.annotations.Nullable;

/// Turns the RTP time of one track into the stream's; [PeerClock] says by which rule.
///
/// All offsets are "our clock minus media time", where media time counts from the track's first packet.
final class TrackClock {
    private static final long NONE = Long.MIN_VALUE;
    private static final long SECOND = 1_000_000_000L;

    /// Between capture and arrival lies no more than this: a report that says otherwise is wrong.
    static final long MAX_LATENCY_NANOS = 2 * SECOND;
    /// A report that was delayed itself puts packets into the future by its delay.
    static final long MAX_EARLY_NANOS = SECOND / 2;
    /// RTP time that runs ahead of the arrivals by this, or back by the next, was set anew by the sender.
    static final long MAX_AHEAD_NANOS = 2 * SECOND;

    static final long MAX_BACK_NANOS = SECOND;
    /// From one report to the next, media time may run ahead of the sender's wall clock by this and a tenth.
    static final long MAX_LEAP_NANOS = SECOND / 10;
    /// Two reports that are so far apart tell whether they are of one clock.
    static final long CONFIRMED_NANOS = SECOND / 2;

    /// The least delay is looked for in this much time, or twice that.
    private static final long WINDOW_NANOS = 10 * SECOND;

    /// How much faster or slower media time runs while the place moves: 1/100 for sound is not heard, 1/20 for picture
    /// is not seen. Four times that if the place is far off.
    private static final int AUDIO_SLEW_DIVISOR = 100;

    private static final int VIDEO_SLEW_DIVISOR = 20;
    private static final int COMMON_SLEW_DIVISOR = 200;
    private static final long FAR_NANOS = SECOND / 5;
    /// A pause of the sender that only its reports show: a gap, at once.
    private static final long GAP_NANOS = SECOND / 2;

    /// More than a tick of 90 kHz: where a sender's clock begins anew, no two pictures of a file may have the same
    /// time.
    private static final long MIN_STEP_NANOS = 12_000;

    private final PeerClock peerClock;
    private final int clockRateHz;
    private final int slewDivisor;
    private final boolean video;

    private long firstArrivalNanos = Long.MAX_VALUE;
    private long baseTicks = NONE;
    private long newestMediaNanos;
    private long lastPacketTicks = NONE;
    private long lastPacketNanos = NONE;
    /// Until when what came was faster than real time: it had waited.
    private long burstNanos = NONE;
    private long windowStartNanos;
    private long leastOffset = NONE;
    private long leastOffsetBefore = NONE;
    private long lastOffset;
    /// How late other tracks were when what came soonest came.
    private long heldUpNanos;

    private final StoppedClock stopped = new StoppedClock();
    private boolean reportedSincePause;
    private PeerClock.@Nullable Epoch reportEpoch;
    private long reportNtpNanos;
    private long reportTicks;
    /// Its reports do not tell the time.
    private boolean liar;
    /// Two of its reports, some time apart, told the same.
    private boolean confirmed;
    /// How much newer than all that had come its report was.
    private long aheadNanos;

    private boolean placed;
    private long offset;
    private long lastMediaNanos;
    private long latestMediaNanos = NONE;
    private long lastArrivalNanos;
    private long latestNanos = -MIN_STEP_NANOS;

    TrackClock(PeerClock peerClock, int clockRateHz, boolean video) {
        this.peerClock = peerClock;
        this.clockRateHz = clockRateHz;
        this.video = video;
        this.slewDivisor = video ? VIDEO_SLEW_DIVISOR : AUDIO_SLEW_DIVISOR;
    }

    /// A packet with this RTP time (unwrapped) came; in any order.
    void arrived(long ticks, long arrivalNanos) {
        if (ticks == lastPacketTicks && arrivalNanos == lastPacketNanos) {
            // The packets of a picture that were read together say the same.
            return;
        }
        lastPacketTicks = ticks;
        lastPacketNanos = arrivalNanos;
        if (baseTicks == NONE) {
            baseTicks = ticks;
            newestMediaNanos = 0;
            windowStartNanos = arrivalNanos;
        }
        newestMediaNanos = Math.max(newestMediaNanos, mediaNanos(ticks));
        firstArrivalNanos = Math.min(firstArrivalNanos, arrivalNanos);
        long candidate = arrivalNanos - mediaNanos(ticks);
        lastOffset = candidate;
        if (leastOffset == NONE || candidate < leastOffset) {
            heldUpNanos = peerClock.heldUpNanos(this);
            lookIfEarly(candidate, arrivalNanos);
        }
        if (leastOffset != NONE) {
            if (candidate < leastOffset - PeerClock.BURST_STEP_NANOS) {
                burstNanos = arrivalNanos;
            }
            stopped.arrived(arrivalNanos, candidate, byArrival());
            reportedSincePause &= stopped.isUndecided();
        }
        if (arrivalNanos - windowStartNanos > WINDOW_NANOS) {
            windowStartNanos = arrivalNanos;
            leastOffsetBefore = leastOffset;
            leastOffset = candidate;
        } else {
            leastOffset = leastOffset == NONE ? candidate : Math.min(leastOffset, candidate);
        }
    }

    private void lookIfEarly(long arrivalOffset, long arrivalNanos) {
        PeerClock.Epoch epoch = reportEpoch;
        if (epoch != null && isTrusted()) {
            long early = reportedOffset(epoch) - arrivalOffset;
            if (early <= MAX_EARLY_NANOS) {
                peerClock.arrivedEarly(epoch, early, arrivalNanos);
            }
        }
    }

    /// The sender's wall clock showed this when its RTP clock showed `ticks`; after a first packet.
    void report(long ticks, long ntpNanos, PeerClock.Epoch epoch) {
        long passed = ntpNanos - reportNtpNanos;
        if (reportEpoch == epoch && mediaNanos(ticks) - mediaNanos(reportTicks) > passed / 10 * 11 + MAX_LEAP_NANOS) {
            // GStreamer's webrtcbin reports twice the time that has passed, if it sends files.
            liar = true;
        } else if (reportEpoch == epoch && passed >= CONFIRMED_NANOS) {
            confirmed = true;
        }
        aheadNanos = baseTicks == NONE ? 0 : mediaNanos(ticks) - newestMediaNanos;
        reportTicks = ticks;
        reportNtpNanos = ntpNanos;
        reportEpoch = liar ? null : epoch;
        reportedSincePause = stopped.isUndecided();
        if (leastOffset != NONE) {
            lookIfEarly(byArrival(), lastPacketNanos);
        }
        peerClock.reported();
    }

    /// Whether it is not known yet where what came now belongs: its frames are not to be placed.
    boolean isUndecided(long nowNanos) {
        if (stopped.stoodStill(nowNanos)) {
            windowStartNanos = nowNanos;
            leastOffset = stopped.leastOffset();
            leastOffsetBefore = NONE;
            if (!reportedSincePause) {
                reportEpoch = null;
            }
        }
        return stopped.isUndecided();
    }

    /// When that may be known, or [Long#MIN_VALUE] if it is.
    long decidedNanos() {
        return stopped.isUndecided() ? stopped.lookNanos() : Long.MIN_VALUE;
    }

    boolean hasReport() {
        return reportEpoch != null;
    }

    /// Whether it has reports that can be true: of a server that begins with seconds of the past when these are in.
    boolean isPlacedByReports() {
        return latencyNanos() != NONE;
    }

    /// Whether there is enough to place the track by.
    boolean settled(long nowNanos) {
        if (firstArrivalNanos == Long.MAX_VALUE) {
            return false;
        }
        return isPlacedByReports() || !video && nowNanos - firstArrivalNanos >= PeerClock.SETTLE_NANOS;
    }

    long firstArrivalNanos() {
        return firstArrivalNanos;
    }

    /// When the first packet's content was captured, as far as is known; [Long#MAX_VALUE] before it.
    long firstCapturedNanos() {
        return baseTicks == NONE ? Long.MAX_VALUE : target();
    }

    /// Another source with another RTP clock goes on with this track.
    void restart() {
        baseTicks = NONE;
        lastPacketTicks = NONE;
        leastOffset = NONE;
        leastOffsetBefore = NONE;
        reportEpoch = null;
        liar = false;
        confirmed = false;
        burstNanos = NONE;
        stopped.restart();
        placed = false;
        latestMediaNanos = NONE;
    }

    /// The stream time at which a frame is to be shown or heard. Frames are given in the order of their packets, after
    /// all of those were given to [#arrived(long, long)]; pictures may be reordered ([DecodingOrder]).
    long streamNanos(long ticks, long arrivalNanos) {
        long media = mediaNanos(ticks);
        if (!placed) {
            placed = true;
            // Where it belongs may have moved since time 0 was set by another track: nothing is before it.
            offset = Math.max(target(), peerClock.originNanos() - media);
        } else {
            long mediaStep = media - lastMediaNanos;
            long arrivalStep = Math.max(0, arrivalNanos - lastArrivalNanos);
            if (mediaStep - arrivalStep > MAX_AHEAD_NANOS || mediaStep < -MAX_BACK_NANOS) {
                setAnew(ticks, arrivalNanos, arrivalStep);
                media = mediaNanos(ticks);
            } else {
                // Only while time goes on: pictures that come reordered keep their order.
                slew(Math.max(0, media - latestMediaNanos));
            }
        }
        latestMediaNanos = Math.max(latestMediaNanos, media);
        lastMediaNanos = media;
        lastArrivalNanos = arrivalNanos;
        long nanos = media + offset - peerClock.originNanos();
        latestNanos = Math.max(latestNanos, nanos);
        return nanos;
    }

    /// The sender's RTP clock jumped: time goes on as the arrivals do, and earlier facts about it are void.
    private void setAnew(long ticks, long arrivalNanos, long arrivalStep) {
        restart();
        arrived(ticks, arrivalNanos);
        placed = true;
        offset = latestNanos + peerClock.originNanos() + Math.max(MIN_STEP_NANOS, arrivalStep);
    }

    private void slew(long mediaStep) {
        long error = target() - offset;
        if (error > GAP_NANOS && mediaStep > 0) {
            offset += error;
            return;
        }
        // Where all have to go, all go at the same pace.
        long common = peerClock.commonErrorNanos();
        long commonStep = mediaStep / COMMON_SLEW_DIVISOR;
        long own = error - common;
        long step = mediaStep / slewDivisor;
        if (Math.abs(own) > FAR_NANOS) {
            step *= 4;
        }
        long move = Math.clamp(own, -step, step) + Math.clamp(common, -commonStep, commonStep);
        offset += Math.clamp(move, -step, step);
    }

    private long target() {
        long byArrival = byArrival();
        long latency = latencyNanos();
        return latency == NONE ? byArrival : byArrival - latency;
    }

    /// From capture to sending, as reports and arrivals together say; [Long#MIN_VALUE] if there are no reports, or if
    /// they cannot be true.
    long latencyNanos() {
        PeerClock.Epoch epoch = reportEpoch;
        if (epoch == null || leastOffset == NONE || peerClock.isDoubtful()) {
            return NONE;
        }
        long latency = byArrival() - reportedOffset(epoch);
        return latency >= -MAX_EARLY_NANOS && canBe(latency) ? latency : NONE;
    }

    private long reportedOffset(PeerClock.Epoch epoch) {
        return reportNtpNanos + epoch.offsetNanos() - mediaNanos(reportTicks);
    }

    /// Whether all of the peer can have been held up for that long.
    private boolean canBe(long latency) {
        return latency <= MAX_LATENCY_NANOS
                || isAbout(latency, heldUpNanos)
                || isAbout(latency, peerClock.heldUpNanos(this));
    }

    private static boolean isAbout(long latency, long others) {
        return others > 0 && Math.abs(latency - others) <= MAX_LATENCY_NANOS;
    }

    /// How long after its capture what came last came, as its reports say; 0 where there are none.
    long lateNanos() {
        PeerClock.Epoch epoch = reportEpoch;
        return epoch == null || leastOffset == NONE ? 0 : lastOffset - reportedOffset(epoch);
    }

    /// By how much it is later than its reports say; as [#latencyNanos] where it has no place yet.
    long laterThanReportedNanos() {
        long latency = latencyNanos();
        return latency == NONE || !placed ? latency : offset - (byArrival() - latency);
    }

    /// Whether it has a report that is not that of a liar, as far as one report can tell: it is not far ahead of all
    /// that had come. The next one tells for certain.
    boolean isTrusted() {
        return reportEpoch != null && (confirmed || aheadNanos <= PeerClock.USUAL_LATENCY_NANOS);
    }

    /// When the last packet came that had waited at the sender together with others.
    long burstNanos() {
        return burstNanos;
    }

    /// How far it is from where it belongs.
    long errorNanos() {
        return placed ? target() - offset : 0;
    }

    private long byArrival() {
        return leastOffsetBefore == NONE ? leastOffset : Math.min(leastOffset, leastOffsetBefore);
    }

    /// Whole seconds apart, so that nothing overflows in years.
    private long mediaNanos(long ticks) {
        long since = ticks - baseTicks;
        return since / clockRateHz * SECOND + since % clockRateHz * SECOND / clockRateHz;
    }
}
