package tapedeck.protocol.webrtc.dtls;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

public class DtlsFilterTest {
    /// One plain record around `content`.
    public static Bytes record(int type, int epoch, Bytes content) {
        return new ByteWriter()
                .u8(type)
                .u16(0xFEFD)
                .u16(epoch)
                .zeros(6)
                .u16(content.length())
                .bytes(content)
                .toBytes();
    }

    public static Bytes fragment(int messageLength, int messageSeq, int offset, int length, int really) {
        return new ByteWriter()
                .u8(1)
                .u24(messageLength)
                .u16(messageSeq)
                .u24(offset)
                .u24(length)
                .zeros(really)
                .toBytes();
    }

    /// The datagram of CVE-2026-59646: one record, 16 fragment headers, each the start of a 16 MiB message.
    static Bytes bomb() {
        ByteWriter content = new ByteWriter();
        for (int i = 0; i < 16; i++) {
            content.bytes(fragment(0xFFFFFF, i, 0, 0, 0));
        }
        return record(DtlsFilter.HANDSHAKE, 0, content.toBytes());
    }

    private static boolean passes(Bytes datagram) {
        return new DtlsFilter(DtlsPeer.Side.CLIENT).passes(datagram);
    }

    private static boolean passesFragment(int messageLength, int messageSeq, int offset, int length, int really) {
        return passes(record(DtlsFilter.HANDSHAKE, 0, fragment(messageLength, messageSeq, offset, length, really)));
    }

    @Test
    void anHonestFragmentPassesAndALyingOneDoesNot() {
        assertTrue(passesFragment(100, 0, 0, 100, 100), "whole");
        assertTrue(passesFragment(1_463, 0, 1_200, 263, 263), "second part");
        assertTrue(passesFragment(0, 0, 0, 0, 0), "an empty message is no lie");
        assertTrue(passesFragment(DtlsFilter.MAX_MESSAGE_BYTES, DtlsFilter.MAX_MESSAGE_SEQ, 0, 10, 10), "at the limit");
        assertFalse(passesFragment(DtlsFilter.MAX_MESSAGE_BYTES + 1, 0, 0, 10, 10), "too long a message");
        assertFalse(passesFragment(100, 0, 50, 51, 51), "beyond its message");
        assertFalse(passesFragment(100, 0, 0, 100, 99), "beyond its record");
        assertFalse(passesFragment(100, 0, 0, 0, 0), "no content");
        assertFalse(passesFragment(100, DtlsFilter.MAX_MESSAGE_SEQ + 1, 0, 100, 100), "too far ahead");
    }

    @Test
    void theBombDoesNotPass() {
        assertTrue(bomb().length() < 210, "as small as the real one");
        assertFalse(passes(bomb()));
    }

    @Test
    void tooManyFragmentsOrRecordsDoNotPass() {
        ByteWriter fragments = new ByteWriter();
        ByteWriter records = new ByteWriter();
        for (int i = 0; i < 16; i++) {
            fragments.bytes(fragment(100, 0, i, 1, 1));
            records.bytes(record(DtlsFilter.APPLICATION_DATA, 1, Bytes.ofU8(0)));
        }
        assertTrue(passes(record(DtlsFilter.HANDSHAKE, 0, fragments.toBytes())));
        assertTrue(passes(records.toBytes()));
        fragments.bytes(fragment(100, 0, 99, 1, 1));
        records.bytes(record(DtlsFilter.APPLICATION_DATA, 1, Bytes.ofU8(0)));
        assertFalse(passes(record(DtlsFilter.HANDSHAKE, 0, fragments.toBytes())));
        assertFalse(passes(records.toBytes()));
    }

    @Test
    void recordsAreWholeOfAKnownTypeAndPlainOnesHaveNoAlert() {
        assertTrue(passes(record(DtlsFilter.ALERT, 1, Bytes.wrap(new byte[26]))), "encrypted alert");
        assertTrue(passes(record(DtlsFilter.HANDSHAKE, 1, Bytes.wrap(new byte[48]))), "encrypted Finished");
        assertFalse(passes(record(DtlsFilter.ALERT, 0, Bytes.ofU8(2, 40))), "anybody's alert");
        assertFalse(passes(record(DtlsFilter.APPLICATION_DATA, 0, Bytes.ofU8(1))));
        assertFalse(passes(record(24, 1, Bytes.ofU8(1))), "heartbeat");
        assertFalse(passes(record(DtlsFilter.HANDSHAKE, 0, Bytes.EMPTY)), "empty record");
        assertFalse(passes(Bytes.EMPTY));
        Bytes two = new ByteWriter()
                .bytes(record(DtlsFilter.HANDSHAKE, 0, verify(5, 0, 5)))
                .bytes(record(DtlsFilter.CHANGE_CIPHER_SPEC, 0, Bytes.ofU8(1)))
                .toBytes();
        assertTrue(passes(two));
        for (int length = 0; length < two.length(); length++) {
            boolean atRecordEnd = length == 13 + 17;
            assertTrue(atRecordEnd == passes(two.slice(0, length)), "cut at " + length);
        }
    }

    @Test
    void aChangeOfCipherThatOvertakesTheCertificateVerifyWaitsForIt() {
        DtlsFilter filter = new DtlsFilter(DtlsPeer.Side.CLIENT);
        Bytes change = record(DtlsFilter.CHANGE_CIPHER_SPEC, 0, Bytes.ofU8(1));
        assertFalse(filter.passes(change));
        assertTrue(filter.passes(record(DtlsFilter.HANDSHAKE, 0, verify(80, 50, 30))));
        assertFalse(filter.passes(change), "the beginning is missing");
        assertTrue(filter.passes(record(DtlsFilter.HANDSHAKE, 0, verify(80, 0, 50))));
        assertFalse(filter.passes(change), "the end came too early");
        assertTrue(filter.passes(record(DtlsFilter.HANDSHAKE, 0, verify(80, 50, 30))));
        assertTrue(filter.passes(change));
    }

    private static Bytes verify(int messageLength, int offset, int length) {
        byte[] bytes = fragment(messageLength, 3, offset, length, length).toByteArray();
        bytes[0] = 15;
        return Bytes.wrap(bytes);
    }

    @Test
    void nothingThatPassesUnderFuzzClaimsMoreThanTheLimit() {
        Random random = new Random(59646);
        Bytes hello = record(DtlsFilter.HANDSHAKE, 0, fragment(300, 0, 0, 300, 300));
        Bytes flight = new ByteWriter()
                .bytes(record(DtlsFilter.HANDSHAKE, 0, fragment(400, 1, 0, 200, 200)))
                .bytes(record(DtlsFilter.HANDSHAKE, 0, verify(70, 0, 70)))
                .bytes(record(DtlsFilter.CHANGE_CIPHER_SPEC, 0, Bytes.ofU8(1)))
                .bytes(record(DtlsFilter.HANDSHAKE, 1, Bytes.wrap(new byte[40])))
                .toBytes();
        Bytes[] seeds = {hello, flight, bomb()};
        double[] rates = {1e-3, 1e-2, 5e-2};
        int passed = 0;
        for (int run = 0; run < 150_000; run++) {
            byte[] data = seeds[run % 3].toByteArray();
            for (int i = 0; i < data.length; i++) {
                // The first headers more often than the rest.
                if (random.nextDouble() < rates[random.nextInt(3)] * (i < 25 ? 2 : 1)) {
                    data[i] = (byte) random.nextInt();
                }
            }
            Bytes fuzzed = Bytes.wrap(data);
            if (passes(fuzzed)) {
                passed++;
                if (fuzzed.u8(0) == DtlsFilter.HANDSHAKE && fuzzed.u16(3) == 0) {
                    assertTrue(fuzzed.u24(14) <= DtlsFilter.MAX_MESSAGE_BYTES);
                    assertTrue(fuzzed.u24(19) + fuzzed.u24(22) <= fuzzed.u24(14));
                }
            }
        }
        assertTrue(passed > 100, "the fuzz reached further than the first byte: " + passed);
    }
}
