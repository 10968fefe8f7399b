package tapedeck.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import org.junit.jupiter.api.Test;

class BytesTest {
    private static final Bytes SAMPLE = Bytes.ofHex("00 01 7f 80 fe ff 12 34 56");

    @Test
    void numbersAreBigEndianAndUnsigned() {
        assertEquals(0x80, SAMPLE.u8(3));
        assertEquals(0xfeff, SAMPLE.u16(4));
        assertEquals(0x017f80, SAMPLE.u24(1));
        assertEquals(0x80feff12, SAMPLE.i32(3));
        assertEquals(0x80feff12L, SAMPLE.u32(3));
    }

    @Test
    void aSliceSharesAndStaysInside() {
        Bytes slice = SAMPLE.slice(2, 5);
        assertEquals(3, slice.length());
        assertEquals(0x7f, slice.u8(0));
        assertEquals("7f80fe", slice.toHex());
        assertThrows(IndexOutOfBoundsException.class, () -> slice.u8(3));
        assertThrows(IndexOutOfBoundsException.class, () -> slice.u16(2));
        assertThrows(IndexOutOfBoundsException.class, () -> slice.slice(1, 4));
        assertThrows(IndexOutOfBoundsException.class, () -> slice.u32(Integer.MAX_VALUE));
        assertSame(Bytes.EMPTY, SAMPLE.slice(4, 4));
    }

    @Test
    void equalContentIsEqualWhereverItLies() {
        assertEquals(Bytes.ofHex("7f80"), SAMPLE.slice(2, 4));
        assertEquals(Bytes.ofHex("7f80").hashCode(), SAMPLE.slice(2, 4).hashCode());
        assertNotEquals(Bytes.ofHex("7f81"), SAMPLE.slice(2, 4));
    }

    @Test
    void nobodyWritesThroughAView() {
        assertThrows(ReadOnlyBufferException.class, () -> SAMPLE.asByteBuffer().put((byte) 1));
        byte[] copy = SAMPLE.toByteArray();
        copy[0] = 99;
        assertEquals(0, SAMPLE.u8(0));
        ByteBuffer buffer = ByteBuffer.allocate(16);
        SAMPLE.slice(6).writeTo(buffer);
        assertEquals("123456", Bytes.copyOf(buffer.flip()).toHex());
    }
}
