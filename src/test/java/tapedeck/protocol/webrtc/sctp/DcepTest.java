package tapedeck.protocol.webrtc.sctp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;

/// The messages that open a channel.
class DcepTest {
    private static final List<DataChannel.Reliability> KINDS = List.of(
            new DataChannel.Reliability.Full(),
            new DataChannel.Reliability.Retransmits(0),
            new DataChannel.Reliability.Retransmits(65_535),
            new DataChannel.Reliability.Lifetime(3_000));

    @Test
    void everyKindOfChannelIsReadAsItWasWritten() {
        List<Bytes> samples = new ArrayList<>();
        for (DataChannel.Reliability kind : KINDS) {
            for (boolean ordered : new boolean[] {true, false}) {
                DataChannel channel = new DataChannel(7, "Chät", "json", ordered, kind);
                Bytes message = Dcep.open(channel);
                assertEquals(channel, Dcep.parseOpen(7, message));
                samples.add(message);
            }
        }
        Fuzz.parser(samples, List.of(), message -> Dcep.parseOpen(7, message));
    }

    /// RFC 8832 5.1: an unordered channel with two retransmissions, label "a", no protocol.
    @Test
    void theBytesAreThoseOfTheStandard() {
        DataChannel channel = new DataChannel(1, "a", "", false, new DataChannel.Reliability.Retransmits(2));
        assertEquals("03810100000000020001000061", Dcep.open(channel).toHex());
    }

    @Test
    void namesAreBounded() {
        String longest = "x".repeat(Dcep.MAX_NAME_BYTES);
        DataChannel fits = new DataChannel(1, longest, longest, true, new DataChannel.Reliability.Full());
        assertEquals(fits, Dcep.parseOpen(1, Dcep.open(fits)));
        DataChannel tooLong = new DataChannel(1, longest + "x", "", true, new DataChannel.Reliability.Full());
        assertThrows(MalformedException.class, () -> Dcep.parseOpen(1, Dcep.open(tooLong)));
    }
}
