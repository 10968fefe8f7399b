package tapedeck.protocol.webrtc.sctp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.sctp.SctpLink.Conditions;

/// Two associations over a link that loses, doubles and reorders a fifth of all packets.
@Timeout(120)
class LossySctpTest {
    private static final int SEEDS = 40;

    /// A message that says its number, and whose other bytes follow from it.
    private static Bytes numbered(int number, int length) {
        byte[] rest = new byte[length];
        new Random(number).nextBytes(rest);
        return new ByteWriter().u32(number).bytes(rest).toBytes();
    }

    private static int number(ChannelMessage message) {
        int number = message.data().i32(0);
        assertEquals(numbered(number, message.data().length() - 4), message.data(), "message " + number);
        return number;
    }

    /// Mostly short, as chat is, and some long.
    private static int length(Random random) {
        return random.nextInt(8) == 0 ? random.nextInt(60_000) : random.nextInt(300);
    }

    @Test
    void everythingArrivesExactlyOnceAndInOrderBothWays() {
        for (int seed = 0; seed < SEEDS; seed++) {
            SctpLink link = SctpLink.connected(seed, Conditions.BAD);
            Random random = new Random(seed);
            List<SctpLink.Side> sides = List.of(link.left, link.right);
            List<DataChannel> both = List.of(link.reliable(link.left, "a"), link.reliable(link.left, "b"));
            link.until(60, () -> link.right.channels.size() == 2 && link.left.channels.size() == 2);
            int count = 60;
            for (int i = 0; i < count; i++) {
                for (SctpLink.Side side : sides) {
                    for (DataChannel channel : both) {
                        Bytes message = numbered(i, length(random));
                        while (!link.binary(side, channel, message)) {
                            link.run(100 * SctpLink.MILLI);
                        }
                    }
                }
                link.run(random.nextInt(30) * SctpLink.MILLI);
            }
            link.until(600, () -> sides.stream().allMatch(side -> side.messages.size() == 2 * count));
            link.run(20 * SctpLink.SECOND);
            for (SctpLink.Side side : sides) {
                Map<DataChannel, Integer> next = new HashMap<>();
                for (int i = 0; i < side.messages.size(); i++) {
                    DataChannel channel = side.messageChannels.get(i);
                    assertEquals(next.getOrDefault(channel, 0), number(side.messages.get(i)), "seed " + seed);
                    next.merge(channel, 1, Integer::sum);
                }
                assertEquals(2 * count, side.messages.size(), "no more came later");
                assertEquals(0, side.association.statistics().heldBytes());
                assertEquals(0, side.association.statistics().flightBytes());
                assertEquals("", side.ended);
            }
        }
    }

    @Test
    void unorderedMessagesArriveExactlyOnce() {
        for (int seed = 0; seed < SEEDS; seed++) {
            SctpLink link = SctpLink.connected(seed, Conditions.BAD);
            DataChannel channel = link.open(link.left, "u", false, new DataChannel.Reliability.Full());
            link.until(60, () -> link.left.channels.size() == 1);
            Random random = new Random(seed);
            int count = 100;
            for (int i = 0; i < count; i++) {
                while (!link.binary(link.left, channel, numbered(i, length(random)))) {
                    link.run(100 * SctpLink.MILLI);
                }
            }
            link.until(600, () -> link.right.messages.size() == count);
            link.run(10 * SctpLink.SECOND);
            List<Integer> numbers =
                    link.right.messages.stream().map(LossySctpTest::number).toList();
            assertEquals(count, numbers.size());
            assertEquals(count, new HashSet<>(numbers).size(), "each once");
            assertTrue(!numbers.equals(numbers.stream().sorted().toList()), "some overtook others: seed " + seed);
        }
    }

    /// What is given up is missing, nothing is doubled or out of order, and nothing waits for what is missing.
    @Test
    void partlyReliableMessagesMayBeMissingButHoldNothingUp() {
        List<DataChannel.Reliability> kinds = List.of(
                new DataChannel.Reliability.Retransmits(0),
                new DataChannel.Reliability.Retransmits(2),
                new DataChannel.Reliability.Lifetime(150));
        int missing = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            for (boolean ordered : new boolean[] {true, false}) {
                SctpLink link = SctpLink.connected(seed, Conditions.BAD);
                DataChannel channel = link.open(link.left, "p", ordered, kinds.get(seed % kinds.size()));
                DataChannel last = link.reliable(link.left, "last");
                link.until(60, () -> link.left.channels.size() == 2);
                Random random = new Random(seed);
                int count = 100;
                for (int i = 0; i < count; i++) {
                    link.binary(link.left, channel, numbered(i, random.nextInt(10) == 0 ? 20_000 : 200));
                    link.run(20 * SctpLink.MILLI);
                }
                link.text(link.left, last, "the last");
                link.until(60, () -> link.right.messageChannels.contains(last));
                link.run(30 * SctpLink.SECOND);
                List<Integer> numbers = new ArrayList<>();
                for (int i = 0; i < link.right.messages.size(); i++) {
                    if (link.right.messageChannels.get(i).equals(channel)) {
                        numbers.add(number(link.right.messages.get(i)));
                    }
                }
                assertEquals(numbers.size(), new HashSet<>(numbers).size(), "none twice");
                if (ordered) {
                    assertEquals(numbers.stream().sorted().toList(), numbers);
                }
                long abandoned = link.left.association.statistics().messagesAbandoned();
                assertTrue(
                        count - numbers.size() <= abandoned,
                        "seed %d: %d came, %d were given up".formatted(seed, numbers.size(), abandoned));
                assertTrue(numbers.size() > count / 3, "seed %d: %d came".formatted(seed, numbers.size()));
                missing += count - numbers.size();
                assertEquals(0, link.right.association.statistics().heldBytes(), "nothing waits");
                assertEquals(0, link.left.association.statistics().flightBytes());
                assertEquals(0, link.left.association.statistics().waitingBytes());
            }
        }
        assertTrue(missing > SEEDS, "some were given up: " + missing);
    }

    @Test
    void channelsOpenAndCloseOverABadLink() {
        for (int seed = 0; seed < SEEDS; seed++) {
            SctpLink link = SctpLink.connected(seed, Conditions.BAD);
            for (int round = 0; round < 10; round++) {
                DataChannel channel = link.reliable(link.left, "r" + round);
                link.text(link.left, channel, "m" + round);
                link.left.association.close(channel, "done", link.nowNanos);
                link.run(300 * SctpLink.MILLI);
            }
            link.until(200, () -> link.right.closed.size() == 10);
            link.run(60 * SctpLink.SECOND);
            assertEquals(10, link.right.channels.size(), "seed " + seed);
            assertEquals(10, link.right.messages.size());
            // All ids are free again.
            assertEquals(1, link.reliable(link.left, "again").id(), "seed " + seed);
        }
    }

    @Test
    void shuttingDownOverABadLink() {
        for (int seed = 0; seed < SEEDS; seed++) {
            SctpLink link = SctpLink.connected(seed, Conditions.BAD);
            DataChannel channel = link.reliable(link.left, "data");
            for (int i = 0; i < 5; i++) {
                link.binary(link.left, channel, numbered(i, 10_000));
            }
            link.left.association.shutdown(link.nowNanos);
            if (seed % 2 == 0) {
                link.right.association.shutdown(link.nowNanos);
            }
            link.until(200, () -> !link.left.ended.isEmpty() && !link.right.ended.isEmpty());
            assertEquals(5, link.right.messages.size(), "seed " + seed);
        }
    }
}
