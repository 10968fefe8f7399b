package tapedeck.protocol.webrtc.sctp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;

/// Packets as bytes.
class SctpPacketTest {
    private static final List<Chunk> CHUNKS = List.of(
            new Chunk.Data(true, true, false, true, 0xFFFF_FFFFL, 65_535, 65_535, 53, Bytes.ofU8(1, 2, 3)),
            new Chunk.Data(false, false, true, false, 0, 0, 0, 51, Bytes.ofU8(1)),
            new Chunk.Init(
                    false,
                    1,
                    131_072,
                    65_535,
                    65_535,
                    7,
                    List.of(
                            new Parameter(Parameter.FORWARD_TSN_SUPPORTED, Bytes.EMPTY),
                            new Parameter(Parameter.SUPPORTED_EXTENSIONS, Bytes.ofU8(130, 192)))),
            new Chunk.Init(
                    true, 2, 1, 2, 3, 4, List.of(new Parameter(Parameter.STATE_COOKIE, Bytes.ofU8(1, 2, 3, 4, 5)))),
            new Chunk.Sack(
                    9, 1_000, List.of(new Chunk.Sack.Gap(2, 3), new Chunk.Sack.Gap(5, 5)), List.of(8L, 0xFFFF_FFFFL)),
            new Chunk.Heartbeat(false, Bytes.ofHex("00010008 01020304")),
            new Chunk.Heartbeat(true, Bytes.ofHex("00010008 01020304")),
            new Chunk.Abort(true, List.of(new Parameter(12, Bytes.ofUtf8("why")))),
            new Chunk.Shutdown(77),
            new Chunk.ShutdownAck(),
            new Chunk.ErrorReport(List.of(new Parameter(3, Bytes.ofU8(0, 0, 0, 1)))),
            new Chunk.CookieEcho(Bytes.ofU8(1, 2, 3)),
            new Chunk.CookieAck(),
            new Chunk.ShutdownComplete(true),
            new Chunk.ForwardTsn(5, List.of(new Chunk.ForwardTsn.Skip(1, 2), new Chunk.ForwardTsn.Skip(3, 65_535))),
            new Chunk.Reconfig(List.of(new Parameter(Parameter.OUTGOING_RESET_REQUEST, Bytes.ofHex("01".repeat(14))))),
            new Chunk.Unknown(0x3F, Bytes.ofHex("3F000006 0102")));

    private static Bytes packet(List<Chunk> chunks) {
        return new SctpPacket(5_000, 5_000, 0xFEDC_BA98L, chunks).toBytes();
    }

    /// The same bytes with a checksum that is right: damage shall reach the parser.
    static Bytes sealed(Bytes packet) {
        if (packet.length() < SctpPacket.HEADER_BYTES) {
            return packet;
        }
        byte[] array = packet.toByteArray();
        array[8] = array[9] = array[10] = array[11] = 0;
        CRC32C crc = new CRC32C();
        crc.update(array);
        Bytes checksum = new ByteWriter().u32Le(crc.getValue()).toBytes();
        checksum.copyTo(0, array, 8, 4);
        return Bytes.wrap(array);
    }

    @Test
    void everyChunkIsReadAsItWasWritten() {
        for (Chunk chunk : CHUNKS) {
            Bytes bytes = packet(List.of(chunk));
            assertEquals(0, bytes.length() % 4);
            assertEquals(new SctpPacket(5_000, 5_000, 0xFEDC_BA98L, List.of(chunk)), SctpPacket.parse(bytes));
        }
        Bytes all = packet(CHUNKS);
        assertEquals(CHUNKS, SctpPacket.parse(all).chunks());
    }

    /// RFC 3720 B.4 has these values of CRC32c; RFC 9260 appendix A says in which order they go out.
    @Test
    void theChecksumIsTheOneOfTheStandard() {
        Bytes cookieAck = packet(List.of(new Chunk.CookieAck()));
        assertEquals("13881388fedcba98", cookieAck.slice(0, 8).toHex());
        assertEquals("0b000004", cookieAck.slice(12).toHex());
        // Computed bit by bit with the reflected polynomial 0x82F63B78.
        assertEquals(bitwise(cookieAck), cookieAck.reader().take(12).slice(8).toHex());
        for (int bit = 0; bit < cookieAck.length() * 8; bit++) {
            byte[] wrong = cookieAck.toByteArray();
            wrong[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(MalformedException.class, () -> SctpPacket.parse(Bytes.wrap(wrong)));
        }
    }

    private static String bitwise(Bytes packet) {
        int crc = ~0;
        for (int i = 0; i < packet.length(); i++) {
            crc ^= i >= 8 && i < 12 ? 0 : packet.u8(i);
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82F6_3B78;
            }
        }
        return new ByteWriter().u32Le(~crc & 0xFFFF_FFFFL).toBytes().toHex();
    }

    @Test
    void onlyWhatIsAllowedLeavesTheParser() {
        List<Bytes> seeds = new java.util.ArrayList<>(
                CHUNKS.stream().map(chunk -> packet(List.of(chunk))).toList());
        seeds.add(packet(CHUNKS));
        Fuzz.parser(seeds, List.of(), bytes -> {
            Bytes sealed = sealed(bytes);
            SctpPacket packet = SctpPacket.parse(sealed);
            // What was understood can be written, and is then understood alike.
            assertEquals(packet, SctpPacket.parse(packet.toBytes()));
        });
    }

    @Test
    void liesAboutLengthsAreNamed() {
        for (String chunk : List.of(
                "00 00 0003", // shorter than its header
                "00 00 ffff 00000000", // longer than the packet
                "03 00 0010 00000000 00000000 ffff ffff", // a SACK of 131,070 blocks in no bytes
                "03 00 0014 00000000 00000000 0001 0000 0000 0001", // a gap that begins before it can
                "01 00 0018 00000001 00020000 0001 0001 00000000 0007 0003", // a parameter shorter than its header
                "01 00 0018 00000001 00020000 0001 0001 00000000 0007 00ff" // and one that is longer than the chunk
                )) {
            Bytes packet = sealed(new ByteWriter()
                    .u16(5_000)
                    .u16(5_000)
                    .u32(1)
                    .u32(0)
                    .bytes(Bytes.ofHex(chunk))
                    .toBytes());
            MalformedException refused = assertThrows(MalformedException.class, () -> SctpPacket.parse(packet), chunk);
            assertTrue(String.valueOf(refused.getMessage()).matches("SCTP: .*|.*bytes needed.*"), refused.getMessage());
        }
    }

    @Test
    void chunksAndParametersAreBounded() {
        ByteWriter packet = new ByteWriter().u16(5_000).u16(5_000).u32(1).u32(0);
        for (int i = 0; i < SctpPacket.MAX_CHUNKS; i++) {
            packet.bytes(new Chunk.CookieAck().toBytes());
        }
        assertEquals(
                SctpPacket.MAX_CHUNKS,
                SctpPacket.parse(sealed(packet.toBytes())).chunks().size());
        packet.bytes(new Chunk.CookieAck().toBytes());
        assertThrows(MalformedException.class, () -> SctpPacket.parse(sealed(packet.toBytes())));
        List<Parameter> parameters =
                java.util.Collections.nCopies(Parameter.MAX_PARAMETERS + 1, new Parameter(1, Bytes.EMPTY));
        assertThrows(
                MalformedException.class, () -> SctpPacket.parse(packet(List.of(new Chunk.Abort(false, parameters)))));
    }
}
