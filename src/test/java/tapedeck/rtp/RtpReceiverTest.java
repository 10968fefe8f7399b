package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.rtp.LossyLink.MILLI;
import static tapedeck.rtp.LossyLink.SECOND;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Fuzz;
import tapedeck.peers.TestMedia;
import tapedeck.rtp.LossyLink.Conditions;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

class RtpReceiverTest {
    static final List<String> FULL = List.of("nack", "nack pli", "ccm fir");
    static final PayloadFormat H264 = new PayloadFormat(96, "H264", 90_000, 1, "", FULL);
    static final PayloadFormat VP8 = new PayloadFormat(98, "VP8", 90_000, 1, "", FULL);
    static final PayloadFormat OPUS = new PayloadFormat(111, "opus", 48_000, 2, "", List.of("nack"));

    static RtpReceiver receiver(PayloadFormat format, PeerClock clock) {
        int trackId = format.clockRateHz() == 90_000 ? Track.VIDEO : Track.AUDIO;
        return new RtpReceiver(new RtpReceiver.Options(trackId, 1), LossyLink.formats(format), clock);
    }

    private static LossyLink play(long seed, Conditions conditions, PayloadFormat format, List<Frame> media) {
        return play(seed, conditions, format, media, receiver(format, new PeerClock(0)));
    }

    private static LossyLink play(
            long seed, Conditions conditions, PayloadFormat format, List<Frame> media, RtpReceiver receiver) {
        LossyLink link = new LossyLink(seed, conditions, format, receiver);
        link.send(media);
        LossyLink.run(media.getLast().ptsNanos() + 3 * SECOND, now -> {}, link);
        return link;
    }

    private static List<Frame> media(PayloadFormat format) {
        return format.is("H264") ? TestMedia.h264(10) : format.is("VP8") ? TestMedia.vp8(10) : TestMedia.opus(10);
    }

    private static Bytes data(Frame frame) {
        if (!(frame.track().codec() instanceof Codec.H264)) {
            return frame.data();
        }
        List<Bytes> units = new ArrayList<>(tapedeck.codec.h264.H264.nalUnits(frame.data()));
        units.removeIf(unit -> List.of(7, 8, 9, 12).contains(unit.u8(0) & 31));
        return tapedeck.codec.h264.H264.accessUnit(units);
    }

    private static List<Bytes> data(List<Frame> frames) {
        return frames.stream().map(RtpReceiverTest::data).toList();
    }

    static void assertNear(long expected, long actual, long tolerance) {
        assertTrue(Math.abs(actual - expected) <= tolerance, "%d, not %d".formatted(actual, expected));
    }

    private static void assertSameFrames(List<Frame> sent, List<Frame> received) {
        for (int i = 0; i < Math.min(sent.size(), received.size()); i++) {
            assertEquals(data(sent.get(i)), data(received.get(i)), "frame " + i);
        }
        assertEquals(sent.size(), received.size());
    }

    /// As long as the other track may still come: no frames of any size, but not for any price.
    @Test
    void whatIsHeldForTheOtherTrackIsBoundedInBytes() {
        PeerClock clock = new PeerClock(0);
        PayloadFormat plain = new PayloadFormat(0, "PCMU", 8_000, 1, "", List.of());
        RtpReceiver sound = receiver(plain, clock);
        receiver(VP8, clock);
        Bytes large = Bytes.wrap(new byte[60_000]);
        int fits = (int) (RtpReceiver.MAX_HELD_BYTES / large.length());
        assertTrue(fits < RtpReceiver.MAX_HELD);
        List<Frame> out = new ArrayList<>();
        for (int i = 0; i <= fits; i++) {
            assertEquals(0, out.size());
            sound.receive(RtpPacket.of(0, false, i, 160L * i, 7, List.of(), large), 0);
            sound.poll(0, out::add);
        }
        assertEquals(fits + 1, out.size());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyFrameArrivesThroughFivePercentLossWithRetransmission(long seed) {
        for (PayloadFormat format : List.of(H264, VP8, OPUS)) {
            var conditions = new Conditions(0.05, 0.05, 30 * MILLI, 30 * MILLI, seed % 2 == 0, 0);
            LossyLink link = play(seed, conditions, format, media(format));
            assertSameFrames(media(format), link.received);
            var statistics = link.receiver.statistics();
            assertEquals(0, statistics.lost());
            assertEquals(0, statistics.missingFrames());
            assertTrue(statistics.recovered() > 5, statistics.toString());
            assertTrue(statistics.duplicates() + statistics.late() > 10, statistics.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void withoutRetransmissionOnlyWholeDecodableFramesArrive(long seed) {
        for (PayloadFormat format : List.of(H264, VP8)) {
            PayloadFormat deaf =
                    new PayloadFormat(format.payloadType(), format.encodingName(), 90_000, 1, "", List.of("nack pli"));
            var conditions = new Conditions(0.02, 0.05, 30 * MILLI, 30 * MILLI, true, 0);
            LossyLink link = play(seed, conditions, deaf, media(format));
            List<Bytes> sent = data(media(format));
            int at = -1;
            for (Frame frame : link.received) {
                int index = sent.indexOf(data(frame));
                assertTrue(index > at, "a frame that was sent, in order");
                assertTrue(frame.keyframe() || index == at + 1, "after a loss nothing up to a keyframe");
                at = index;
            }
            var statistics = link.receiver.statistics();
            assertTrue(statistics.lost() > 0);
            assertTrue(link.received.size() < sent.size());
            assertTrue(statistics.missingFrames() >= (sent.size() - link.received.size()) / 2);
            assertTrue(statistics.keyframeRequests() > 0);
            assertTrue(link.feedback.stream().noneMatch(packet -> packet instanceof Rtcp.Nack));
            assertTrue(link.feedback.stream().anyMatch(packet -> packet instanceof Rtcp.PictureLoss));
        }
    }

    @Test
    void anythingButTenPercentOfLossIsRepairedInTime() {
        var conditions = new Conditions(0.10, 0, 40 * MILLI, 20 * MILLI, true, 0);
        int missing = 0;
        for (long seed = 0; seed < 5; seed++) {
            LossyLink link = play(seed, conditions, VP8, media(VP8));
            missing += media(VP8).size() - link.received.size();
        }
        assertTrue(missing <= 5 * media(VP8).size() / 200, missing + " frames missing");
    }

    @Test
    void jitterReorderingAndDuplicatesCostNothing() {
        var conditions = new Conditions(0, 0.05, 10 * MILLI, 90 * MILLI, true, 0);
        for (PayloadFormat format : List.of(H264, VP8, OPUS)) {
            LossyLink link = play(5, conditions, format, media(format));
            assertSameFrames(media(format), link.received);
        }
    }

    @Test
    void framesLeaveAsSoonAsTheyAreWholeOnAGoodLink() {
        LossyLink link = play(1, Conditions.PERFECT, VP8, media(VP8));
        // The first packets wait for what may have been in front of them.
        for (int i = 4; i < link.received.size(); i++) {
            long sentAt = media(VP8).get(i).ptsNanos();
            assertTrue(link.receivedAt.get(i) - sentAt <= 41 * MILLI, "frame " + i);
        }
    }

    @Test
    void timeIsExactThroughWrapsOnAGoodLink() {
        for (PayloadFormat format : List.of(H264, VP8, OPUS)) {
            LossyLink link = play(1, Conditions.PERFECT, format, media(format));
            long first = link.received.getFirst().ptsNanos();
            for (int i = 0; i < link.received.size(); i++) {
                long expected = media(format).get(i).ptsNanos()
                        - media(format).getFirst().ptsNanos();
                assertNear(expected, link.received.get(i).ptsNanos() - first, 25_000);
            }
        }
    }

    @Test
    void theFirstPacketMayBeOvertaken() {
        RtpReceiver receiver = receiver(OPUS, new PeerClock(0));
        List<Frame> out = new ArrayList<>();
        List<Frame> media = TestMedia.opus(1);
        for (int i : new int[] {1, 0, 2}) {
            receiver.receive(
                    RtpPacket.of(
                            111,
                            false,
                            65_535 + i & 0xFFFF,
                            960L * i,
                            7,
                            List.of(),
                            media.get(i).data()),
                    MILLI);
        }
        receiver.poll(MILLI, out::add);
        assertEquals(List.of(), out);
        assertEquals(MILLI, receiver.nextDeadlineNanos());
        receiver.feedback(MILLI, new ArrayList<>());
        assertEquals(MILLI + JitterBuffer.START_NANOS, receiver.nextDeadlineNanos());
        receiver.poll(receiver.nextDeadlineNanos(), out::add);
        assertSameFrames(media.subList(0, 3), out);
    }

    @Test
    void aNewSourceReplacesTheOldOneAndTimeGoesOn() {
        RtpReceiver receiver = receiver(VP8, new PeerClock(0));
        LossyLink first = play(1, Conditions.PERFECT, VP8, TestMedia.vp8(2), receiver);
        LossyLink second = new LossyLink(2, Conditions.PERFECT, VP8, receiver);
        second.ssrc = 99;
        long later = 6 * SECOND;
        TestMedia.vp8(2).forEach(frame -> second.send(frame, later + frame.ptsNanos()));
        for (long now = later; now < later + 3 * SECOND; now += 5 * MILLI) {
            second.run(now);
        }
        assertSameFrames(TestMedia.vp8(2), second.received);
        long gap = second.received.getFirst().ptsNanos()
                - first.received.getFirst().ptsNanos();
        assertNear(later, gap, MILLI);
        // The old one is not listened to any more.
        long unknown = receiver.statistics().unknown();
        receiver.receive(RtpPacket.of(98, true, 5, 5, first.ssrc, List.of(), Bytes.ofHex("10")), later + 4 * SECOND);
        assertEquals(unknown + 1, receiver.statistics().unknown());
    }

    @Test
    void aSenderThatStartsItsNumbersAnewIsFollowed() {
        RtpReceiver receiver = receiver(OPUS, new PeerClock(0));
        List<Frame> out = new ArrayList<>();
        Bytes payload = TestMedia.opus(1).getFirst().data();
        for (int i = 0; i < 50; i++) {
            receiver.receive(RtpPacket.of(111, false, 100 + i, 960L * i, 7, List.of(), payload), 20 * MILLI * i);
            receiver.poll(20 * MILLI * i, out::add);
        }
        for (int i = 50; i < 100; i++) {
            receiver.receive(RtpPacket.of(111, false, 30_000 + i, 960L * i, 7, List.of(), payload), 20 * MILLI * i);
            receiver.poll(20 * MILLI * i, out::add);
        }
        receiver.poll(3 * SECOND, out::add);
        assertEquals(100, out.size());
    }

    @Test
    void aPayloadTypeThatChangesIsAnotherTrackOfTheSameId() {
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(1, 1), List.of(VP8, H264), new PeerClock(0));
        List<Frame> out = new ArrayList<>();
        int[] sequence = {0};
        for (PayloadFormat format : List.of(VP8, H264, VP8)) {
            List<Frame> media = media(format).subList(0, 30);
            Packetizer packetizer = Packetizer.of(media.getFirst().track().codec(), 1000);
            long start = 900_000L + sequence[0] * 3000L;
            for (Frame frame : media) {
                packetizer.packetize(
                        frame,
                        (header, body, marker) -> receiver.receive(
                                RtpPacket.of(
                                        format.payloadType(),
                                        marker,
                                        sequence[0]++,
                                        start + frame.ptsNanos() / 1000 * 9 / 100,
                                        7,
                                        List.of(),
                                        Packetizer.joined(header, body)),
                                sequence[0] * MILLI));
                receiver.poll(sequence[0] * MILLI + SECOND, out::add);
            }
        }
        assertEquals(90, out.size());
        assertEquals(1, out.get(30).track().id());
        assertTrue(out.get(29).track().codec() instanceof Codec.Vp8);
        assertTrue(out.get(30).track().codec() instanceof Codec.H264);
        assertEquals(out.get(0).track(), out.get(60).track());
    }

    @Test
    void aCodecWithAnotherClockIsNotMixedIn() {
        PayloadFormat pcmu = new PayloadFormat(0, "PCMU", 8000, 1);
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(2, 1), List.of(OPUS, pcmu), new PeerClock(0));
        assertTrue(receiver.receives(111));
        assertFalse(receiver.receives(0));
    }

    @Test
    void damagedPacketsNeverStopTheReceiver() {
        List<Bytes> samples = new ArrayList<>();
        int[] sequence = {0};
        for (PayloadFormat format : List.of(H264, VP8)) {
            for (Frame frame : media(format).subList(0, 5)) {
                Packetizer.of(frame.track().codec(), 300)
                        .packetize(
                                frame,
                                (header, body, marker) -> samples.add(RtpPacket.of(
                                                format.payloadType(),
                                                marker,
                                                sequence[0]++,
                                                frame.ptsNanos() / 11_111,
                                                7,
                                                List.of(),
                                                Packetizer.joined(header, body))
                                        .bytes()));
            }
        }
        List<PayloadFormat> formats = new ArrayList<>(LossyLink.formats(H264));
        formats.addAll(LossyLink.formats(VP8));
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(1, 1), formats, new PeerClock(0));
        long[] now = {0};
        long[] last = {-1};
        Fuzz.parser(samples, List.of(), bytes -> {
            now[0] += 3 * MILLI;
            receiver.receive(RtpPacket.parse(bytes), now[0]);
            receiver.senderReport(new Rtcp.SenderReport(7, now[0], now[0], 0, 0, List.of()), now[0]);
            receiver.poll(now[0], frame -> {
                assertTrue(frame.dtsNanos() > last[0], "time goes forward");
                last[0] = frame.dtsNanos();
            });
            List<Rtcp> out = new ArrayList<>();
            receiver.feedback(now[0], out);
            if (!out.isEmpty()) {
                Rtcp.parse(Rtcp.write(out));
            }
            receiver.nextDeadlineNanos();
        });
    }

    @Test
    void packetsFarInFrontOfTheFirstNeverCollide() {
        RtpReceiver receiver = receiver(OPUS, new PeerClock(0));
        Bytes payload = TestMedia.opus(1).getFirst().data();
        List<Frame> out = new ArrayList<>();
        for (int sequence = 20_000; sequence > 10_000; sequence -= 900) {
            receiver.receive(RtpPacket.of(111, false, sequence, sequence, 7, List.of(), payload), 0);
        }
        receiver.poll(5 * SECOND, out::add);
        assertEquals(3, out.size());
        assertTrue(receiver.statistics().late() >= 8, "the others are counted");
    }

    @Test
    void rubbishInPayloadsIsCountedAndTheTrackLives() {
        RtpReceiver receiver = receiver(H264, new PeerClock(0));
        for (int i = 0; i < 100; i++) {
            receiver.receive(
                    RtpPacket.of(96, true, 65_400 + i, i, 0x1234_5678L, List.of(), Bytes.ofHex("1f00")), MILLI);
        }
        receiver.poll(SECOND, frame -> {
            throw new AssertionError("no frame in rubbish");
        });
        assertEquals(100, receiver.statistics().malformed());
        LossyLink link = play(1, Conditions.PERFECT, H264, TestMedia.h264(2), receiver);
        assertSameFrames(TestMedia.h264(2), link.received);
    }

    @Test
    void nothingIsAskedForMoreThanTenTimes() {
        RtpReceiver receiver = receiver(OPUS, new PeerClock(0));
        Bytes payload = TestMedia.opus(1).getFirst().data();
        receiver.receive(RtpPacket.of(111, false, 1, 0, 7, List.of(), payload), 0);
        receiver.poll(JitterBuffer.START_NANOS, frame -> {});
        receiver.receive(RtpPacket.of(111, false, 3, 1920, 7, List.of(), payload), 140 * MILLI);
        List<Rtcp> out = new ArrayList<>();
        List<Frame> frames = new ArrayList<>();
        for (long now = 140 * MILLI; now < 3 * SECOND; now += MILLI) {
            receiver.poll(now, frames::add);
            receiver.feedback(now, out);
        }
        long asked = out.stream().filter(packet -> packet instanceof Rtcp.Nack).count();
        assertTrue(asked >= 4 && asked <= Holes.MAX_TRIES, asked + " times");
        assertEquals(1, frames.size());
        assertEquals(1, receiver.statistics().lost());
    }

    @Test
    void aFloodBehindAHoleIsBounded() {
        RtpReceiver receiver = receiver(OPUS, new PeerClock(0));
        byte[] large = new byte[60_000];
        large[0] = (byte) 0xFC;
        Bytes payload = Bytes.wrap(large);
        receiver.receive(RtpPacket.of(111, false, 1, 0, 7, List.of(), payload), 0);
        receiver.poll(JitterBuffer.START_NANOS, frame -> {});
        List<Frame> out = new ArrayList<>();
        for (int i = 3; i < 3 + 2 * JitterBuffer.MAX_BYTES / large.length; i++) {
            receiver.receive(RtpPacket.of(111, false, i, 960L * i, 7, List.of(), payload), 131 * MILLI);
        }
        receiver.poll(132 * MILLI, out::add);
        assertTrue(out.size() > 100, "the hole was given up");
    }

    @Test
    void aLostPacketIsTakenFromTheNextOneThatRepeatsIt() {
        PayloadFormat red = new PayloadFormat(63, "red", 48_000, 2, "111/111", List.of());
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(2, 1), List.of(OPUS, red), new PeerClock(0));
        List<Frame> media = TestMedia.opus(2);
        List<Frame> out = new ArrayList<>();
        List<Rtcp> feedback = new ArrayList<>();
        for (int i = 0; i < media.size(); i++) {
            long now = 20 * MILLI * i;
            // Never two in a row: one packet repeats one.
            if (i == 0 || i % 5 != 3) {
                boolean plain = i % 7 == 0;
                Bytes payload = plain || i == 0
                        ? media.get(i).data()
                        : new ByteWriter()
                                .u8(0x80 | 111)
                                .u24(960 << 10 | media.get(i - 1).data().length())
                                .u8(111)
                                .bytes(media.get(i - 1).data())
                                .bytes(media.get(i).data())
                                .toBytes();
                receiver.receive(
                        RtpPacket.of(plain ? 111 : i == 0 ? 111 : 63, false, i, 960L * i, 7, List.of(), payload), now);
            }
            receiver.poll(now, out::add);
            receiver.feedback(now, feedback);
        }
        receiver.poll(10 * SECOND, out::add);
        // Where the packet behind a lost one comes without redundancy, nothing brings it back.
        List<Integer> gone = new ArrayList<>();
        for (int i = 0; i < media.size(); i++) {
            if (i % 5 == 3 && ((i + 1) % 7 == 0 || i + 1 == media.size())) {
                gone.add(i);
            }
        }
        List<Bytes> expected = new ArrayList<>();
        for (int i = 0; i < media.size(); i++) {
            if (!gone.contains(i)) {
                expected.add(media.get(i).data());
            }
        }
        assertEquals(expected, out.stream().map(Frame::data).toList());
        for (int i = 1; i < out.size(); i++) {
            assertTrue(out.get(i).ptsNanos() > out.get(i - 1).ptsNanos());
        }
        long asked = feedback.stream().filter(Rtcp.Nack.class::isInstance).count();
        assertTrue(asked <= 10L * gone.size(), "what was repeated is not asked for: " + asked);
        assertEquals(
                gone.stream().filter(i -> i + 1 < media.size()).count(),
                receiver.statistics().missingFrames());
    }

    /// As ffmpeg's by RTSP: the first packet of its sound comes half a second after its report, and what is read first
    /// of its picture was held up by a server that has just begun.
    @Test
    void aReportOfWhatHasSentNothingYetTellsHowLateTheOtherTrackWas() {
        PeerClock clock = PeerClock.ofServer(0, 0);
        RtpReceiver audio = receiver(OPUS, clock);
        RtpReceiver video = receiver(VP8, clock);
        long ntp = 3_900_000_000L << 32;
        audio.senderReport(new Rtcp.SenderReport(8, ntp, 48_000, 0, 0, List.of()), 30 * MILLI);
        video.senderReport(new Rtcp.SenderReport(7, ntp, 90_000, 0, 0, List.of()), 130 * MILLI);
        video.receive(
                RtpPacket.of(98, true, 1, 90_000, 7, List.of(), Bytes.ofHex("101000009d012a4001b4000000")),
                130 * MILLI);
        List<Frame> frames = new ArrayList<>();
        video.poll(600 * MILLI, frames::add);
        audio.receive(RtpPacket.of(111, true, 1, 48_000, 8, List.of(), Bytes.ofHex("fcfffe")), 630 * MILLI);
        audio.poll(SECOND, frames::add);
        assertEquals(
                List.of(30L, 30L),
                frames.stream().map(frame -> frame.ptsNanos() / MILLI).toList());
    }

    @Test
    void reportsSayWhatWasLost() {
        PayloadFormat deaf = new PayloadFormat(98, "VP8", 90_000, 1, "", List.of());
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(1, 42), List.of(deaf), new PeerClock(0));
        Bytes payload = Bytes.ofHex("10aa");
        for (int i = 0; i < 200; i++) {
            if (i % 4 != 3) {
                receiver.receive(
                        RtpPacket.of(98, true, 65_500 + i & 0xFFFF, 900L * i, 7, List.of(), payload), 10 * MILLI * i);
            }
            if (i == 99) {
                List<Rtcp> early = new ArrayList<>();
                receiver.feedback(SECOND, early);
                var block = ((Rtcp.ReceiverReport) early.getFirst()).reports().getFirst();
                assertEquals(24, block.cumulativeLost());
            }
        }
        var report = new Rtcp.SenderReport(7, 0xAAAA_BBBB_CCCC_DDDDL, 0, 0, 0, List.of());
        receiver.senderReport(report, 1500 * MILLI);
        List<Rtcp> out = new ArrayList<>();
        receiver.feedback(2 * SECOND, out);
        var rr = (Rtcp.ReceiverReport) out.getFirst();
        var block = rr.reports().getFirst();
        assertEquals(42, rr.ssrc());
        assertEquals(7, block.ssrc());
        assertEquals(49, block.cumulativeLost());
        assertNear(64, block.fractionLost(), 1);
        assertEquals(65_500 + 198, block.highestSequence());
        assertEquals(0xBBBB_CCCCL, block.lastSenderReport());
        assertNear(32_768, block.delaySinceLast(), 1);
        assertEquals(0, block.jitter());
    }
}
