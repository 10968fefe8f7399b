package tapedeck.protocol.webrtc.sctp;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Fuzz;

/// Two associations whose packets are damaged and then sealed again.
@Timeout(120)
class DamagedSctpTest {
    /// Whole conversations with every packet damaged, as only the other end of the DTLS connection could.
    @Test
    void damagedPacketsOfAWholeConversationDoNoHarm() {
        Random random = new Random(1);
        long end = System.nanoTime() + 3 * SctpLink.SECOND;
        long packets = 0;
        for (int seed = 0; System.nanoTime() < end; seed++) {
            SctpLink link = new SctpLink(seed, new SctpLink.Conditions(0.05, 0.05, SctpLink.MILLI, 0));
            link.damage = packet -> random.nextInt(4) == 0
                    ? SctpPacketTest.sealed(tagKept(packet, Fuzz.damaged(packet, random)))
                    : packet;
            link.left.association.connect(link.nowNanos);
            link.right.association.connect(link.nowNanos);
            for (int round = 0; round < 30; round++) {
                talk(link, random);
                link.run(50 * SctpLink.MILLI);
                for (SctpLink.Side side : List.of(link.left, link.right)) {
                    SctpAssociation.Statistics now = side.association.statistics();
                    assertTrue(now.heldBytes() >= 0 && now.heldBytes() <= HostileSctpTest.MAX_HELD, now.toString());
                    assertTrue(now.flightBytes() >= 0, now.toString());
                    assertTrue(
                            now.waitingBytes() >= 0 && now.waitingBytes() <= SendQueue.MAX_WAITING_BYTES,
                            now.toString());
                }
            }
            packets += link.left.sentPackets + link.right.sentPackets;
        }
        System.out.println("damaged conversations: " + packets + " packets");
    }

    private static void talk(SctpLink link, Random random) {
        for (SctpLink.Side side : List.of(link.left, link.right)) {
            DataChannel.Reliability how = random.nextBoolean()
                    ? new DataChannel.Reliability.Full()
                    : new DataChannel.Reliability.Retransmits(1);
            DataChannel channel = side.association.open("x", "", random.nextBoolean(), how, link.nowNanos);
            if (channel != null) {
                link.binary(side, channel, Bytes.wrap(new byte[random.nextInt(5_000)]));
                link.text(side, channel, "x");
            }
            if (random.nextInt(3) == 0 && !side.channels.isEmpty()) {
                side.association.close(side.channels.getLast(), "", link.nowNanos);
            }
        }
    }

    /// The first 12 bytes as they were: damage there is found by anybody.
    private static Bytes tagKept(Bytes good, Bytes damaged) {
        byte[] array = damaged.toByteArray();
        good.copyTo(0, array, 0, Math.min(array.length, SctpPacket.HEADER_BYTES));
        return Bytes.wrap(array);
    }
}
