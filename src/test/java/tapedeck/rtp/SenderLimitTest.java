package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Track;
import tapedeck.rtp.payload.PayloadFormat;

/// What a plain RTP sender is told about its rate, as it reads it: out of bytes.
class SenderLimitTest {
    private static final long MILLI = 1_000_000;
    private static final long SSRC = 0x1234;
    private static final int TYPE = 98;
    private static final int PACKET_BYTES = 1_000;
    private static final int PACKETS_PER_SECOND = 200;

    private final List<Rtcp> heard = new ArrayList<>();
    private int sequence;
    private long sentNanos;
    private long arrivedNanos;

    private static PayloadFormat vp8(List<String> feedback) {
        return new PayloadFormat(TYPE, "VP8", 90_000, 1, "", feedback);
    }

    private static RtpTracks tracks(List<String> feedback) {
        RtpTracks tracks = new RtpTracks(0, 0, "test", _ -> {}, _ -> {});
        tracks.add(0, Track.VIDEO, List.of(vp8(feedback)), RtpTracks.Reports.SENT);
        return tracks;
    }

    /// @param carriedPerSecond packets that the way lets through
    /// @param keptOf of so many packets one is lost; 0 for none
    private void second(RtpTracks tracks, int carriedPerSecond, int lostOneOf) {
        for (int i = 0; i < PACKETS_PER_SECOND; i++) {
            sentNanos += 1_000 * MILLI / PACKETS_PER_SECOND;
            sequence = sequence + 1 & 0xFFFF;
            if (lostOneOf > 0 && i % lostOneOf == 0) {
                continue;
            }
            arrivedNanos = Math.max(sentNanos, arrivedNanos + 1_000 * MILLI / carriedPerSecond);
            byte[] payload = new byte[PACKET_BYTES];
            payload[0] = 0x10;
            payload[1] = 0x01;
            Bytes packet = RtpPacket.of(
                            TYPE, true, sequence, sentNanos / MILLI * 90, SSRC, List.of(), Bytes.wrap(payload))
                    .bytes();
            tracks.receive(0, false, packet, arrivedNanos);
        }
        tracks.poll(arrivedNanos);
        tracks.feedback(arrivedNanos, (_, compound) -> {
            heard.clear();
            heard.addAll(Rtcp.parse(Rtcp.write(compound)));
        });
    }

    private long limit() {
        assertTrue(heard.getFirst() instanceof Rtcp.ReceiverReport, "RFC 3550 6.1: " + heard);
        Rtcp.BitrateLimit limit = heard.stream()
                .filter(Rtcp.BitrateLimit.class::isInstance)
                .map(Rtcp.BitrateLimit.class::cast)
                .findFirst()
                .orElseThrow();
        assertEquals(List.of(SSRC), limit.ssrcs());
        return limit.bitsPerSecond();
    }

    @Test
    void aFullWayIsToldBelowWhatItCarriesAndAnEmptyOneWithoutALimit() {
        RtpTracks tracks = tracks(List.of("goog-remb"));
        for (int i = 0; i < 3; i++) {
            second(tracks, 10 * PACKETS_PER_SECOND, 0);
        }
        assertTrue(limit() > 15_000_000, "nothing shows a limit: " + limit());
        int carried = PACKETS_PER_SECOND / 2;
        for (int i = 0; i < 3; i++) {
            second(tracks, carried, 0);
        }
        long told = limit();
        long carries = 8L * carried * PACKET_BYTES;
        assertTrue(told < carries && told > carries / 2, "the way carries %d, told %d".formatted(carries, told));
    }

    @Test
    void muchLossIsAFullWayToo() {
        RtpTracks tracks = tracks(List.of("nack", "goog-remb"));
        for (int i = 0; i < 6; i++) {
            second(tracks, 10 * PACKETS_PER_SECOND, 4);
        }
        long sent = 8L * PACKETS_PER_SECOND * PACKET_BYTES;
        assertTrue(limit() < sent, "sent %d, told %d".formatted(sent, limit()));
    }

    @Test
    void whoDoesNotAskForItHearsReportsAlone() {
        RtpTracks tracks = tracks(List.of("nack"));
        second(tracks, 10 * PACKETS_PER_SECOND, 0);
        assertTrue(heard.getFirst() instanceof Rtcp.ReceiverReport);
        assertTrue(heard.stream().noneMatch(Rtcp.BitrateLimit.class::isInstance), heard.toString());
    }
}
