package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;

/// What a sender learns from the reports, as the draft's text has it; read by a decoder of its own.
class TransportArrivalsTest {
    private static final long MILLI = 1_000_000;

    /// A sender's half: sequence number → arrival in 250 µs, and how often each was reported as received or lost.
    private static final class Sender {
        private final Map<Long, Long> received = new HashMap<>();
        private final Map<Long, Integer> lost = new HashMap<>();
        private boolean started;
        private long lastReference;
        private long highest = 65_000;
        private int count;

        /// Section 3.1 of the draft, from the bytes.
        void read(byte[] packet) {
            assertEquals(0x80 | 15, packet[0] & 0xFF & ~0x20, "version 2, no padding flag, format 15");
            assertEquals(205, packet[1] & 0xFF);
            assertEquals(packet.length, 4 * (u16(packet, 2) + 1));
            int base = u16(packet, 12);
            int statuses = u16(packet, 14);
            int reference = u16(packet, 16) << 8 | packet[18] & 0xFF;
            assertEquals(count++ & 0xFF, packet[19] & 0xFF, "feedback packets are numbered");
            // The nearest to the last one: a report on late packets may begin before the one in front of it did.
            int step = started ? (reference - (int) lastReference << 8) >> 8 : reference;
            started = true;
            lastReference += step;
            List<Integer> symbols = new ArrayList<>();
            int at = 20;
            while (symbols.size() < statuses) {
                int chunk = u16(packet, at);
                at += 2;
                if (chunk < 0x8000) {
                    for (int i = 0; i < (chunk & 0x1FFF); i++) {
                        symbols.add(chunk >> 13 & 3);
                    }
                } else if ((chunk & 0x4000) == 0) {
                    for (int bit = 13; bit >= 0; bit--) {
                        symbols.add(chunk >> bit & 1);
                    }
                } else {
                    for (int bit = 12; bit >= 0; bit -= 2) {
                        symbols.add(chunk >> bit & 3);
                    }
                }
            }
            // In units of 250 µs.
            long clock = lastReference * 256;
            for (int i = 0; i < statuses; i++) {
                long sequence = highest + (short) (base + i - (int) highest);
                highest = Math.max(highest, sequence);
                switch (symbols.get(i)) {
                    case 0 -> lost.merge(sequence, 1, Integer::sum);
                    case 1 -> clock = arrived(sequence, clock + (packet[at++] & 0xFF));
                    case 2 -> {
                        clock = arrived(sequence, clock + (short) u16(packet, at));
                        at += 2;
                    }
                    default -> throw new AssertionError("reserved symbol");
                }
            }
            assertTrue(packet.length - at < 4, "nothing but padding behind");
        }

        private long arrived(long sequence, long clock) {
            assertEquals(null, received.put(sequence, clock), "reported once: " + sequence);
            return clock;
        }

        private static int u16(byte[] bytes, int at) {
            return (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aSenderLearnsEachArrivalOnceAndExactly(long seed) {
        Random random = new Random(seed);
        TransportArrivals arrivals = new TransportArrivals(1);
        Sender sender = new Sender();
        Map<Long, Long> truth = new HashMap<>();
        List<long[]> overtaken = new ArrayList<>();
        long now = random.nextLong(1L << 40);
        long origin = now;
        long nextReport = now;
        for (long sequence = 65_000; sequence < 65_000 + 20_000; sequence++) {
            // Mostly a few hundred µs apart, at times a long pause: the deltas have one byte, two, and none that fits.
            now += random.nextInt(2_000) == 0 ? random.nextLong(20_000 * MILLI) : random.nextLong(3 * MILLI);
            if (random.nextInt(50) == 0) {
                overtaken.add(new long[] {sequence, now + random.nextLong(200 * MILLI)});
                continue;
            }
            if (random.nextInt(20) != 0) {
                arrive(arrivals, truth, sequence, now);
            }
            for (int i = 0; i < overtaken.size(); i++) {
                if (overtaken.get(i)[1] <= now) {
                    arrive(arrivals, truth, overtaken.remove(i--)[0], now);
                }
            }
            if (now >= nextReport) {
                nextReport = now + 80 * MILLI;
                report(arrivals, sender);
            }
        }
        report(arrivals, sender);
        assertEquals(truth.keySet(), sender.received.keySet());
        long shift = sender.received.get(65_000L + firstOf(truth)) - truth.get(65_000L + firstOf(truth)) / 250_000;
        for (long sequence : truth.keySet()) {
            long error = sender.received.get(sequence) - shift - truth.get(sequence) / 250_000;
            assertTrue(Math.abs(error) <= 1, "%d is off by %d units".formatted(sequence, error));
        }
        assertTrue(now - origin > 64 * MILLI * 256, "time went far");
        for (long sequence = 65_000 + 2_100; sequence < 65_000 + 19_000; sequence++) {
            if (!truth.containsKey(sequence)) {
                assertTrue(sender.lost.getOrDefault(sequence, 0) >= 1, sequence + " was lost");
            }
        }
    }

    private static long firstOf(Map<Long, Long> truth) {
        return truth.keySet().stream().mapToLong(Long::longValue).min().orElseThrow() - 65_000;
    }

    private static void arrive(TransportArrivals arrivals, Map<Long, Long> truth, long sequence, long now) {
        arrivals.received((int) (sequence & 0xFFFF), now);
        truth.put(sequence, now);
    }

    private static void report(TransportArrivals arrivals, Sender sender) {
        for (var feedback = arrivals.feedback(2); feedback != null; feedback = arrivals.feedback(2)) {
            sender.read(Rtcp.write(List.of(feedback)).toByteArray());
        }
    }

    @Test
    void theReferenceTimeWrapsAfterTwelveDays() {
        TransportArrivals arrivals = new TransportArrivals(1);
        long almost = (1L << 24) * 64 * MILLI - 30 * MILLI;
        arrivals.received(1, 0);
        arrivals.feedback(2);
        arrivals.received(2, almost);
        Rtcp.TransportFeedback before = arrivals.feedback(2);
        arrivals.received(3, almost + 40 * MILLI);
        Rtcp.TransportFeedback after = arrivals.feedback(2);
        assertTrue(before != null && after != null);
        assertEquals(-1, before.referenceTime(), "24 bits, signed");
        assertEquals(0, after.referenceTime());
        Bytes written = Rtcp.write(List.of(before));
        assertEquals(0xFFFFFF, written.u24(16));
    }

    @Test
    void whatComesLateIsReportedAloneAndNothingIsTakenBack() {
        TransportArrivals arrivals = new TransportArrivals(1);
        for (int sequence : new int[] {10, 11, 13, 14}) {
            arrivals.received(sequence, sequence * MILLI);
        }
        Rtcp.TransportFeedback first = arrivals.feedback(2);
        arrivals.received(12, 15 * MILLI);
        arrivals.received(15, 16 * MILLI);
        Rtcp.TransportFeedback late = arrivals.feedback(2);
        Rtcp.TransportFeedback next = arrivals.feedback(2);
        assertTrue(first != null && late != null && next != null);
        assertEquals(Rtcp.TransportFeedback.NOT_RECEIVED, first.deltas().get(2));
        assertEquals(12, late.baseSequenceNumber());
        assertEquals(1, late.deltas().size());
        assertEquals(15, next.baseSequenceNumber());
        assertEquals(null, arrivals.feedback(2));
    }
}
