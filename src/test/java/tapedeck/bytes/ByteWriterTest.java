package tapedeck.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ByteWriterTest {
    /// `array[grow(1)] = …` would take the array before it grows.
    @Test
    void everyWriteGrowsAFullArray() {
        assertEquals(Bytes.ofHex("07"), new ByteWriter(0).u8(7).toBytes());
        assertEquals(Bytes.ofHex("0102"), new ByteWriter(1).u16(0x0102).toBytes());
        assertEquals(Bytes.ofHex("010203"), new ByteWriter(1).u24(0x010203).toBytes());
        assertEquals(
                Bytes.ofHex("0102030405060708"),
                new ByteWriter(1).u64(0x0102030405060708L).toBytes());
    }

    @Test
    void aWriterThatHandedOverStartsWithANewArray() {
        ByteWriter out = new ByteWriter(8).u8(1);
        Bytes first = out.handOver();
        assertEquals(Bytes.ofHex("02"), out.u8(2).toBytes());
        assertEquals(Bytes.ofHex("01"), first);
    }
}
