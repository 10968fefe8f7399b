package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Lent;
import tapedeck.rtp.payload.PayloadFormat;

/// Who is told what came, and when somebody has to wake up for it.
class RtpTracksTest {
    private static final long MILLI = 1_000_000;
    private static final PayloadFormat SOUND = new PayloadFormat(0, "PCMU", 8000, 1);

    private final List<Frame> frames = new ArrayList<>();
    private final List<Rtcp> told = new ArrayList<>();

    private RtpTracks tracks(RtpTracks.Reports reports) {
        RtpTracks tracks = new RtpTracks(0, 0, "test", frames::add, _ -> {});
        tracks.add(0, Track.AUDIO, List.of(SOUND), reports);
        return tracks;
    }

    private static void receive(RtpTracks tracks, int number, long nanos) {
        Bytes sound = Bytes.ofU8(number, 2, 3, 4);
        Lent.to(
                RtpPacket.of(0, false, number, 160L * number, 7, List.of(), sound)
                        .bytes(),
                packet -> tracks.receive(0, false, packet, nanos));
    }

    /// Plays a second; the deadlines of it, as far as there were any.
    private List<Long> second(RtpTracks tracks) {
        List<Long> deadlines = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            receive(tracks, i, 20 * i * MILLI);
            long deadline = tracks.poll(20 * i * MILLI);
            if (i >= 10 && deadline < Long.MAX_VALUE) {
                deadlines.add(deadline);
            }
        }
        tracks.feedback(1_000 * MILLI, (_, compound) -> told.addAll(compound));
        return deadlines;
    }

    @Test
    void whoIsToldNothingIsNotWokenUpForEither() {
        RtpTracks tracks = tracks(RtpTracks.Reports.NONE);
        assertEquals(List.of(), second(tracks));
        assertEquals(List.of(), told);
        assertEquals(50, frames.size());
        // A hole has its time all the same.
        receive(tracks, 51, 1_000 * MILLI);
        long deadline = tracks.poll(1_000 * MILLI);
        assertTrue(deadline > 1_000 * MILLI && deadline < 3_000 * MILLI, "" + deadline);
        tracks.poll(deadline);
        assertEquals(51, frames.size());
    }

    @Test
    void reportsHaveTheirTimeWhereTheyAreSent() {
        List<Long> deadlines = second(tracks(RtpTracks.Reports.SENT));
        assertEquals(40, deadlines.size());
        assertTrue(told.getFirst() instanceof Rtcp.ReceiverReport, told.toString());
        assertEquals(50, frames.size());
    }

    @Test
    void framesAreNotThePacketsThatWereLent() {
        RtpTracks tracks = tracks(RtpTracks.Reports.NONE);
        second(tracks);
        for (int i = 0; i < frames.size(); i++) {
            assertEquals(Bytes.ofU8(i, 2, 3, 4), frames.get(i).data());
        }
    }
}
