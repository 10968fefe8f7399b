package tapedeck.rtp;

import java.util.ArrayList;
import java.util.List;

/// The clock that all tracks of one peer share, so that lips and sound stay together.
///
/// Two facts place a track on it. *Arrivals*, from the first packet on: the packet with the least delay was sent when
/// it came, as far as anybody can tell; how long capturing and encoding took stays unknown, a video is late by that.
/// *Sender reports*, from some moment on (Chromium sends the first for video after half a second, for audio after two
/// and a half): they say exactly which RTP time was which wall clock time of the sender, for all tracks alike, and the
/// moment when the report itself came ties that wall clock to ours. Both end in the same scale, our clock when
/// nothing is delayed on the way, so that a track that has reports and one that does not have them yet fit together up
/// to the latter's own capturing delay (for audio less than a packet's length).
///
/// The rule: the first frames of a peer with several tracks are held for [#MAX_HOLD_NANOS] at most, so that both
/// estimates have something to rest on. Then a track is placed by its reports if it has any that can be true, else by
/// its arrivals. When that place moves, time stretches or shrinks a little ([TrackClock]) until it is there: no jump is
/// seen or heard. A sender whose wall clock steps starts a new epoch, in which reports are tied to ours anew.
public final class PeerClock {
    static final long MAX_HOLD_NANOS = 400_000_000L;
    /// While packets come in that have waited at the sender, it is not known yet which one came soonest.
    static final long MAX_BURST_HOLD_NANOS = 1_000_000_000L;
    /// Such a packet comes so much sooner after the one before than real time.
    static final long BURST_STEP_NANOS = 5_000_000L;
    /// After the last one of them all of them are in.
    static final long BURST_PAUSE_NANOS = 100_000_000L;
    /// Arrivals are believed after this long without waiting for a report.
    static final long SETTLE_NANOS = 250_000_000L;
    /// What a sender needs to capture and to encode, at most.
    static final long USUAL_LATENCY_NANOS = 300_000_000L;
    /// No network delays a report for as long as this: the sender's wall clock was set.
    static final long CLOCK_STEP_NANOS = 1_000_000_000L;
    /// A peer or its way that is busier than this is taken for one whose reports are wrong.
    static final long MAX_HELD_UP_NANOS = 10_000_000_000L;
    /// How much one report may move the tie of both clocks once all tracks have reports: 100 ppm of drift at one
    /// report in five seconds.
    private static final long DRIFT_STEP_NANOS = 500_000L;
    /// No quartz drifts so far from one report to the next: those that tied the clocks were late themselves, as the
    /// first ones to a server are that has just been started.
    static final long LATE_TIE_NANOS = 20_000_000L;
    /// So much earlier than reports say a packet may come before they count as late themselves.
    static final long MAX_INEXACT_NANOS = 30_000_000L;
    /// So long after the first report that is looked at, where no other one agrees with it.
    static final long UNCONFIRMED_NANOS = 3_000_000_000L;

    private long originNanos;
    private final long roomNanos;
    /// Whether what comes first may have waited at the peer: servers begin with the past, browsers do not.
    private final boolean beginsWithPast;
    private final List<TrackClock> tracks = new ArrayList<>();
    private Epoch epoch = new Epoch(Long.MIN_VALUE, Long.MIN_VALUE);
    private boolean tied;
    private boolean released;

    /// Of a peer that begins with what it captures now, as browsers do.
    ///
    /// @param originNanos time 0 of the stream, on the clock that all `nowNanos` and `arrivalNanos` are of.
    /// What was captured before it moves it: no frame has a time below 0.
    public PeerClock(long originNanos) {
        this(originNanos, 0, false);
    }

    /// Of a peer that may begin with the past, as servers do.
    ///
    /// @param originNanos as above
    /// @param roomNanos that is kept free in front of the first frame: pictures that come reordered are
    /// decoded before the first one is shown
    public static PeerClock ofServer(long originNanos, long roomNanos) {
        return new PeerClock(originNanos, roomNanos, true);
    }

    private PeerClock(long originNanos, long roomNanos, boolean beginsWithPast) {
        this.beginsWithPast = beginsWithPast;
        this.originNanos = originNanos;
        this.roomNanos = roomNanos;
    }

    /// A stretch of time in which the sender's wall clock ran steadily.
    static final class Epoch {
        /// Our clock minus the sender's.
        private long offsetNanos;
        /// Whether all tracks had reports once.
        private boolean settled;
        /// When the first report of it came.
        private final long tiedNanos;
        /// Whether a later one was as late as those that tied it.
        private boolean confirmed;
        /// The latency of all tracks that is left out.
        private long commonNanos;

        private Epoch(long offsetNanos, long tiedNanos) {
            this.offsetNanos = offsetNanos;
            this.tiedNanos = tiedNanos;
        }

        long offsetNanos() {
            return offsetNanos + commonNanos;
        }
    }

    TrackClock track(int clockRateHz, boolean video) {
        TrackClock track = new TrackClock(this, clockRateHz, video);
        tracks.add(track);
        return track;
    }

    /// The track is over; nothing waits for it.
    void remove(TrackClock track) {
        tracks.remove(track);
    }

    /// Ties the sender's wall clock to ours by a report that just came, and returns the epoch it belongs to. Nothing
    /// of its track needs to have come: what the sender's clock showed is true of all tracks. Again without effect.
    Epoch report(long ntpNanos, long arrivalNanos) {
        long offset = arrivalNanos - ntpNanos;
        if (!tied || Math.abs(offset - epoch.offsetNanos) > CLOCK_STEP_NANOS) {
            tied = true;
            epoch = new Epoch(offset, arrivalNanos);
            return epoch;
        }
        epoch.confirmed |= Math.abs(offset - epoch.offsetNanos) <= LATE_TIE_NANOS
                && arrivalNanos - epoch.tiedNanos >= TrackClock.CONFIRMED_NANOS;
        if (epoch.offsetNanos - offset > LATE_TIE_NANOS || !tracks.stream().allMatch(TrackClock::hasReport)) {
            // The report with the least delay is the truest; tracks without any depend on it.
            epoch.offsetNanos = Math.min(epoch.offsetNanos, offset);
        } else {
            // All tracks move by the same now, and only as fast as two quartz clocks drift apart.
            epoch.offsetNanos += Math.clamp(offset - epoch.offsetNanos, -DRIFT_STEP_NANOS, DRIFT_STEP_NANOS / 10);
        }
        return epoch;
    }

    /// A packet came so long before it was captured, as its track's reports say: they were late by at least that.
    /// Later, when another report has agreed, it is the track's own reports that are not exact (Chromium's of sound
    /// are up to 25 ms off for a while). Only of who sends what it captures now: a server can run ahead.
    void arrivedEarly(Epoch reported, long earlyNanos, long arrivalNanos) {
        if (!beginsWithPast
                && reported == epoch
                && !epoch.confirmed
                && arrivalNanos - epoch.tiedNanos < UNCONFIRMED_NANOS
                && earlyNanos > MAX_INEXACT_NANOS) {
            epoch.offsetNanos -= earlyNanos;
        }
    }

    /// Whether no report is believed yet, as all of them are of RTP times that nobody has seen: of a sender of which
    /// every track waits for longer than an encoder needs, or of one whose reports are wrong. GStreamer's webrtcbin
    /// that sends files reports the RTP time of the last packet plus all the time since it was started: that is far
    /// off, for each track by up to a packet more or less, and the latter is heard. Whoever begins with the past
    /// reports times that are not here yet either.
    boolean isDoubtful() {
        if (beginsWithPast) {
            return false;
        }
        boolean reported = false;
        for (TrackClock track : tracks) {
            if (track.isTrusted()) {
                return false;
            }
            reported |= track.hasReport();
        }
        return reported;
    }

    /// How late the other tracks are now, as their own reports say: where a machine has no time for a server that sends
    /// to it, or publishes from it, the first packets of all its tracks come seconds after they were made.
    long heldUpNanos(TrackClock of) {
        long late = 0;
        for (TrackClock track : tracks) {
            late = beginsWithPast && track != of ? Math.max(late, track.lateNanos()) : late;
        }
        return Math.min(late, MAX_HELD_UP_NANOS);
    }

    /// How far all tracks are from where they belong, in the same direction: what had waited at the sender, or on the
    /// way, came in more slowly than frames could be held for.
    long commonErrorNanos() {
        long least = Long.MAX_VALUE;
        long most = Long.MIN_VALUE;
        for (TrackClock track : tracks) {
            long error = track.errorNanos();
            least = Math.min(least, error);
            most = Math.max(most, error);
        }
        return tracks.size() < 2 ? 0 : least > 0 ? least : Math.min(most, 0);
    }

    /// Whether frames may leave; once true, for ever.
    boolean ready(long nowNanos) {
        if (!released) {
            released = nowNanos >= holdUntilNanos()
                    || nowNanos >= burstUntilNanos() && tracks.stream().allMatch(track -> track.settled(nowNanos));
            if (released) {
                // Whoever is placed by reports from the beginning has nowhere to move to.
                epoch.settled |= beginsWithPast && tracks.stream().allMatch(TrackClock::isPlacedByReports);
                tracks.forEach(track -> originNanos = Math.min(originNanos, track.firstCapturedNanos() - roomNanos));
            }
        }
        return released;
    }

    /// A track that was placed by arrivals has a report. As soon as all have one: more latency than an encoder needs,
    /// and that of all tracks alike, is nothing that anybody sees or hears; it would only move all tracks, each at
    /// its own pace. Before any is placed nothing moves, and what comes first may come late: servers begin with the
    /// past.
    void reported() {
        if (beginsWithPast && !released || epoch.settled) {
            return;
        }
        long common = Long.MAX_VALUE;
        for (TrackClock track : tracks) {
            // What has its place already, by its own reports perhaps, stays there.
            long latency = track.laterThanReportedNanos();
            if (latency == Long.MIN_VALUE && track.firstArrivalNanos() != Long.MAX_VALUE) {
                return;
            }
            common = latency == Long.MIN_VALUE ? common : Math.min(common, latency);
        }
        epoch.settled = true;
        if (common > USUAL_LATENCY_NANOS && common < Long.MAX_VALUE) {
            epoch.commonNanos = common;
        }
    }

    /// When time 0 of the stream was captured, on our clock; once there are reports it stays where it is.
    public long capturedZeroNanos() {
        return originNanos - epoch.commonNanos;
    }

    long originNanos() {
        return originNanos;
    }

    /// When [#ready(long)] becomes true at the latest; [Long#MAX_VALUE] before the first packet.
    long holdUntilNanos() {
        long first = Long.MAX_VALUE;
        for (TrackClock track : tracks) {
            first = Math.min(first, track.firstArrivalNanos());
        }
        if (first == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        return tracks.size() == 1
                ? first
                : first + Math.clamp(burstUntilNanos() - first, MAX_HOLD_NANOS, MAX_BURST_HOLD_NANOS);
    }

    /// When all is in that had waited at the sender; in the past where nothing had.
    private long burstUntilNanos() {
        long until = 0;
        for (TrackClock track : tracks) {
            long burst = track.burstNanos();
            until = beginsWithPast || burst == Long.MIN_VALUE ? until : Math.max(until, burst + BURST_PAUSE_NANOS);
        }
        return until;
    }
}
