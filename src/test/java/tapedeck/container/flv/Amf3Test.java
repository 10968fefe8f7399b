package tapedeck.container.flv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;

/// AMF 3 in the messages of RTMP, byte by byte as its specification has it.
class Amf3Test {
    /// A name in front: `a`.
    private static final String NAME = "00 02 0001 61 ";

    /// The values of AMF 3 in a message of AMF 0.
    private static List<Object> read(String... hex) {
        StringBuilder message = new StringBuilder(NAME);
        for (String value : hex) {
            message.append("11 ").append(value).append(' ');
        }
        List<Object> values = Amf0.readAllOfAmf3(Bytes.ofHex(message.toString()));
        assertEquals("a", values.getFirst());
        return values.subList(1, values.size());
    }

    private static Object one(String hex) {
        List<Object> values = read(hex);
        assertEquals(1, values.size());
        return values.getFirst();
    }

    private static String refused(String hex) {
        return assertThrows(MalformedException.class, () -> read(hex)).getMessage();
    }

    @Test
    void plainValues() {
        assertEquals(Arrays.asList(null, null, false, true), read("00", "01", "02", "03"));
        assertEquals(3.5, one("05 400c000000000000"));
        assertEquals("ü", one("06 05 c3bc"));
        assertEquals("<a/>", one("0b 09 3c612f3e"));
        assertEquals("<a/>", one("07 09 3c612f3e"));
        assertEquals(1_000.0, one("08 01 408f400000000000"), "a date");
        assertEquals(Bytes.ofHex("0102"), one("0c 05 0102"));
    }

    @Test
    void integersHave29Bits() {
        assertEquals(0.0, one("04 00"));
        assertEquals(127.0, one("04 7f"));
        assertEquals(128.0, one("04 8100"));
        assertEquals(16_383.0, one("04 ff7f"));
        assertEquals(16_384.0, one("04 818000"));
        assertEquals(2_097_151.0, one("04 ffff7f"));
        assertEquals(2_097_152.0, one("04 80c08000"));
        assertEquals(268_435_455.0, one("04 bfffffff"));
        assertEquals(-268_435_456.0, one("04 c0808000"));
        assertEquals(-1.0, one("04 ffffffff"));
    }

    @Test
    void stringsAreReferredTo() {
        assertEquals(List.of("ab", "ab"), read("06 05 6162", "06 00"), "in all of a message");
        assertEquals(List.of("", "x", "x"), read("06 01", "06 03 78", "06 00"), "the empty one is none of them");
        assertEquals("AMF3: string 1 of 1", refused("09 05 01 06 03 78 06 02"));
    }

    @Test
    void arraysAreListsOrHaveNames() {
        assertEquals(List.of(1.0, "b"), one("09 05 01 04 01 06 03 62"));
        assertEquals(Map.of("k", true, "0", 1.0), one("09 03 03 6b 03 01 04 01"));
        assertEquals(List.of(List.of(), List.of()), one("09 05 01 09 01 01 09 01 01"));
    }

    @Test
    void objectsHaveTraitsThatAreReferredTo() {
        // Two sealed members, not dynamic, class "C"; then one with the same traits.
        String first = "0a 23 03 43 03 78 03 79 04 01 04 02";
        assertEquals(Map.of("x", 1.0, "y", 2.0), one(first));
        assertEquals(List.of(Map.of("x", 1.0, "y", 2.0), Map.of("x", 3.0, "y", 4.0)), read(first, "0a 01 04 03 04 04"));
        // Dynamic, without a class.
        assertEquals(Map.of("app", "live"), one("0a 0b 01 07 617070 06 09 6c697665 01"));
        assertEquals("AMF3: traits 3 of 0", refused("0a 0d"));
        assertEquals(
                List.of(1.0),
                one("0a 07 43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e 09 03 01 04 01"),
                "one that writes itself, as a list");
        assertEquals("AMF3: a class that writes itself", refused("0a 07 03 43 01"));
    }

    @Test
    void vectorsAndDictionaries() {
        assertEquals(List.of(1.0, -1.0), one("0d 05 00 00000001 ffffffff"));
        assertEquals(List.of(4_294_967_295.0), one("0e 03 01 ffffffff"));
        assertEquals(List.of(3.5), one("0f 03 00 400c000000000000"));
        assertEquals(List.of("x"), one("10 03 00 01 06 03 78"));
        assertEquals(Map.of("x", true, "1.0", false), one("11 05 00 06 03 78 03 04 01 02"));
    }

    @Test
    void aValueIsReferredToAsOftenAsItIsSmallEnough() {
        assertEquals(List.of(List.of(true), List.of(true)), read("09 03 01 03", "09 00"));
        assertEquals("AMF3: value 1 of 1", refused("09 03 01 09 02"));
        assertEquals("AMF3: value 0 contains itself", refused("09 03 01 09 00"));
        // Each list is twice the one before it: 2^30 values, if anybody walked through them.
        StringBuilder bomb = new StringBuilder("09 3d 01 ");
        bomb.append("09 05 01 03 03 ");
        for (int i = 1; i < 30; i++) {
            bomb.append("09 05 01 09 %02x 09 %02x ".formatted(2 * i, 2 * i));
        }
        String said = refused(bomb.toString());
        assertTrue(said.equals("AMF3: more than 4096 values") || said.equals("AMF3: nested deeper than 16"), said);
        String wide = "09 89 01 01 " + "09 81 7f 01 " + "03 ".repeat(191) + "09 02 ".repeat(67);
        assertEquals("AMF3: more than 4096 values", refused(wide));
    }

    @Test
    void lyingLengthsAndDepthAreRefused() {
        assertEquals("AMF3: string of 268435455 bytes, at most 65536 allowed", refused("06 ffffffff"));
        assertThrows(MalformedException.class, () -> read("06 7f 61"));
        assertThrows(MalformedException.class, () -> read("0c bfffffff 61"));
        assertThrows(MalformedException.class, () -> read("09 bfffffff 01"));
        assertThrows(MalformedException.class, () -> read("0a bffffffb 01"));
        assertThrows(MalformedException.class, () -> read("0f bfffffff 00"));
        String open = "09 03 01 ";
        read(open.repeat(Amf0.MAX_DEPTH) + "01");
        assertEquals("AMF3: nested deeper than 16", refused(open.repeat(Amf0.MAX_DEPTH + 1) + "01"));
        assertEquals("AMF3: nested deeper than 16", refused(open.repeat(10_000)));
        assertEquals("AMF3: marker 0x12", refused("12"));
        assertEquals(
                "AMF3: more than 4096 values",
                refused("09 a001 01 " + "01 ".repeat(2_064) + " 11 09 a001 01" + " 01".repeat(2_064)));
    }

    @Test
    void aMessageMayBeAllOfAmf3OrLeaveItsFirstByteOut() {
        assertEquals(Arrays.asList("play", 0.0, null), Amf0.readAllOfAmf3(Bytes.ofHex("06 09 706c6179 04 00 01")));
        assertEquals(List.of("a", true), Amf0.readAllOfAmf3(Bytes.ofHex("02 0001 61 01 01")));
        assertEquals(
                "AMF3: a message without a name",
                assertThrows(MalformedException.class, () -> Amf0.readAllOfAmf3(Bytes.ofHex("0a")))
                        .getMessage());
        assertThrows(MalformedException.class, () -> Amf0.readAllOfAmf3(Bytes.EMPTY));
        assertEquals(List.of(), Amf0.readAllOfAmf3(Bytes.ofHex("00")));
    }

    @Test
    void rubbishIsRefused() {
        List<Bytes> good = List.of(
                Bytes.ofHex(
                        NAME + "11 0a 23 03 43 03 78 03 79 04 01 09 05 01 06 00 06 05 6162 11 0a 01 0a 00 0c 05 0102"),
                Bytes.ofHex("06 09 706c6179 04 00 0a 0b 01 07 617070 06 09 6c697665 01 08 01 408f400000000000"),
                Bytes.ofHex(NAME + "11 11 05 00 06 03 78 0f 03 00 400c000000000000 04 01 0d 05 00 00000001 ffffffff"));
        // Going through all of it shows that nothing contains itself.
        Fuzz.parser(
                good,
                Collections.emptyList(),
                bytes -> assertNotNull(Amf0.readAllOfAmf3(bytes).toString()));
    }
}
