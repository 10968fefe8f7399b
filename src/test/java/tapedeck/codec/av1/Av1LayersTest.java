package tapedeck.codec.av1;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Fuzz;

/// What Chromium sent as L3T3 with 1280 × 720: a sequence header, and the first bytes of the frames of its layers.
class Av1LayersTest {
    private static final Bytes SEQUENCE = Bytes.ofHex("0a1c0087072b8195c04a60e530329809441ca20651012d4cffb3c01a0080");
    private static final Bytes SMALL = frame(0, "124fcb3827f8167a68018618602c8ca8d801e8350a8a09fbf01c16187adb280e");
    private static final Bytes MIDDLE =
            frame(8, "31e0400200009fd67827f8167813400ffffff16a24000400d00e5589c7588150696aa62f");
    private static final Bytes LARGE =
            frame(16, "30e084040024d0025965945a89000100000dfc77cfda30f9205abfbefb11edfbd42437ec");
    private static final Bytes UNIT = joined(SEQUENCE, SMALL, MIDDLE, LARGE);

    private static Bytes frame(int extension, String hex) {
        Bytes payload = Bytes.ofHex(hex);
        return new ByteWriter()
                .u8(0x36)
                .u8(extension)
                .u8(payload.length())
                .bytes(payload)
                .toBytes();
    }

    private static Bytes joined(Bytes... obus) {
        ByteWriter out = new ByteWriter();
        List.of(obus).forEach(out::bytes);
        return out.toBytes();
    }

    @Test
    void aUnitWithoutItsUpperLayersIsOneOfTheLowerOnes() {
        Av1Layers layers = Av1Layers.parse(UNIT);
        assertEquals(3, layers.count());
        assertEquals(UNIT, layers.first(3));
        assertEquals(joined(SEQUENCE, SMALL, MIDDLE), layers.first(2));
        assertEquals(joined(SEQUENCE, SMALL), layers.first(1));
        assertEquals(layers.first(2).length(), layers.bytes(2));
        assertEquals(2, Av1Layers.parse(layers.first(2)).count());
    }

    @Test
    void aKeyframeSaysHowLargeItIsWithEachLayer() {
        assertEquals(
                List.of(new Av1FrameSize(320, 180), new Av1FrameSize(640, 360), new Av1FrameSize(1280, 720)),
                Av1Layers.parse(UNIT).sizes());
        assertEquals(
                List.of(new Av1FrameSize(320, 180)),
                Av1Layers.parse(joined(SEQUENCE, SMALL)).sizes());
    }

    @Test
    void layersThatDoNotMakeThePictureLargerAreNone() {
        assertEquals(
                1,
                Av1Layers.parse(joined(SEQUENCE, SMALL, frame(8, "124fcb3827f8167a6801")))
                        .sizes()
                        .size());
        assertEquals(
                List.of(Av1FrameSize.UNKNOWN),
                Av1Layers.parse(joined(SMALL)).sizes(),
                "nothing says how it is written");
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() {
        Fuzz.parser(List.of(UNIT, joined(SEQUENCE, SMALL)), List.of(), bytes -> {
            Av1Layers layers = Av1Layers.parse(bytes);
            layers.sizes();
            for (int i = 1; i <= layers.count(); i++) {
                assertEquals(layers.bytes(i), layers.first(i).length());
            }
        });
    }
}
