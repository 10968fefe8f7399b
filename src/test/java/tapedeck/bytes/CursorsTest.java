package tapedeck.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CursorsTest {
    @Test
    void whatIsWrittenIsRead() {
        ByteWriter writer = new ByteWriter(1);
        writer.u8(0xfe).u16(0xfedc).u24(0xfedcba).u32(0xfedcba98L).u64(0xfedcba9876543210L);
        writer.u16Le(0x1234).u32Le(0x12345678).f64(-1.5).ascii("ftyp").utf8("é").zeros(2);
        writer.bytes(Bytes.ofHex("abcd")).bytes(new byte[] {1});
        ByteReader reader = writer.toBytes().reader();
        assertEquals(0xfe, reader.u8());
        assertEquals(0xfedc, reader.u16());
        assertEquals(0xfedcba, reader.u24());
        assertEquals(0xfedcba98L, reader.u32());
        assertEquals(0xfedcba9876543210L, reader.i64());
        assertEquals(0x1234, reader.u16Le());
        assertEquals(0x12345678, reader.i32Le());
        assertEquals(-1.5, reader.f64());
        assertEquals("ftypé", reader.take(6).toUtf8());
        assertEquals(0, reader.u16());
        assertEquals("abcd01", reader.rest().toHex());
        assertFalse(reader.hasRemaining());
    }

    @Test
    void everyGrowthKeepsEveryByte() {
        for (int capacity = 0; capacity < 40; capacity++) {
            ByteWriter writer = new ByteWriter(capacity);
            for (int i = 0; i < 40; i++) {
                writer.u8(i);
            }
            Bytes written = writer.toBytes();
            for (int i = 0; i < 40; i++) {
                assertEquals(i, written.u8(i));
            }
        }
    }

    @Test
    void aSizeIsPatchedInPlace() {
        ByteWriter writer = new ByteWriter();
        writer.u32(0).ascii("free");
        writer.patch32(0, writer.length());
        assertEquals("0000000866726565", writer.toBytes().toHex());
        writer.clear();
        assertEquals(0, writer.length());
    }

    @Test
    void bytesThatEndTooEarlyAreMalformed() {
        ByteReader reader = Bytes.ofHex("0102").reader();
        reader.u8();
        assertThrows(MalformedException.class, reader::u16);
        assertEquals(1, reader.position());
        assertThrows(MalformedException.class, () -> reader.take(-1));
        assertThrows(MalformedException.class, () -> reader.take(Long.MAX_VALUE));
        assertEquals(2, reader.u8());
        assertThrows(MalformedException.class, reader::u8);
    }

    @Test
    void bitsComeMostSignificantFirst() {
        BitReader bits = new BitReader(Bytes.ofHex("b5 ff 00 80"));
        assertEquals(0b101, bits.u(3));
        assertEquals(0b1_0101, bits.u(5));
        bits.skip(8);
        assertEquals(1, bits.bits(9));
        assertEquals(7, bits.remaining());
        assertThrows(MalformedException.class, () -> bits.bits(8));
        assertThrows(MalformedException.class, () -> bits.skip(8));
    }

    @ParameterizedTest
    @CsvSource({"80, 0, 0", "40, 1, 1", "60, 2, -1", "20, 3, 2", "28, 4, -2", "30, 5, 3", "38, 6, -3", "10, 7, 4"})
    void expGolombCodesAreThoseOfTheStandard(String hex, long unsigned, long signed) {
        assertEquals(unsigned, new BitReader(Bytes.ofHex(hex)).ue());
        assertEquals(signed, new BitReader(Bytes.ofHex(hex)).se());
    }

    @Test
    void anExpGolombCodeThatNeverEndsIsMalformed() {
        assertThrows(MalformedException.class, () -> new BitReader(Bytes.ofHex("0000000000000000")).ue());
        assertThrows(MalformedException.class, () -> new BitReader(Bytes.ofHex("00000001")).ue());
    }
}
