package tapedeck.codec.vp8;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

class Vp8HeaderTest {
    /// 320 × 240 (with scaling bits set, which are no part of the size), first partition of 2 bytes.
    private static final Bytes KEYFRAME = Bytes.ofHex("500000 9d012a 4041 f040 aabb cc");

    private static final Bytes INTERFRAME = Bytes.ofHex("310000 aa bb");
    private static final Bytes HIDDEN = Bytes.ofHex("210000 aa");

    @Test
    void aKeyframeSaysItsSize() {
        assertEquals(new Vp8Header(true, 0, true, 320, 240), Vp8Header.parse(KEYFRAME));
        assertEquals(new Codec.Vp8(320, 240), Vp8Header.parse(KEYFRAME).codec());
    }

    @Test
    void anInterframeIsNoEntryPoint() {
        assertEquals(new Vp8Header(false, 0, true, 0, 0), Vp8Header.parse(INTERFRAME));
        assertFalse(Vp8Header.parse(HIDDEN).shown());
        assertThrows(
                IllegalStateException.class, () -> Vp8Header.parse(INTERFRAME).codec());
    }

    @Test
    void aFrameCutBeforeItsFirstPartitionEndsIsRefused() {
        for (int length = 0; length < KEYFRAME.length() - 1; length++) {
            Bytes cut = KEYFRAME.slice(0, length);
            assertThrows(MalformedException.class, () -> Vp8Header.parse(cut), "cut at " + length);
        }
        assertTrue(Vp8Header.parse(KEYFRAME.slice(0, KEYFRAME.length() - 1)).keyframe());
    }

    @Test
    void aWrongStartCodeAndAnEmptyPictureAreRefused() {
        assertThrows(MalformedException.class, () -> Vp8Header.parse(Bytes.ofHex("500000 9d012b 4041 f040 aabb")));
        assertThrows(MalformedException.class, () -> Vp8Header.parse(Bytes.ofHex("500000 9d012a 0040 f040 aabb")));
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() {
        var random = new SplittableRandom(1);
        int read = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(24)];
            random.nextBytes(bytes);
            try {
                Vp8Header header = Vp8Header.parse(Bytes.wrap(bytes));
                assertTrue(header.width() <= 0x3FFF && header.height() <= 0x3FFF);
                read++;
            } catch (MalformedException expected) {
                assertTrue(expected.getMessage() != null);
            }
        }
        assertTrue(read > 0);
    }
}
