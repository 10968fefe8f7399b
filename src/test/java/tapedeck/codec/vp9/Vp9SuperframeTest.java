package tapedeck.codec.vp9;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.vp9.Vp9Superframe.Size;
import tapedeck.peers.Fuzz;

class Vp9SuperframeTest {
    /// 320, 640 and 1280 wide; what is behind the headers does not matter here.
    private static final List<Bytes> LAYERS = List.of(keyframe(320, 180), inter(640, 360), inter(1280, 720));

    private static Bytes bits(String text) {
        String bits = text.replace(" ", "");
        byte[] bytes = new byte[(bits.length() + 7) / 8 + 4];
        for (int i = 0; i < bits.length(); i++) {
            bytes[i / 8] |= (byte) ((bits.charAt(i) - '0') << 7 - i % 8);
        }
        return Bytes.wrap(bytes);
    }

    private static String sixteen(int value) {
        return "%16s".formatted(Integer.toBinaryString(value)).replace(' ', '0');
    }

    /// 6.2: marker, profile 0, a keyframe, shown, the sync code, colours.
    private static Bytes keyframe(int width, int height) {
        return bits("10 00 0 0 1 0 010010011000001101000010 0000" + sixteen(width - 1) + sixteen(height - 1));
    }

    /// The same of an interframe: contexts, what it refreshes, three references, none of which has its size.
    private static Bytes inter(int width, int height) {
        return bits("10 00 0 1 1 0 00 00000010 0000 0010 0100 000" + sixteen(width - 1) + sixteen(height - 1));
    }

    private static Bytes superframe(List<Bytes> frames) {
        return new Vp9Superframe(frames).first(frames.size());
    }

    @Test
    void aSuperframeIsItsFramesAndWithoutTheLastOnesStillOne() {
        Bytes whole = superframe(LAYERS);
        assertEquals(LAYERS, Vp9Superframe.parse(whole).frames());
        Vp9Superframe two = Vp9Superframe.parse(Vp9Superframe.parse(whole).first(2));
        assertEquals(LAYERS.subList(0, 2), two.frames());
        assertEquals(LAYERS.getFirst(), Vp9Superframe.parse(whole).first(1));
        assertEquals(LAYERS.get(0).length() + LAYERS.get(1).length(), two.bytes(2));
    }

    @Test
    void sizesOfAnyNumberOfBytesAreRead() {
        Bytes frame = LAYERS.getFirst();
        for (int sizeBytes = 1; sizeBytes <= 4; sizeBytes++) {
            byte[] out = new byte[2 * frame.length() + 2 + 2 * sizeBytes];
            frame.copyTo(0, out, 0, frame.length());
            frame.copyTo(0, out, frame.length(), frame.length());
            int index = 2 * frame.length();
            byte mark = (byte) (0xC0 | sizeBytes - 1 << 3 | 1);
            out[index] = mark;
            out[index + 1] = (byte) frame.length();
            out[index + 1 + sizeBytes] = (byte) frame.length();
            out[out.length - 1] = mark;
            assertEquals(
                    List.of(frame, frame), Vp9Superframe.parse(Bytes.wrap(out)).frames());
        }
    }

    @Test
    void whatHasNoIndexIsOneFrame() {
        assertEquals(
                List.of(LAYERS.getFirst()),
                Vp9Superframe.parse(LAYERS.getFirst()).frames());
        Bytes looksLikeOne = Bytes.ofHex("820000c9");
        assertEquals(List.of(looksLikeOne), Vp9Superframe.parse(looksLikeOne).frames());
        assertThrows(MalformedException.class, () -> Vp9Superframe.parse(Bytes.EMPTY));
    }

    @Test
    void anIndexThatLiesIsRefused() {
        byte[] lies = superframe(LAYERS).toByteArray();
        int index = lies.length - Vp9Superframe.indexBytes(3);
        lies[index + 4] = 1;
        assertThrows(MalformedException.class, () -> Vp9Superframe.parse(Bytes.wrap(lies)));
        byte[] empty = superframe(LAYERS).toByteArray();
        empty[index + 1] = 0;
        assertThrows(MalformedException.class, () -> Vp9Superframe.parse(Bytes.wrap(empty)));
    }

    @Test
    void aKeyframeSaysHowLargeItIsWithEachLayer() {
        assertEquals(
                List.of(new Size(320, 180), new Size(640, 360), new Size(1280, 720)),
                Vp9Superframe.parse(superframe(LAYERS)).layers());
        assertEquals(
                List.of(new Size(320, 180)),
                Vp9Superframe.parse(LAYERS.getFirst()).layers());
        // A hidden picture behind a keyframe (an encoder that looks ahead) is no layer.
        Bytes sameSize = bits("10 00 0 1 1 0 00 00000010 0000 0010 0100 1");
        assertEquals(List.of(new Size(320, 180)), new Vp9Superframe(List.of(LAYERS.getFirst(), sameSize)).layers());
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() {
        Fuzz.parser(
                List.of(superframe(LAYERS), LAYERS.getFirst()),
                List.of(),
                bytes -> Vp9Superframe.parse(bytes).layers());
    }
}
