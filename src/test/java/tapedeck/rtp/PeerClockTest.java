package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.rtp.LossyLink.MILLI;
import static tapedeck.rtp.LossyLink.SECOND;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/// Lips and sound: every moment is captured by a microphone and a camera of one peer, and must get one stream time.
class PeerClockTest {
    private static final long LIPS_NANOS = 40 * MILLI;

    /// One track of the simulated peer.
    private static final class Source {
        private final TrackClock clock;
        private final long periodNanos;
        private final int clockRateHz;
        private long encodeNanos;
        private long jitterNanos = 5 * MILLI;
        private long startNanos;
        private double rate = 1;
        private long[] reports = {};
        /// What the sender's wall clock shows at a moment, and what its RTP clock is set to.
        private LongUnaryOperator wall = nanos -> nanos;

        private LongUnaryOperator set = nanos -> nanos;
        /// The moment of which its reports tell, instead of the one at which they are made.
        private LongUnaryOperator reported = nanos -> nanos;
        /// Nothing is sent between these two moments, or nothing arrives.
        private long pauseFrom = Long.MAX_VALUE;

        private long pauseTo = Long.MAX_VALUE;
        private boolean heldBack;
        /// What was captured before is sent then, in as much time as that.
        private long waitedNanos;

        private long comesInNanos;
        /// Until then all comes later than it could.
        private long busyUntil;

        private long busyNanos;
        /// Until then reports come 150 ms later than media.
        private long reportsLateUntil;
        private final List<long[]> frames = new ArrayList<>();
        private final Deque<long[]> held = new ArrayDeque<>();

        private Source(PeerClock peer, boolean video) {
            clockRateHz = video ? 90_000 : 48_000;
            periodNanos = video ? SECOND / 30 : 20 * MILLI;
            clock = peer.track(clockRateHz, video);
        }

        private long ticks(long nanos) {
            return 1L << 32 | (long) (set.applyAsLong(nanos) * rate / SECOND * clockRateHz);
        }

        private long wayNanos(long at, double jitter) {
            return (long) (jitter * jitterNanos) + (at < busyUntil ? busyNanos : 0);
        }

        /// @param at when it was captured
        private long sentNanos(long at) {
            return at >= waitedNanos + comesInNanos
                    ? at
                    : waitedNanos + at * comesInNanos / (waitedNanos + comesInNanos);
        }
    }

    private record Event(long nanos, Runnable action) {}

    private final Random random = new Random(1);
    private final PeerClock peer = new PeerClock(0);
    private final Source audio = new Source(peer, false);
    private final Source video = new Source(peer, true);

    /// As Chromium does it: video after half a second and then every one, audio after two and a half and then every
    /// five; media flow 0.3 s after that clock was started.
    private void chromium() {
        video.reports = every(200 * MILLI, SECOND);
        audio.reports = every(2200 * MILLI, 5 * SECOND);
    }

    private static long[] every(long first, long period) {
        return java.util.stream.LongStream.iterate(first, nanos -> nanos + period)
                .limit(2000)
                .toArray();
    }

    private void run(long untilNanos) {
        long networkNanos = 25 * MILLI;
        PriorityQueue<Event> events = new PriorityQueue<>(Comparator.comparingLong(Event::nanos));
        long origin = 300 * MILLI;
        for (Source source : List.of(audio, video)) {
            long before = 0;
            for (long at = source.startNanos; at < untilNanos; at += source.periodNanos) {
                long capture = at;
                boolean pause = at >= source.pauseFrom && at < source.pauseTo;
                if (pause && !source.heldBack) {
                    continue;
                }
                long sent = origin + source.sentNanos(pause ? source.pauseTo : at) + source.encodeNanos;
                long arrival = Math.max(before + 1, sent + source.wayNanos(at, random.nextDouble()) + networkNanos);
                before = arrival;
                events.add(new Event(arrival, () -> {
                    source.clock.arrived(source.ticks(capture), arrival);
                    source.held.add(new long[] {capture, arrival});
                }));
            }
            for (long at : source.reports) {
                if (at < untilNanos) {
                    long late = at < source.reportsLateUntil ? 150 * MILLI : 0;
                    long arrival = origin + at + source.wayNanos(at, random.nextDouble()) + late + networkNanos;
                    events.add(new Event(arrival, () -> {
                        var epoch = peer.report(source.wall.applyAsLong(at), arrival);
                        source.clock.report(
                                source.ticks(source.reported.applyAsLong(at)), source.wall.applyAsLong(at), epoch);
                    }));
                }
            }
        }
        while (!events.isEmpty()) {
            Event event = events.poll();
            event.action().run();
            for (Source source : List.of(audio, video)) {
                while (!source.held.isEmpty()
                        && peer.ready(event.nanos())
                        && !source.clock.isUndecided(event.nanos())) {
                    long[] frame = source.held.poll();
                    long stream = source.clock.streamNanos(source.ticks(frame[0]), frame[1]);
                    source.frames.add(new long[] {frame[0], stream, event.nanos()});
                }
            }
        }
    }

    /// How far the same moment is apart in both tracks, at worst from this moment on.
    private long skewFrom(long nanos) {
        long worst = 0;
        int at = 0;
        for (long[] picture : video.frames) {
            while (at < audio.frames.size() - 1 && audio.frames.get(at)[0] < picture[0]) {
                at++;
            }
            long[] sound = audio.frames.get(at);
            if (picture[0] >= nanos && sound[0] >= nanos) {
                worst = Math.max(worst, Math.abs(picture[1] - picture[0] - (sound[1] - sound[0])));
            }
        }
        return worst;
    }

    private void assertLips(long fromNanos) {
        long skew = skewFrom(fromNanos);
        assertTrue(skew <= LIPS_NANOS, "%.1f ms apart".formatted(skew / 1e6));
        assertTrue(video.frames.size() > 100 && audio.frames.size() > 100);
        monotonic();
    }

    private void monotonic() {
        for (Source source : List.of(audio, video)) {
            assertTrue(source.frames.getFirst()[1] >= 0);
            for (int i = 1; i < source.frames.size(); i++) {
                assertTrue(source.frames.get(i)[1] > source.frames.get(i - 1)[1], "time goes forward");
            }
        }
    }

    @Test
    void aSlowEncoderIsSeenThroughFromTheStart() {
        chromium();
        video.encodeNanos = 150 * MILLI;
        video.jitterNanos = 30 * MILLI;
        run(20 * SECOND);
        assertLips(0);
    }

    @Test
    void withoutAnyReportArrivalsAreCloseEnoughForAFastEncoder() {
        video.encodeNanos = 25 * MILLI;
        video.jitterNanos = 60 * MILLI;
        audio.jitterNanos = 40 * MILLI;
        run(20 * SECOND);
        assertLips(0);
    }

    @Test
    void aLateReportMovesThePictureWithoutAJump() {
        video.reports = every(3 * SECOND, SECOND);
        audio.reports = every(4 * SECOND, 5 * SECOND);
        video.encodeNanos = 150 * MILLI;
        run(20 * SECOND);
        assertLips(7 * SECOND);
        for (int i = 1; i < video.frames.size(); i++) {
            long step = video.frames.get(i)[1] - video.frames.get(i - 1)[1];
            assertTrue(Math.abs(step - video.periodNanos) <= video.periodNanos / 20 + 1000, "step of " + step);
        }
        for (int i = 1; i < audio.frames.size(); i++) {
            long step = audio.frames.get(i)[1] - audio.frames.get(i - 1)[1];
            assertTrue(Math.abs(step - audio.periodNanos) <= audio.periodNanos / 100 + 25_000, "step of " + step);
        }
    }

    @Test
    void aWallClockThatIsSetIsNotSeen() {
        chromium();
        video.encodeNanos = 80 * MILLI;
        LongUnaryOperator stepped =
                nanos -> nanos + (nanos > 12 * SECOND ? 5 * SECOND : 0) - (nanos > 30 * SECOND ? 3600 * SECOND : 0);
        video.wall = stepped;
        audio.wall = stepped;
        run(60 * SECOND);
        assertLips(0);
    }

    @Test
    void reportsThatCannotBeTrueAreNotBelieved() {
        chromium();
        video.encodeNanos = 20 * MILLI;
        video.wall = nanos -> nanos > 5 * SECOND ? nanos - 5 * SECOND : nanos;
        run(30 * SECOND);
        assertLips(0);
    }

    /// The first page of a server that has just been started: all that it sends, its first reports too, comes late.
    @Test
    void whoWasHeardLateAtFirstIsWhereItBelongsSoonAfterwards() {
        chromium();
        for (Source source : List.of(audio, video)) {
            source.busyUntil = 3 * SECOND;
            source.busyNanos = 100 * MILLI;
        }
        run(150 * SECOND);
        assertLips(0);
        for (Source source : List.of(audio, video)) {
            long moved = laterThanCaptured(source, 25 * SECOND) - laterThanCaptured(source, 140 * SECOND);
            assertTrue(Math.abs(moved) <= 20 * MILLI, "still %.1f ms late".formatted(moved / 1e6));
        }
    }

    /// What came before a late report shows how late that was.
    @Test
    void reportsThatAreLateAloneMoveNothing() {
        chromium();
        for (Source source : List.of(audio, video)) {
            source.reportsLateUntil = 8 * SECOND;
        }
        run(60 * SECOND);
        assertLips(0);
        for (Source source : List.of(audio, video)) {
            for (long at = 3; at < 60; at++) {
                long moved = laterThanCaptured(source, at * SECOND) - laterThanCaptured(source, 59 * SECOND);
                assertTrue(Math.abs(moved) <= 40 * MILLI, "%.1f ms late after %d s".formatted(moved / 1e6, at));
            }
        }
    }

    private static long laterThanCaptured(Source source, long nanos) {
        long[] frame = source.frames.stream()
                .filter(each -> each[0] >= nanos)
                .findFirst()
                .orElseThrow();
        return frame[1] - frame[0];
    }

    /// As webrtcbin's of GStreamer 1.22 if it sends files.
    @Test
    void reportsOfTwiceTheTimeAreNotBelieved() {
        video.reports = new long[] {1600 * MILLI, 2200 * MILLI, 9000 * MILLI, 14_000 * MILLI};
        audio.reports = video.reports;
        video.reported = nanos -> 2 * nanos;
        audio.reported = video.reported;
        run(30 * SECOND);
        assertLips(0);
        assertSteady();
    }

    /// Each report is of the last packet of its track, which is older by up to what one lasts: a track that is placed
    /// by such a report and one that is not, or by another one, are apart.
    @Test
    void beforeReportsOfTwiceTheTimeAreFoundOutNothingMoves() {
        for (long first : List.of(800L, 1200L, 1960L, 1990L, 2010L)) {
            PeerClockTest other = new PeerClockTest();
            other.reportsTwice(first * MILLI);
            other.run(20 * SECOND);
            assertTrue(other.skewFrom(0) <= 10 * MILLI, "%d: %.1f ms".formatted(first, other.skewFrom(0) / 1e6));
            other.assertSteady();
        }
    }

    /// What was captured while the session was set up comes in a burst, on a busy machine in no hurry and sound behind
    /// the picture: nothing is torn apart by that, and what is moved is so at one pace.
    @Test
    void whatHadWaitedComesInTogether() {
        for (long comesIn : List.of(10L, 150L, 350L, 600L, 800L)) {
            PeerClockTest other = new PeerClockTest();
            other.reportsTwice(1900 * MILLI);
            other.video.waitedNanos = 1200 * MILLI;
            other.audio.waitedNanos = 1200 * MILLI;
            other.video.comesInNanos = comesIn * MILLI;
            other.audio.comesInNanos = (comesIn + 100) * MILLI;
            other.run(20 * SECOND);
            assertTrue(other.skewFrom(0) <= 10 * MILLI, "%d: %.1f ms".formatted(comesIn, other.skewFrom(0) / 1e6));
            other.assertSteady();
        }
    }

    /// One that comes in more slowly than that.
    @Test
    void aBurstThatIsHeldBackTooLongIsMovedAtOnePace() {
        video.waitedNanos = 1500 * MILLI;
        audio.waitedNanos = 1500 * MILLI;
        video.comesInNanos = 1500 * MILLI;
        audio.comesInNanos = 1500 * MILLI;
        run(30 * SECOND);
        assertLips(0);
    }

    @Test
    void aReportOfThePictureAloneThatNobodyCanHaveSeenIsNotBelieved() {
        reportsTwice(600 * MILLI);
        audio.reports = every(1200 * MILLI, 5 * SECOND);
        run(20 * SECOND);
        assertTrue(skewFrom(0) <= 10 * MILLI, "%.1f ms".formatted(skewFrom(0) / 1e6));
        assertSteady();
    }

    private void reportsTwice(long firstNanos) {
        video.reports = every(firstNanos, 5 * SECOND);
        audio.reports = video.reports;
        video.reported = nanos -> 2 * nanos - 35 * MILLI;
        audio.reported = nanos -> 2 * nanos;
    }

    @Test
    void aLatencyThatAllTracksHaveMovesNothing() {
        video.reports = every(1600 * MILLI, 5 * SECOND);
        audio.reports = video.reports;
        video.reported = nanos -> nanos + 1500 * MILLI;
        audio.reported = video.reported;
        run(30 * SECOND);
        assertLips(0);
        assertSteady();
    }

    /// By it streams of several peers are put beside each other: a frame's time and this are when it was captured, up
    /// to the network's delay.
    @Test
    void timeZeroIsKnownOnOurClock() {
        chromium();
        audio.encodeNanos = 450 * MILLI;
        video.encodeNanos = 500 * MILLI;
        run(30 * SECOND);
        for (Source source : List.of(audio, video)) {
            long[] last = source.frames.getLast();
            long capturedNanos = 300 * MILLI + last[0];
            assertEquals(capturedNanos, peer.capturedZeroNanos() + last[1], LIPS_NANOS);
        }
    }

    /// Time goes on as it did at the source.
    private void assertSteady() {
        for (Source source : List.of(audio, video)) {
            LongSummaryStatistics late = source.frames.stream()
                    .mapToLong(frame -> frame[1] - frame[0])
                    .summaryStatistics();
            assertTrue(late.getMax() - late.getMin() < LIPS_NANOS, late.toString());
        }
    }

    @Test
    void aSoundCardThatRunsFastDoesNotDriftAway() {
        chromium();
        video.encodeNanos = 40 * MILLI;
        audio.rate = 1.001;
        run(600 * SECOND);
        assertLips(10 * SECOND);
    }

    @Test
    void withoutReportsAFastSoundCardIsHeldByItsArrivals() {
        audio.rate = 1.0003;
        run(300 * SECOND);
        assertLips(0);
    }

    @Test
    void rtpTimeThatJumpsIsAGapOfOneFrame() {
        chromium();
        video.encodeNanos = 30 * MILLI;
        video.set = nanos ->
                nanos + (nanos > 10 * SECOND ? 3 * 3600 * SECOND : 0) - (nanos > 20 * SECOND ? 10 * SECOND : 0);
        run(40 * SECOND);
        monotonic();
        for (int i = 1; i < video.frames.size(); i++) {
            long step = video.frames.get(i)[1] - video.frames.get(i - 1)[1];
            assertTrue(step <= 2 * video.periodNanos, "step of " + step + " at frame " + i);
        }
        // The next report says where the picture belongs.
        assertTrue(skewFrom(14 * SECOND) <= LIPS_NANOS + 30 * MILLI);
    }

    private void soundPauses(long seconds) {
        audio.pauseFrom = 10 * SECOND;
        audio.pauseTo = (10 + seconds) * SECOND;
        audio.set = nanos ->
                nanos < audio.pauseFrom ? nanos : Math.max(audio.pauseFrom, nanos - (audio.pauseTo - audio.pauseFrom));
    }

    /// Chromium's sound while a page has taken its microphone away: nothing comes, and its RTP clock stands still.
    @Test
    void aClockThatStandsStillInAPauseIsFoundOut() {
        chromium();
        soundPauses(10);
        run(40 * SECOND);
        assertLips(0);
    }

    @Test
    void aClockThatStandsStillIsFoundOutWithoutReports() {
        soundPauses(3);
        run(40 * SECOND);
        assertLips(0);
    }

    /// A tunnel: what was held back comes all at once, and belongs to where it was made.
    @Test
    void whatTheNetworkHeldBackKeepsItsPlace() {
        chromium();
        for (Source source : List.of(audio, video)) {
            source.pauseFrom = 10 * SECOND;
            source.pauseTo = 13 * SECOND;
            source.heldBack = true;
        }
        run(40 * SECOND);
        assertLips(0);
        for (long[] frame : audio.frames) {
            assertTrue(frame[1] - frame[0] < 500 * MILLI, "late by " + (frame[1] - frame[0]));
        }
    }

    @Test
    void aTrackThatStartsLaterKeepsItsPlace() {
        chromium();
        video.startNanos = 8 * SECOND;
        video.reports = every(8200 * MILLI, SECOND);
        run(20 * SECOND);
        assertLips(9 * SECOND);
        assertTrue(
                audio.frames.getFirst()[2] <= PeerClock.MAX_HOLD_NANOS + 400 * MILLI, "nobody waits for it for ever");
    }

    @Test
    void framesAreHeldForAMomentAtMost() {
        run(5 * SECOND);
        long first = Math.min(audio.frames.getFirst()[2], video.frames.getFirst()[2]);
        assertTrue(first <= 330 * MILLI + PeerClock.MAX_HOLD_NANOS + 40 * MILLI, "first frame at " + first);
        // Later ones not at all.
        for (long[] frame : audio.frames.subList(50, audio.frames.size())) {
            assertTrue(frame[2] - frame[0] <= 340 * MILLI);
        }
    }

    @Test
    void aSingleTrackIsNotHeld() {
        PeerClock alone = new PeerClock(0);
        TrackClock track = alone.track(90_000, true);
        track.arrived(5, SECOND);
        assertTrue(alone.ready(SECOND));
        assertEquals(SECOND, track.streamNanos(5, SECOND));
    }

    @Test
    void whatWasCapturedBeforeTheOriginMovesIt() {
        PeerClock late = new PeerClock(10 * SECOND);
        TrackClock picture = late.track(90_000, true);
        TrackClock sound = late.track(48_000, false);
        // The picture of 10.0 s comes at 10.5 s, as its report says.
        picture.arrived(1_000_000, 10 * SECOND + 500 * MILLI);
        sound.arrived(1_000_000, 10 * SECOND + 100 * MILLI);
        picture.report(1_000_000, 9 * SECOND, late.report(9 * SECOND, 9 * SECOND + 800 * MILLI));
        assertTrue(late.ready(11 * SECOND));
        assertEquals(0, picture.streamNanos(1_000_000, 10 * SECOND + 500 * MILLI));
        assertEquals(300 * MILLI, sound.streamNanos(1_000_000, 10 * SECOND + 100 * MILLI));
    }
}
