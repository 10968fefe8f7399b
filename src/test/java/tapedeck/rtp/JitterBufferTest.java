package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Lent;

/// The room grows with what waits. What is waited for is `RtpReceiverTest`'s and `RepairTest`'s.
class JitterBufferTest {
    private static final long MILLI = 1_000_000L;
    /// The sequence numbers begin again soon after.
    private static final int FIRST = 65_400;

    private final List<Integer> came = new ArrayList<>();
    private long lost;
    private final JitterBuffer buffer = new JitterBuffer(true, 2_000 * MILLI, new JitterBuffer.Sink() {
        @Override
        public void packet(JitterBuffer.Packet packet) {
            came.add(packet.payload().i32(0));
        }

        @Override
        public void lost(long packets) {
            lost += packets;
        }

        @Override
        public boolean needsKeyframe() {
            return false;
        }

        @Override
        public int repeats(JitterBuffer.Packet packet) {
            return 0;
        }
    });

    private void offer(int number, long nanos) {
        byte[] payload = {(byte) (number >> 24), (byte) (number >> 16), (byte) (number >> 8), (byte) number};
        Lent.to(
                Bytes.wrap(payload),
                lent -> buffer.offer(
                        FIRST + number & 0xFFFF,
                        number * 3_000L,
                        false,
                        96,
                        lent,
                        nanos,
                        number == 0 ? JitterBuffer.Way.KEYFRAME : JitterBuffer.Way.ORIGINAL));
    }

    private static List<Integer> numbers(int from, int to) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = from; i < to; i++) {
            numbers.add(i);
        }
        return numbers;
    }

    @Test
    void anyNumberOfPacketsBehindAHoleLeavesInOrderWhenItIsFilled() {
        Random random = new Random(1);
        int next = 0;
        for (int round = 0; round < 200; round++) {
            int hole = next;
            next += random.nextInt(1, JitterBuffer.MAX_JUMP);
            List<Integer> behind = numbers(hole + 1, next);
            if (round % 2 == 0 && round > 0) {
                Collections.shuffle(behind, random);
            }
            if (round == 0) {
                offer(hole, MILLI);
            }
            behind.forEach(number -> offer(number, MILLI));
            buffer.release(MILLI);
            assertEquals(round == 0 ? next : hole, came.size());
            offer(hole, 2 * MILLI);
            buffer.release(2 * MILLI);
            assertEquals(next, came.size());
        }
        assertEquals(numbers(0, next), came);
        assertEquals(0, lost + buffer.late());
    }

    /// Before anybody asks what waited long enough.
    @Test
    void thePacketThatIsNextLeavesAtOnceAndOneBehindAHoleDoesNot() {
        offer(0, MILLI);
        assertEquals(List.of(), came, "it is not known yet whether it is the first");
        buffer.release(MILLI);
        offer(1, 2 * MILLI);
        assertEquals(numbers(0, 2), came);
        offer(3, 3 * MILLI);
        offer(2, 3 * MILLI);
        offer(4, 3 * MILLI);
        assertEquals(numbers(0, 2), came);
        buffer.release(3 * MILLI);
        offer(5, 4 * MILLI);
        offer(5, 4 * MILLI);
        assertEquals(numbers(0, 6), came);
        assertEquals(1, buffer.duplicates());
    }

    @Test
    void thePacketsInFrontOfTheFirstOneFindRoomToo() {
        List<Integer> backwards = numbers(1, JitterBuffer.MAX_JUMP).reversed();
        backwards.forEach(number -> offer(number, MILLI));
        offer(0, MILLI);
        buffer.release(MILLI);
        assertEquals(numbers(0, JitterBuffer.MAX_JUMP), came);
    }

    @Test
    void whatWasGivenUpIsLateAndNotDoubleWhenItComesAfterAll() {
        offer(0, MILLI);
        buffer.release(MILLI);
        numbers(300, 900).forEach(number -> offer(number, MILLI));
        buffer.release(3_000 * MILLI);
        assertEquals(299, lost);
        numbers(1, 300).forEach(number -> offer(number, 3_001 * MILLI));
        offer(5, 3_001 * MILLI);
        offer(500, 3_001 * MILLI);
        assertEquals(299, buffer.late());
        assertEquals(2, buffer.duplicates(), "one that was late before, and one that had left");
    }
}
