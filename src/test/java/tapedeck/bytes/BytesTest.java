package tapedeck.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.Random;
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

    @Test
    void aCopyHasRoomInFront() {
        for (Bytes bytes : new Bytes[] {SAMPLE, SAMPLE.slice(1), SAMPLE.slice(5), Bytes.EMPTY}) {
            for (int room : new int[] {0, 1, 4, 7}) {
                byte[] copy = bytes.toByteArray(room);
                assertEquals(bytes, Bytes.wrap(copy, room, copy.length), bytes + " behind " + room);
                assertEquals(room + bytes.length(), copy.length);
                Arrays.fill(copy, (byte) 99);
            }
        }
        assertEquals("00017f80feff123456", SAMPLE.toHex(), "what was copied is not written to");
    }

    /// Against a search byte by byte, with pairs at every place of a block and between two, among the values that a
    /// search of eight bytes at a time may take for zeros.
    @Test
    void twoZerosInARowAreFoundWhereverTheyAre() {
        Random random = new Random(3);
        byte[] others = {1, 2, 3, 0x7F, -0x80, -1};
        for (int round = 0; round < 20_000; round++) {
            byte[] array = new byte[random.nextInt(140)];
            int rarity = 1 << random.nextInt(1, 6);
            for (int i = 0; i < array.length; i++) {
                array[i] = random.nextInt(rarity) == 0 ? 0 : others[random.nextInt(others.length)];
            }
            int start = random.nextInt(array.length + 1);
            Bytes bytes = Bytes.wrap(array, start, array.length);
            int from = random.nextInt(bytes.length() + 1);
            int expected = from;
            while (expected + 1 < bytes.length() && (bytes.u8(expected) != 0 || bytes.u8(expected + 1) != 0)) {
                expected++;
            }
            expected = expected + 1 < bytes.length() ? expected : bytes.length();
            assertEquals(expected, bytes.indexOfZeros(from), bytes + " from " + from);
        }
    }
}
