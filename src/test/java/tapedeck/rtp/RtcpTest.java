package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class RtcpTest {
    private static final Rtcp.ReportBlock BLOCK =
            new Rtcp.ReportBlock(0xFEDCBA98L, 255, -3, 0xFFFF_FFFFL, 77, 0x12345678L, 65536);

    private static final List<Rtcp> EACH = List.of(
            new Rtcp.SenderReport(0x01020304L, 0x83AA_7E80_8000_0000L, 90_000, 10, 12_000, List.of(BLOCK, BLOCK)),
            new Rtcp.ReceiverReport(5, List.of(BLOCK)),
            new Rtcp.ReceiverReport(5, List.of()),
            new Rtcp.SourceDescription(List.of(
                    new Rtcp.SourceDescription.Chunk(
                            9, List.of(new Rtcp.SourceDescription.Item(Rtcp.SourceDescription.CNAME, "käse"))),
                    new Rtcp.SourceDescription.Chunk(10, List.of(new Rtcp.SourceDescription.Item(1, "abc"))),
                    new Rtcp.SourceDescription.Chunk(11, List.of()))),
            new Rtcp.Goodbye(List.of(1L, 2L), "so long"),
            new Rtcp.Goodbye(List.of(1L), ""),
            new Rtcp.Nack(1, 2, List.of(65530, 65535, 0, 10, 11, 28, 40_000)),
            new Rtcp.PictureLoss(1, 0xFFFF_FFFFL),
            new Rtcp.FullIntraRequest(1, List.of(new Rtcp.FullIntraRequest.Entry(7, 255))),
            new Rtcp.BitrateLimit(1, 262_143L << 10, List.of(3L, 4L)),
            new Rtcp.TransportFeedback(1, 2, 65_530, -5, 200, deltas(40, 3)),
            new Rtcp.TransportFeedback(1, 2, 1, 100, 0, deltas(1, 4)),
            new Rtcp.TransportFeedback(1, 2, 1, 100, 0, Collections.nCopies(3000, 17)),
            new Rtcp.ExtendedReport(1, 0x83AA_7E80_8000_0000L, List.of()),
            new Rtcp.ExtendedReport(
                    1,
                    0,
                    List.of(
                            new Rtcp.ExtendedReport.Delay(0xFEDCBA98L, 0x12345678L, 65_536),
                            new Rtcp.ExtendedReport.Delay(7, 0, 0))),
            new Rtcp.Other(204, 3, Bytes.ofHex("0000000161626364")));

    private static List<Integer> deltas(int count, long seed) {
        Random random = new Random(seed);
        List<Integer> deltas = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            deltas.add(
                    switch (random.nextInt(3)) {
                        case 0 -> Rtcp.TransportFeedback.NOT_RECEIVED;
                        case 1 -> random.nextInt(256);
                        default -> random.nextInt(-32768, 32768);
                    });
        }
        deltas.set(0, 3);
        return deltas;
    }

    @Test
    void everyTypeReadsBackAsWritten() {
        for (Rtcp packet : EACH) {
            Bytes bytes = Rtcp.write(List.of(packet));
            assertEquals(0, bytes.length() % 4);
            assertEquals(List.of(packet), Rtcp.parse(bytes));
        }
        assertEquals(EACH, Rtcp.parse(Rtcp.write(EACH)));
    }

    @Test
    void aPictureLossIsTwelveBytes() {
        // RFC 4585 6.3.1.
        assertEquals(
                "81ce00020000000100000002",
                Rtcp.write(List.of(new Rtcp.PictureLoss(1, 2))).toHex());
    }

    @Test
    void blocksOfExtendedReportsThatNobodyNeedsArePassedOver() {
        // RFC 3611 4.4 and 4.5, with a block of statistics (4.6) between them.
        String time = "04000002" + "83aa7e80" + "80000000";
        String statistics = "06e00001" + "00000009";
        String delays = "05000003" + "00000007" + "12345678" + "00010000";
        assertEquals(
                new Rtcp.ExtendedReport(
                        1, 0x83AA_7E80_8000_0000L, List.of(new Rtcp.ExtendedReport.Delay(7, 0x12345678L, 65_536))),
                Rtcp.parse(Bytes.ofHex("80cf000a" + "00000001" + time + statistics + delays))
                        .getFirst());
    }

    @Test
    void lostPacketsShareOnePairOfSixteenBits() {
        // RFC 4585 6.2.1.
        Bytes bytes = Rtcp.write(List.of(new Rtcp.Nack(1, 2, List.of(100, 101, 116, 117))));
        assertEquals("81cd0004" + "00000001" + "00000002" + "00648001" + "00750000", bytes.toHex());
    }

    @Test
    void aLimitIsAnExponentAndAMantissa() {
        Bytes bytes = Rtcp.write(List.of(new Rtcp.BitrateLimit(1, 3_000_000, List.of(2L))));
        assertEquals("8fce0005" + "00000001" + "00000000" + "52454d42" + "0112dc6c" + "00000002", bytes.toHex());
        for (long rate : new long[] {0, 1, 262_143, 262_144, 1L << 40, Long.MAX_VALUE}) {
            var read = (Rtcp.BitrateLimit) Rtcp.parse(Rtcp.write(List.of(new Rtcp.BitrateLimit(1, rate, List.of()))))
                    .getFirst();
            assertEquals((double) rate, (double) read.bitsPerSecond(), (double) rate / 131_072);
        }
    }

    @Test
    void liesAboutLengthsAreMalformed() {
        for (String hex : List.of(
                "",
                "80c8",
                "80c80006",
                "81c90001 00000001",
                "41c90000",
                "a1ce0002 00000001 00000000",
                "a1ce0002 00000001 000000ff",
                "82cb0001 00000001",
                "81cb0002 00000001 ff616263",
                "81ca0002 00000001 01ff6162",
                "80cf0000",
                "80cf0002 00000001 04000002",
                "80cf0003 00000001 04000001 00000000",
                "80cf0003 00000001 05000001 00000007",
                "8fcd0004 00000001 00000002 0000ffff 00000000",
                "8fcd0005 00000001 00000002 00000003 00000000 00006003")) {
            assertThrows(MalformedException.class, () -> Rtcp.parse(Bytes.ofHex(hex)), hex);
        }
    }

    @Test
    void aCompoundOfMorePacketsThanTheLimitIsMalformed() {
        Rtcp.Goodbye bye = new Rtcp.Goodbye(List.of(), "");
        assertEquals(
                RtcpParser.MAX_PACKETS,
                Rtcp.parse(Rtcp.write(Collections.nCopies(RtcpParser.MAX_PACKETS, bye)))
                        .size());
        Bytes tooMany = Rtcp.write(Collections.nCopies(RtcpParser.MAX_PACKETS + 1, bye));
        assertThrows(MalformedException.class, () -> Rtcp.parse(tooMany));
    }

    @Test
    void feedbackOnMorePacketsThanTheLimitIsMalformed() {
        List<Integer> most = Collections.nCopies(RtcpParser.MAX_TRANSPORT_STATUSES, 1);
        Rtcp.parse(Rtcp.write(List.of(new Rtcp.TransportFeedback(1, 2, 0, 0, 0, most))));
        List<Integer> more = Collections.nCopies(RtcpParser.MAX_TRANSPORT_STATUSES + 1, 1);
        Bytes bytes = Rtcp.write(List.of(new Rtcp.TransportFeedback(1, 2, 0, 0, 0, more)));
        assertThrows(MalformedException.class, () -> Rtcp.parse(bytes));
    }

    @Test
    void nothingButMalformedLeavesTheParserAndWhatItReadCanBeWritten() throws IOException {
        List<Bytes> samples = new ArrayList<>();
        for (Rtcp packet : EACH) {
            if (!(packet instanceof Rtcp.TransportFeedback feedback
                    && feedback.deltas().size() > 1000)) {
                samples.add(Rtcp.write(List.of(packet)));
            }
        }
        samples.add(Rtcp.write(EACH.subList(0, 10)));
        List<Bytes> further = new ArrayList<>();
        for (var file : SharedMedia.files("fuzz-seeds/gortsplib/rtcpunmarshaler.FuzzUnmarshal")) {
            further.add(Bytes.wrap(Files.readAllBytes(file)));
        }
        Fuzz.parser(samples, further, bytes -> Rtcp.parse(bytes));
    }

    @Test
    void ntpTimeIsNanoseconds() {
        var report = new Rtcp.SenderReport(1, 3L << 32 | 0x8000_0000L, 0, 0, 0, List.of());
        assertEquals(3_500_000_000L, report.ntpNanos());
    }

    @Test
    void arrivalsAreReportedOnceWithTheirGaps() {
        TransportArrivals arrivals = new TransportArrivals(1);
        assertNull(arrivals.feedback(2));
        long start = 5_000_000_000L;
        arrivals.received(65_534, start);
        arrivals.received(65_535, start + 1_000_000);
        arrivals.received(1, start + 500_000);
        var first = reread(arrivals.feedback(2));
        int none = Rtcp.TransportFeedback.NOT_RECEIVED;
        assertEquals(65_534, first.baseSequenceNumber());
        assertEquals(List.of(0, 4, none, -2), first.deltas());
        assertNull(arrivals.feedback(2));
        // 2 and 3 were lost on the way: the next report says so.
        arrivals.received(4, start + 70_000_000);
        var second = reread(arrivals.feedback(2));
        assertEquals(2, second.baseSequenceNumber());
        assertEquals(1, second.referenceTime());
        assertEquals(List.of(none, none, 24), second.deltas());
        assertEquals(1, second.feedbackCount());
        // A late one is reported when it comes.
        arrivals.received(0, start + 80_000_000);
        assertEquals(List.of(64), reread(arrivals.feedback(2)).deltas());
    }

    @Test
    void aPauseOfTheSenderSplitsTheReport() {
        TransportArrivals arrivals = new TransportArrivals(1);
        arrivals.received(1, 0);
        arrivals.received(2, 20_000_000_000L);
        assertEquals(List.of(0), reread(arrivals.feedback(2)).deltas());
        var second = reread(arrivals.feedback(2));
        assertEquals(20_000_000_000L / 64_000_000, second.referenceTime());
        assertNull(arrivals.feedback(2));
    }

    @Test
    void aJumpOfTheTransportSequenceNeverOverflowsTheWindow() {
        TransportArrivals arrivals = new TransportArrivals(1);
        Random random = new Random(7);
        long now = 0;
        int reported = 0;
        for (int i = 0; i < 20_000; i++) {
            now += random.nextInt(5_000_000);
            arrivals.received(random.nextInt(10) == 0 ? random.nextInt(65_536) : i, now);
            if (random.nextInt(50) == 0) {
                Rtcp.TransportFeedback feedback = arrivals.feedback(2);
                if (feedback != null) {
                    reported++;
                    assertEquals(feedback, reread(feedback));
                }
            }
        }
        assertTrue(reported > 50, reported + " reports");
    }

    private static Rtcp.TransportFeedback reread(Rtcp.TransportFeedback feedback) {
        assertNotNull(feedback);
        return (Rtcp.TransportFeedback)
                Rtcp.parse(Rtcp.write(List.of(feedback))).getFirst();
    }
}
