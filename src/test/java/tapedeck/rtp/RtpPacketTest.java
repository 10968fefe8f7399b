package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;

class RtpPacketTest {
    private static final Bytes WITH_EVERYTHING = Bytes.ofHex(
            "b2e0 1234 89abcdef 11223344" // P X, 2 CSRC, M, PT 96
                    + "aaaaaaaa bbbbbbbb" // CSRC
                    + "bede 0003 10aa 21bbcc 00 33 01020304 00" // ids 1, 2, a fill byte, 3
                    + "c0ffee 000003"); // payload, 3 bytes of padding

    @Test
    void allFieldsAreWhereTheRfcSays() {
        RtpPacket packet = RtpPacket.parse(WITH_EVERYTHING);
        assertTrue(packet.marker());
        assertEquals(96, packet.payloadType());
        assertEquals(0x1234, packet.sequenceNumber());
        assertEquals(0x89abcdefL, packet.timestamp());
        assertEquals(0x11223344L, packet.ssrc());
        assertEquals(2, packet.csrcCount());
        assertEquals(0xbbbbbbbbL, packet.csrc(1));
        assertEquals(Bytes.ofHex("aa"), packet.extension(1));
        assertEquals(Bytes.ofHex("bbcc"), packet.extension(2));
        assertEquals(Bytes.ofHex("01020304"), packet.extension(3));
        assertNull(packet.extension(4));
        assertEquals(Bytes.ofHex("c0ffee"), packet.payload());
        assertEquals(3, packet.payloadLength());
    }

    @Test
    void whatIsWrittenReadsBackWithEitherFormOfExtension() {
        for (int id : new int[] {1, 14, 15, 200}) {
            for (int size : new int[] {0, 1, 3, 16, 17, 255}) {
                var extension = new RtpPacket.Extension(id, Bytes.wrap(new byte[size]));
                var other = new RtpPacket.Extension(3, Bytes.ofHex("0102"));
                RtpPacket written = RtpPacket.of(
                        111, false, 65535, 0xFFFF_FFFFL, 0xFFFF_FFFEL, List.of(extension, other), Bytes.ofHex("0a0b"));
                RtpPacket read = RtpPacket.parse(written.bytes());
                assertEquals(extension.data(), read.extension(id));
                assertEquals(other.data(), read.extension(3));
                assertEquals(Bytes.ofHex("0a0b"), read.payload());
                assertEquals(0xFFFF_FFFFL, read.timestamp());
                assertFalse(read.marker());
            }
        }
    }

    @Test
    void paddingIsCheckedForEveryCountAndPayload() {
        for (int size = 0; size <= 20; size++) {
            for (int padding = 0; padding <= 255; padding++) {
                byte[] bytes = new byte[12 + size];
                bytes[0] = (byte) 0xA0;
                if (size > 0) {
                    bytes[bytes.length - 1] = (byte) padding;
                }
                Bytes datagram = Bytes.wrap(bytes);
                if (size == 0 || padding == 0 || padding > size) {
                    assertThrows(MalformedException.class, () -> RtpPacket.parse(datagram));
                } else {
                    assertEquals(size - padding, RtpPacket.parse(datagram).payloadLength());
                }
            }
        }
    }

    @Test
    void aPacketOfPaddingAloneHasAnEmptyPayload() {
        assertEquals(
                Bytes.EMPTY,
                RtpPacket.parse(Bytes.ofHex("a0600001 00000000 00000001 000003"))
                        .payload());
    }

    @Test
    void anElementThatRunsOverItsExtensionIsNotThere() {
        RtpPacket oneByte = RtpPacket.parse(Bytes.ofHex("90600001 00000000 00000001 bede0001 10aa2f00 ff"));
        assertEquals(Bytes.ofHex("aa"), oneByte.extension(1));
        assertNull(oneByte.extension(2));
        RtpPacket twoBytes = RtpPacket.parse(Bytes.ofHex("90600001 00000000 00000001 10000001 01010a02 ff"));
        assertEquals(Bytes.ofHex("0a"), twoBytes.extension(1));
        assertNull(twoBytes.extension(2));
    }

    @Test
    void otherVersionsAndShortPacketsAreMalformed() {
        for (String hex : List.of(
                "",
                "80",
                "40600001 00000000 00000001",
                "8f600001 00000000 00000001",
                "90600001 00000000 00000001 bede",
                "90600001 00000000 00000001 bede0002 00000000")) {
            assertThrows(MalformedException.class, () -> RtpPacket.parse(Bytes.ofHex(hex)), hex);
        }
    }

    @Test
    void nothingButMalformedLeavesTheParser() {
        List<Bytes> samples = new ArrayList<>();
        samples.add(WITH_EVERYTHING);
        samples.add(Bytes.ofHex("90600001 00000000 00000001 10000002 010103 0203aabbcc c0ffee"));
        samples.add(RtpPacket.of(96, true, 1, 2, 3, List.of(), Bytes.wrap(new byte[100]))
                .bytes());
        Fuzz.parser(samples, List.of(), bytes -> {
            RtpPacket packet = RtpPacket.parse(bytes);
            packet.payload();
            for (int id = 0; id < 256; id++) {
                packet.extension(id);
            }
            for (int i = 0; i < packet.csrcCount(); i++) {
                packet.csrc(i);
            }
        });
    }

    @Test
    void countersUnwrapAcrossTheirEnd() {
        Unwrapper sequence = new Unwrapper(16);
        long first = sequence.unwrap(65534);
        assertEquals(first + 1, sequence.unwrap(65535));
        assertEquals(first + 2, sequence.unwrap(0));
        assertEquals(first - 4, sequence.unwrapForward(65530));
        assertEquals(first + 3, sequence.unwrap(1));
        Unwrapper timestamp = new Unwrapper(32);
        long start = timestamp.unwrap(0xFFFF_FFF0L);
        assertEquals(start + 0x20, timestamp.unwrap(0x10));
        assertEquals(start, timestamp.unwrap(0xFFFF_FFF0L));
    }
}
