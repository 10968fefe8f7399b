package tapedeck.protocol.webrtc.ice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The messages of RFC 5769, and what must never get through.
class StunMessageTest {
    private static final IceCredentials RFC_5769 = new IceCredentials("evtj", "VOkJxbRl1RmTxUk/WvJxBt");

    /// RFC 5769 2.1.
    private static final Bytes REQUEST = Bytes.ofHex("""
            00010058 2112a442 b7e7a701bc34d686fa87dfae
            80220010 5354554e207465737420636c69656e74
            00240004 6e0001ff
            80290008 932ff9b151263b36
            00060009 6576746a3a68367659202020
            00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
            80280004 e57a3bcf""");

    /// RFC 5769 2.2.
    private static final Bytes RESPONSE_V4 = Bytes.ofHex("""
            0101003c 2112a442 b7e7a701bc34d686fa87dfae
            8022000b 7465737420766563746f7220
            00200008 0001a147e112a643
            00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
            80280004 c07d4c96""");

    /// RFC 5769 2.3.
    private static final Bytes RESPONSE_V6 = Bytes.ofHex("""
            01010048 2112a442 b7e7a701bc34d686fa87dfae
            8022000b 7465737420766563746f7220
            00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
            00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
            80280004 c8fb0b4c""");

    @Test
    void theRequestOfRfc5769IsReadAndItsSealsAreRight() {
        StunMessage request = StunMessage.parse(REQUEST);
        assertEquals(StunMessage.BINDING_REQUEST, request.type());
        assertEquals(
                "evtj:h6vY",
                request.attribute(StunMessage.USERNAME).orElseThrow().value().toUtf8());
        assertEquals(
                0x6e0001ff,
                request.attribute(StunMessage.PRIORITY).orElseThrow().value().i32(0));
        assertTrue(request.has(StunMessage.ICE_CONTROLLED));
        assertTrue(request.integrityBy(RFC_5769.hmac()));
        assertTrue(request.fingerprintRight());
        assertFalse(request.integrityBy(new IceCredentials("evtj", "wrong").hmac()));
    }

    @Test
    void theResponsesOfRfc5769AreReadAndTheirAddressesWrittenAlike() {
        // The RFC pads with spaces, so that its seals differ from ours over zeros.
        for (Bytes expected : new Bytes[] {RESPONSE_V4, RESPONSE_V6}) {
            StunMessage message = StunMessage.parse(expected);
            assertTrue(message.integrityBy(RFC_5769.hmac()));
            assertTrue(message.fingerprintRight());
            String host = expected.equals(RESPONSE_V4) ? "192.0.2.1" : "2001:db8:1234:5678:11:2233:4455:6677";
            StunMessage written = StunMessage.parse(new StunWriter(StunMessage.BINDING_SUCCESS, message.transactionId())
                    .xorMappedAddress(new InetSocketAddress(host, 32853))
                    .integrity(RFC_5769.hmac())
                    .fingerprint()
                    .toBytes());
            assertEquals(
                    message.attribute(StunMessage.XOR_MAPPED_ADDRESS)
                            .orElseThrow()
                            .value(),
                    written.attribute(StunMessage.XOR_MAPPED_ADDRESS)
                            .orElseThrow()
                            .value());
            assertTrue(written.integrityBy(RFC_5769.hmac()));
            assertTrue(written.fingerprintRight());
        }
    }

    @Test
    void everyCutAndEveryFlippedBitIsRefusedOrUnsealed() {
        for (int length = 0; length < REQUEST.length(); length++) {
            Bytes cut = REQUEST.slice(0, length);
            assertThrows(MalformedException.class, () -> StunMessage.parse(cut));
        }
        for (int bit = 0; bit < REQUEST.length() * 8; bit++) {
            byte[] flipped = REQUEST.toByteArray();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                StunMessage message = StunMessage.parse(Bytes.wrap(flipped));
                assertFalse(
                        message.integrityBy(RFC_5769.hmac()) && message.fingerprintRight(), "bit " + bit + " unseen");
            } catch (MalformedException expected) {
                // Refused.
            }
        }
    }

    @Test
    void whatFollowsTheIntegrityIsIgnored() {
        Bytes id = Bytes.wrap(new byte[StunMessage.TRANSACTION_ID_BYTES]);
        StunMessage message = StunMessage.parse(new StunWriter(StunMessage.BINDING_REQUEST, id)
                .attribute(StunMessage.PRIORITY, Bytes.ofHex("00000001"))
                .integrity(RFC_5769.hmac())
                .attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY)
                .fingerprint()
                .toBytes());
        assertTrue(message.integrityBy(RFC_5769.hmac()));
        assertTrue(message.fingerprintRight());
        assertFalse(message.has(StunMessage.USE_CANDIDATE));
    }

    @Test
    void limitsHold() {
        Bytes id = Bytes.wrap(new byte[StunMessage.TRANSACTION_ID_BYTES]);
        StunWriter many = new StunWriter(StunMessage.BINDING_REQUEST, id);
        for (int i = 0; i < StunMessage.MAX_ATTRIBUTES; i++) {
            many.attribute(StunMessage.SOFTWARE, Bytes.EMPTY);
        }
        assertEquals(
                StunMessage.MAX_ATTRIBUTES,
                StunMessage.parse(many.toBytes()).attributes().size());
        many.attribute(StunMessage.SOFTWARE, Bytes.EMPTY);
        assertThrows(MalformedException.class, () -> StunMessage.parse(many.toBytes()));

        Bytes longName = Bytes.wrap(new byte[StunMessage.MAX_USERNAME_BYTES + 1]);
        Bytes tooLongName = new StunWriter(StunMessage.BINDING_REQUEST, id)
                .attribute(StunMessage.USERNAME, longName)
                .toBytes();
        assertThrows(MalformedException.class, () -> StunMessage.parse(tooLongName));

        Bytes tooLong = new StunWriter(StunMessage.BINDING_REQUEST, id)
                .attribute(StunMessage.SOFTWARE, Bytes.wrap(new byte[StunMessage.MAX_BYTES]))
                .toBytes();
        assertThrows(MalformedException.class, () -> StunMessage.parse(tooLong));
    }

    @Test
    void nothingButMalformedLeavesTheParserUnderFuzz() {
        Random random = new Random(5769);
        double[] rates = {1e-3, 5e-3, 2e-2, 0.2};
        Bytes[] seeds = {REQUEST, RESPONSE_V4, RESPONSE_V6};
        var hmac = RFC_5769.hmac();
        for (int run = 0; run < 120_000; run++) {
            byte[] data = seeds[run % 3].toByteArray();
            double rate = rates[run % rates.length];
            for (int i = 0; i < data.length; i++) {
                if (random.nextDouble() < rate) {
                    data[i] = (byte) random.nextInt();
                }
            }
            // A lie about one length field.
            int at = new int[] {2, 22, 42, 50, 62}[random.nextInt(5)];
            if (run % 2 == 0) {
                data[at + random.nextInt(2)] = (byte) random.nextInt();
            }
            Bytes fuzzed = run % 5 == 0
                    ? new ByteWriter().bytes(data).zeros(random.nextInt(64)).toBytes()
                    : Bytes.wrap(data);
            try {
                StunMessage message = StunMessage.parse(fuzzed);
                message.integrityBy(hmac);
                message.fingerprintRight();
            } catch (MalformedException expected) {
                // The only way out.
            }
        }
    }
}
