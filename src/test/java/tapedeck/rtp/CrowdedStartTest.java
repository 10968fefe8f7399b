package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.rtp.LossyLink.MILLI;
import static tapedeck.rtp.LossyLink.SECOND;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Hundreds of ffmpegs that begin to publish together: each opens its session, gets no time for seconds, and what it or
/// the server could not do then is done in bursts. Its reports (made when it sends, of the time since it opened) are
/// right all the while.
class CrowdedStartTest {
    private static final long LIPS_NANOS = 60 * MILLI;
    private static final long PICTURE_NANOS = 40 * MILLI;
    /// Of a packet of sound, which is sent when the last of it is there.
    private static final long SOUND_NANOS = 704 * MILLI;
    private static final long MEDIA_NANOS = 8 * SECOND;
    private static final int VIDEO_HZ = 90_000;
    private static final int AUDIO_HZ = 48_000;

    private final PeerClock peer = PeerClock.ofServer(0, 200 * MILLI);
    private final Track video = new Track(peer.track(VIDEO_HZ, true), VIDEO_HZ);
    private final Track audio = new Track(peer.track(AUDIO_HZ, false), AUDIO_HZ);

    private static final class Track {
        private final TrackClock clock;
        private final int rateHz;
        private final Deque<long[]> held = new ArrayDeque<>();
        /// Media time and time of the stream.
        private final List<long[]> placed = new ArrayList<>();

        Track(TrackClock clock, int rateHz) {
            this.clock = clock;
            this.rateHz = rateHz;
        }

        long ticks(long mediaNanos) {
            return (1L << 32) + mediaNanos / MILLI * rateHz / 1000;
        }
    }

    private record Packet(Track track, long mediaNanos, long arrivalNanos) {}

    /// @param lagMillis between the opening and the first packet
    /// @param reads when the server reads, in ms after the first packet was sent, until it does so all the time
    @ParameterizedTest
    @CsvSource({"0, ''", "500, 750 2590 4030", "830, ''", "1900, ''", "5800, ''", "5800, 1500 4000"})
    void lipsAndSoundAreTogetherAndNothingJumps(long lagMillis, String reads) {
        long lagNanos = lagMillis * MILLI;
        long[] readNanos = Arrays.stream(reads.split(" "))
                .filter(read -> !read.isEmpty())
                .mapToLong(read -> lagNanos + Long.parseLong(read) * MILLI)
                .toArray();
        List<Packet> packets = new ArrayList<>();
        for (long media = 0; media < MEDIA_NANOS; media += PICTURE_NANOS) {
            packets.add(new Packet(video, media, readAt(lagNanos + media, readNanos)));
        }
        for (long media = 0; media < MEDIA_NANOS; media += SOUND_NANOS) {
            packets.add(new Packet(audio, media, readAt(lagNanos + media + SOUND_NANOS, readNanos)));
        }
        packets.sort(Comparator.comparingLong(Packet::arrivalNanos));
        for (Packet packet : packets) {
            receive(packet, lagNanos, readAt(lagNanos, readNanos));
        }
        assertEquals(MEDIA_NANOS / PICTURE_NANOS, video.placed.size());
        assertEquals(0, worstJump(video.placed) / LIPS_NANOS, worstJump(video.placed) / MILLI + " ms");
        long worst = 0;
        for (long[] sound : audio.placed) {
            long[] picture = video.placed.get((int) Math.min(video.placed.size() - 1, sound[0] / PICTURE_NANOS));
            worst = Math.max(worst, Math.abs(picture[1] - picture[0] - (sound[1] - sound[0])));
        }
        assertTrue(worst <= LIPS_NANOS, worst / MILLI + " ms");
    }

    private static long readAt(long sentNanos, long[] reads) {
        return Arrays.stream(reads)
                .filter(read -> read >= sentNanos)
                .findFirst()
                .orElse(sentNanos + MILLI);
    }

    /// Both reports come in front of the first picture; that of sound waits for its first packet, as receivers have it.
    private void receive(Packet packet, long reportNanos, long reportArrivalNanos) {
        Track track = packet.track();
        boolean first = track.placed.isEmpty() && track.held.isEmpty();
        track.clock.arrived(track.ticks(packet.mediaNanos()), packet.arrivalNanos());
        if (first) {
            track.clock.report(track.ticks(reportNanos), reportNanos, peer.report(reportNanos, reportArrivalNanos));
        }
        track.held.add(new long[] {packet.mediaNanos(), packet.arrivalNanos()});
        for (Track any : List.of(video, audio)) {
            while (!any.held.isEmpty()
                    && peer.ready(packet.arrivalNanos())
                    && !any.clock.isUndecided(packet.arrivalNanos())) {
                long[] next = any.held.poll();
                any.placed.add(new long[] {next[0], any.clock.streamNanos(any.ticks(next[0]), next[1])});
            }
        }
    }

    /// How much farther apart two are than they were made.
    private static long worstJump(List<long[]> placed) {
        long worst = 0;
        for (int i = 1; i < placed.size(); i++) {
            long[] before = placed.get(i - 1);
            long[] now = placed.get(i);
            worst = Math.max(worst, Math.abs(now[1] - before[1] - (now[0] - before[0])));
        }
        return worst;
    }
}
