package tapedeck.protocol.webrtc.sctp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.sctp.SctpLink.Conditions;

/// Two associations that talk to each other over a link that does what it should.
@Timeout(60)
class SctpAssociationTest {
    private static Bytes bytes(int length, long seed) {
        byte[] array = new byte[length];
        new Random(seed).nextBytes(array);
        return Bytes.wrap(array);
    }

    @Test
    void oneSideBegins() {
        SctpLink link = new SctpLink(1, Conditions.PERFECT);
        link.left.association.connect(link.nowNanos);
        link.until(1, () -> link.left.opened && link.right.opened);
        assertEquals(4, link.left.sentPackets + link.right.sentPackets, "INIT, INIT ACK, COOKIE ECHO, COOKIE ACK");
    }

    @Test
    void bothBeginAtOnce() {
        for (int seed = 0; seed < 100; seed++) {
            SctpLink link = new SctpLink(seed, new Conditions(0, 0, 1, seed % 4 * 10L * SctpLink.MILLI));
            link.left.association.connect(link.nowNanos);
            link.run(seed % 7 * 5L * SctpLink.MILLI);
            link.right.association.connect(link.nowNanos);
            link.until(2, () -> link.left.opened && link.right.opened);
            DataChannel channel = link.reliable(link.left, "chat");
            link.text(link.left, channel, "hello");
            link.until(5, () -> link.right.messages.size() == 1);
            link.text(link.right, link.right.channels.getFirst(), "and back");
            link.until(5, () -> link.left.messages.size() == 1);
        }
    }

    @Test
    void eachPacketOfTheBeginningMayBeLost() {
        for (int lost = 0; lost < 8; lost++) {
            SctpLink link = new SctpLink(lost, Conditions.PERFECT);
            int[] count = {0};
            int number = lost;
            link.passes = _ -> count[0]++ != number;
            link.left.association.connect(link.nowNanos);
            link.right.association.connect(link.nowNanos);
            link.until(5, () -> link.left.opened && link.right.opened);
        }
    }

    @Test
    void aPeerThatIsNotThereIsGivenUp() {
        SctpLink link = new SctpLink(1, Conditions.PERFECT);
        link.passes = _ -> false;
        link.left.association.connect(link.nowNanos);
        link.until(120, () -> !link.left.ended.isEmpty());
        assertEquals("the peer does not answer", link.left.ended);
        assertEquals(Attempts.MAX_ATTEMPTS, link.left.sentPackets);
    }

    @Test
    void messagesOfAllSizesArriveAsTheyWere() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        DataChannel channel = link.reliable(link.left, "data");
        List<Bytes> sent = new ArrayList<>();
        for (int length : new int[] {0, 1, 2, 3, 4, 5, 1_119, 1_120, 1_121, 2_240, 16_384, 65_535, 65_536}) {
            Bytes data = bytes(length, length);
            sent.add(data);
            assertTrue(link.binary(link.left, channel, data));
        }
        assertTrue(link.text(link.left, channel, ""));
        assertTrue(link.text(link.left, channel, "grüß Gott 🎥"));
        link.until(10, () -> link.right.messages.size() == sent.size() + 2);
        assertEquals(
                sent,
                link.right.messages.subList(0, sent.size()).stream()
                        .map(ChannelMessage::data)
                        .toList());
        List<ChannelMessage> texts = link.right.messages.subList(sent.size(), sent.size() + 2);
        assertEquals(
                List.of(
                        new ChannelMessage(ChannelMessage.Kind.TEXT, Bytes.EMPTY),
                        new ChannelMessage(ChannelMessage.Kind.TEXT, Bytes.ofUtf8("grüß Gott 🎥"))),
                texts);
        assertTrue(link.left.largestPacket <= SctpAssociation.MAX_PACKET_BYTES, "" + link.left.largestPacket);
        assertEquals(0, link.left.association.statistics().retransmitted());
        assertEquals(0, link.right.association.statistics().heldBytes());
    }

    @Test
    void theOtherSideKnowsHowAChannelWasOpened() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        for (DataChannel.Reliability how : List.of(
                new DataChannel.Reliability.Full(),
                new DataChannel.Reliability.Retransmits(3),
                new DataChannel.Reliability.Lifetime(250))) {
            for (boolean ordered : new boolean[] {true, false}) {
                assertNotNull(link.left.association.open("Label ä", "proto", ordered, how, link.nowNanos));
            }
        }
        link.until(2, () -> link.left.channels.size() == 6);
        assertEquals(link.left.channels, link.right.channels);
        assertEquals(
                List.of(1, 3, 5, 7, 9, 11),
                link.left.channels.stream().map(DataChannel::id).toList());
        assertEquals(
                new DataChannel(11, "Label ä", "proto", false, new DataChannel.Reliability.Lifetime(250)),
                link.right.channels.getLast());
    }

    @Test
    void aClosedChannelIsClosedOnBothSidesAndItsIdIsUsedAgain() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        for (int round = 0; round < 5; round++) {
            DataChannel channel = link.reliable(link.left, "round " + round);
            assertEquals(1, channel.id());
            // The last message still arrives.
            link.text(link.left, channel, "a" + round);
            link.text(link.left, channel, "b" + round);
            link.left.association.close(channel, "enough", link.nowNanos);
            assertFalse(link.text(link.left, channel, "too late"));
            int rounds = round + 1;
            link.until(5, () -> link.right.closed.size() == rounds);
            link.run(2 * SctpLink.SECOND);
        }
        assertEquals("round 4: enough", link.left.closed.getLast());
        assertEquals("round 4: the peer closed it", link.right.closed.getLast());
        assertEquals(List.of("a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"), link.right.texts());
        assertEquals(0, link.left.association.statistics().channels());
        assertEquals(0, link.right.association.statistics().channels());
    }

    @Test
    void noMoreChannelsThanTheLimit() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        for (int i = 0; i < SctpAssociation.MAX_CHANNELS; i++) {
            link.reliable(link.left, "c" + i);
        }
        assertNull(link.left.association.open("more", "", true, new DataChannel.Reliability.Full(), link.nowNanos));
        link.until(5, () -> link.left.channels.size() == SctpAssociation.MAX_CHANNELS);
        // The other side may open no more of them either, however it was told: the limit is for both together.
        assertNull(link.right.association.open("more", "", true, new DataChannel.Reliability.Full(), link.nowNanos));
    }

    @Test
    void shuttingDownDeliversWhatWaits() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        DataChannel channel = link.reliable(link.left, "data");
        for (int i = 0; i < 10; i++) {
            link.binary(link.left, channel, bytes(50_000, i));
        }
        link.left.association.shutdown(link.nowNanos);
        link.until(10, () -> !link.left.ended.isEmpty() && !link.right.ended.isEmpty());
        assertEquals("shut down", link.left.ended);
        assertEquals("the peer shut it down", link.right.ended);
        assertEquals(10, link.right.messages.size());
        assertEquals(Long.MAX_VALUE, link.left.association.nextDeadlineNanos());
    }

    @Test
    void anAbortTellsWhy() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        link.left.association.abort("had enough");
        link.until(1, () -> !link.right.ended.isEmpty());
        assertEquals("the peer gave up, cause 12 had enough", link.right.ended);
    }

    @Test
    void aSilentPeerIsFoundOut() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        link.run(100 * SctpLink.SECOND);
        assertEquals("", link.left.ended, "heartbeats are answered");
        link.passes = _ -> false;
        link.until(600, () -> !link.left.ended.isEmpty());
        assertEquals("the peer does not answer", link.left.ended);
    }

    @Test
    void aPeerThatSendsTooManyMessagesLosesTheChannel() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        DataChannel channel = link.reliable(link.left, "flood");
        DataChannel other = link.reliable(link.left, "quiet");
        int allowed = Rate.BURST_SECONDS * Channels.MAX_MESSAGES_PER_SECOND;
        int sent = 0;
        while (link.right.closed.isEmpty()) {
            if (!link.text(link.left, channel, "x") || ++sent % 100 == 0) {
                link.run(10 * SctpLink.MILLI);
            }
            assertTrue(sent < 10 * allowed, "never closed");
        }
        link.until(5, () -> !link.left.closed.isEmpty());
        assertEquals("flood: the peer closed it", link.left.closed.getFirst());
        assertTrue(link.right.messages.size() >= allowed - 10, "" + link.right.messages.size());
        assertEquals("", link.right.ended);
        link.run(2 * SctpLink.SECOND);
        link.text(link.left, other, "still here");
        link.until(5, () -> link.right.texts().getLast().equals("still here"));
    }

    @Test
    void whatWaitsIsBounded() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        DataChannel channel = link.reliable(link.left, "data");
        link.passes = _ -> false;
        int taken = 0;
        while (link.binary(link.left, channel, bytes(1_000, taken))) {
            taken++;
        }
        assertTrue(taken * 1_000 <= SendQueue.MAX_WAITING_BYTES + CongestionWindow.MAX_BYTES, "" + taken);
        assertTrue(link.left.association.statistics().waitingBytes() <= SendQueue.MAX_WAITING_BYTES);
        link.passes = _ -> true;
        int all = taken;
        link.until(60, () -> link.right.messages.size() == all);
    }

    @Test
    void thePeersLimitOfAMessageHolds() {
        SctpLink link = new SctpLink(1, Conditions.PERFECT);
        SctpAssociation small = new SctpAssociation(SctpAssociation.PORT, 1_000, new Random(5), link.left);
        link.left.association = small;
        small.connect(link.nowNanos);
        link.until(5, () -> link.left.opened && link.right.opened);
        DataChannel channel = link.reliable(link.left, "small");
        assertTrue(link.binary(link.left, channel, bytes(1_000, 1)));
        assertFalse(link.binary(link.left, channel, bytes(1_001, 1)));
    }

    @Test
    void aPacketFromAnotherPortIsRefused() {
        SctpLink link = SctpLink.connected(1, Conditions.PERFECT);
        Bytes packet = new SctpPacket(5_001, SctpAssociation.PORT, 1, List.of(new Chunk.CookieAck())).toBytes();
        assertThrows(MalformedException.class, () -> link.left.association.receive(packet, link.nowNanos));
    }

    /// What a megabyte costs in simulated time: the windows open.
    @Test
    void aMegabyteOverALongPathTakesAFewSeconds() {
        SctpLink link = SctpLink.connected(1, new Conditions(0, 0, 40 * SctpLink.MILLI, 0));
        DataChannel channel = link.reliable(link.left, "data");
        IntStream.range(0, 16).forEach(i -> assertTrue(link.binary(link.left, channel, bytes(60_000, i))));
        long began = link.nowNanos;
        link.until(20, () -> link.right.messages.size() == 16);
        long millis = TimeUnit.NANOSECONDS.toMillis(link.nowNanos - began);
        System.out.println("960,000 bytes at 80 ms: " + millis + " ms");
        assertTrue(millis < 3_000, millis + " ms");
    }
}
