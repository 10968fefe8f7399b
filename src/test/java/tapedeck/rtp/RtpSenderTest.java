package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

class RtpSenderTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final PayloadFormat VP8 = new PayloadFormat(96, "VP8", 90_000, 1, "", List.of("nack", "nack pli"));
    private static final PayloadFormat RTX = new PayloadFormat(97, "rtx", 90_000, 1, "apt=96", List.of());
    private static final HeaderExtensions EXTENSIONS =
            new HeaderExtensions(OptionalInt.of(3), OptionalInt.of(2), OptionalInt.of(4), "0");

    private final byte[] buffer = new byte[2_048];

    private static RtpSender sender() {
        return new RtpSender(List.of(VP8, RTX), EXTENSIONS, 0x1234, OptionalLong.of(0x1235));
    }

    private static Payload payload(int size) {
        byte[] body = new byte[size - 3];
        new Random(size).nextBytes(body);
        return new Payload(Bytes.ofU8(1, 2, 3), Bytes.wrap(body), true);
    }

    private RtpPacket send(RtpSender sender, Payload payload, long ptsNanos, int number, long nowNanos) {
        long timestamp = sender.timestamp(ptsNanos);
        int length = sender.write(payload, timestamp, number, nowNanos, buffer);
        sender.sent(payload, timestamp, null, nowNanos);
        return RtpPacket.parse(Bytes.wrap(Arrays.copyOf(buffer, length)));
    }

    @Test
    void packetsAreNumberedAndCarryTheirExtensions() {
        RtpSender sender = sender();
        Payload payload = payload(500);
        RtpPacket first = send(sender, payload, 0, 65_535, 0);
        RtpPacket second = send(sender, payload, SECOND, 0, 0);
        assertEquals(first.sequenceNumber() + 1, second.sequenceNumber());
        assertEquals(90_000, second.timestamp() - first.timestamp() & 0xFFFF_FFFFL);
        assertEquals(sender.ssrc(), second.ssrc());
        assertEquals(96, second.payloadType());
        assertTrue(second.marker());
        assertEquals(Bytes.ofU8(0xFF, 0xFF), first.extension(3));
        assertEquals(Bytes.ofU8(0, 0), second.extension(3));
        assertEquals(Bytes.ofUtf8("0"), second.extension(4));
        assertNull(second.extension(2), "transport-wide numbers make send times superfluous");
        assertEquals(payload.header(), second.payload().slice(0, 3));
        assertEquals(payload.body(), second.payload().slice(3));
        assertEquals(first.bytes().length(), second.bytes().length());
    }

    @Test
    void sendTimesAreSecondsIn6Point18() {
        HeaderExtensions extensions =
                new HeaderExtensions(OptionalInt.empty(), OptionalInt.of(2), OptionalInt.empty(), null);
        RtpSender sender = new RtpSender(List.of(VP8), extensions, 0x1234, OptionalLong.empty());
        RtpPacket packet = send(sender, payload(100), 0, 0, 65 * SECOND + SECOND / 2);
        Bytes time = packet.extension(2);
        assertNotNull(time);
        assertEquals((1 << 18) + (1 << 17), time.u24(0));
    }

    /// The receiving half puts together what the sending half has cut, over a link that loses every tenth packet.
    @Test
    void whatWasLostIsSentAgainByRtxWithAllItsBytes() {
        RtpSender sender = sender();
        Packetizer packetizer =
                Packetizer.of(TestMedia.vp8(1).getFirst().track().codec(), 1_000);
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(1, 7), List.of(VP8, RTX), new PeerClock(0));
        Random random = new Random(4588);
        List<Frame> sent = TestMedia.vp8(3);
        List<Frame> received = new ArrayList<>();
        int number = 0;
        long now = 0;
        for (Frame frame : sent) {
            now = frame.ptsNanos();
            boolean reliable = frame == sent.getFirst() || frame == sent.getLast();
            for (Payload payload :
                    FramePackets.of(frame, frame.keyframe(), packetizer).payloads()) {
                RtpPacket packet = send(sender, payload, frame.ptsNanos(), number++ & 0xFFFF, now);
                if (reliable || random.nextInt(10) > 0) {
                    receiver.receive(packet, now);
                }
            }
            for (int step = 0; step < 3; step++) {
                now += 10 * MILLI;
                number = answer(receiver, sender, number, now, received);
            }
        }
        for (int step = 0; step < 100; step++) {
            now += 10 * MILLI;
            number = answer(receiver, sender, number, now, received);
        }
        assertEquals(sent.size(), received.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(sent.get(i).data(), received.get(i).data(), "frame " + i);
        }
        assertTrue(sender.statistics().repeated() > 0, "some were lost");
    }

    private int answer(RtpReceiver receiver, RtpSender sender, int from, long now, List<Frame> received) {
        int number = from;
        receiver.poll(now, received::add);
        List<Rtcp> feedback = new ArrayList<>();
        receiver.feedback(now, feedback);
        for (Rtcp packet : feedback) {
            if (packet instanceof Rtcp.Nack nack) {
                assertTrue(sender.isSource(nack.mediaSsrc()));
                for (int lost : nack.sequenceNumbers()) {
                    RtpSender.Repeat repeat = sender.repeat(lost, number & 0xFFFF, now, buffer);
                    if (repeat != null) {
                        number++;
                        RtpPacket rtx = RtpPacket.parse(Bytes.wrap(Arrays.copyOf(buffer, repeat.length())));
                        assertEquals(97, rtx.payloadType());
                        assertNotEquals(sender.ssrc(), rtx.ssrc());
                        receiver.receive(rtx, now);
                    }
                }
            }
        }
        return number;
    }

    @Test
    void withoutRtxTheSameProtectedBytesAreSentAgain() {
        RtpSender sender = new RtpSender(List.of(VP8), EXTENSIONS, 0x1234, OptionalLong.empty());
        assertTrue(sender.keepsSealed());
        Bytes sealed = Bytes.ofU8(9, 9, 9);
        sender.write(payload(100), 0, 0, 0, buffer);
        int sequence = (buffer[2] & 0xFF) << 8 | buffer[3] & 0xFF;
        sender.sent(payload(100), 0, sealed, 0);
        RtpSender.Repeat repeat = sender.repeat(sequence, 1, MILLI, buffer);
        assertNotNull(repeat);
        assertEquals(sealed, repeat.sealed());
    }

    @Test
    void aFloodOfWishesGetsEachPacketOncePerRoundTripAndEightTimesInAll() {
        RtpSender sender = sender();
        int sequence = send(sender, payload(1_000), 0, 0, 0).sequenceNumber();
        int repeats = 0;
        for (int i = 0; i < 1_900; i++) {
            if (sender.repeat(sequence, i, i * MILLI, buffer) != null) {
                repeats++;
            }
        }
        assertEquals(SendHistory.MAX_REPEATS, repeats);
        assertEquals(1_900 - SendHistory.MAX_REPEATS, sender.statistics().refusedRepeats());
    }

    @Test
    void whatWasNeverSentOrIsForgottenIsNotSentAgain() {
        RtpSender sender = sender();
        int sequence = send(sender, payload(1_000), 0, 0, 0).sequenceNumber();
        assertNull(sender.repeat(sequence + 1 & 0xFFFF, 1, 0, buffer));
        assertNull(sender.repeat(sequence - 1 & 0xFFFF, 1, 0, buffer));
        assertNull(sender.repeat(sequence, 1, SendHistory.MAX_NANOS + 1, buffer), "too old");
    }

    @Test
    void theMemoryOfOneViewerIsBounded() {
        SendHistory history = new SendHistory();
        Payload payload = payload(1_200);
        for (int i = 0; i < 10_000; i++) {
            history.add(payload, 0, 0, null, 0);
            assertTrue(history.bytes() <= SendHistory.MAX_BYTES);
        }
        assertNotNull(history.peek(SendHistory.MAX_BYTES / 1_200 - 1));
        assertNull(history.peek(SendHistory.MAX_BYTES / 1_200));
        SendHistory small = new SendHistory();
        for (int i = 0; i < 10_000; i++) {
            small.add(payload(3 + i % 7), i, 0, null, 0);
        }
        assertNotNull(small.peek(SendHistory.MAX_PACKETS - 1));
        assertEquals(10_000 - SendHistory.MAX_PACKETS, small.peek(SendHistory.MAX_PACKETS - 1).timestamp);
        assertNull(small.peek(SendHistory.MAX_PACKETS));
        small.clear();
        assertEquals(0, small.bytes());
        assertNull(small.peek(0));
        small.add(payload(100), 7, 0, null, 0);
        assertEquals(7, small.repeatable(0, 0, 0).timestamp);
        assertNull(small.repeatable(1, 0, 0));
    }

    @Test
    void reportsTellTheRoundTrip() {
        RtpSender sender = sender();
        assertFalse(sender.hasSent());
        send(sender, payload(100), 0, 0, 0);
        assertTrue(sender.hasSent());
        long ntp = 3_900_000_000L << 32;
        Rtcp.SenderReport report = sender.report(ntp, 2 * SECOND);
        assertEquals(sender.timestamp(2 * SECOND), report.rtpTimestamp());
        assertEquals(1, report.packetCount());
        assertEquals(100, report.octetCount());
        // Received, held for half a second, and back after 600 ms in all.
        long now = ntp + (6L << 32) / 10;
        var block = new Rtcp.ReportBlock(sender.ssrc(), 0, 5, 0, 900, ntp >>> 16 & 0xFFFF_FFFFL, 1 << 15);
        sender.reported(block, now);
        assertEquals(100, sender.roundTripNanos() / MILLI, 1);
        assertEquals(5, sender.statistics().lost());
        assertEquals(10 * MILLI, sender.statistics().jitterNanos());
        // A report that nobody can have sent changes nothing.
        sender.reported(new Rtcp.ReportBlock(sender.ssrc(), 0, 5, 0, 0, 77, 0), now);
        assertEquals(100, sender.roundTripNanos() / MILLI, 1);
        // Whoever counts what came twice has less than no loss.
        sender.reported(new Rtcp.ReportBlock(sender.ssrc(), 0, -1, 0, 0, 0, 0), now);
        assertEquals(0, sender.statistics().lost());
    }
}
