package tapedeck.container.flv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.FlvFile;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class Amf0Test {
    private static List<Object> read(String hex) {
        return Amf0.readAll(Bytes.ofHex(hex).reader());
    }

    private static String refused(String hex) {
        return assertThrows(MalformedException.class, () -> read(hex)).getMessage();
    }

    private static String written(Object... values) {
        return Amf0.write(new ByteWriter(), values).toBytes().toHex();
    }

    @Test
    void theBytesOfTheSpecification() {
        assertEquals(List.of(1.0), read("00 3ff0000000000000"));
        assertEquals(List.of(true, false), read("01 01 01 00"));
        assertEquals(List.of("a"), read("02 0001 61"));
        assertEquals(Arrays.asList(null, null, null), read("05 06 0d"));
        assertEquals(List.of(Map.of("a", true)), read("03 0001 61 01 01 0000 09"));
        assertEquals(List.of(Map.of("a", true)), read("08 00000001 0001 61 01 01 0000 09"));
        assertEquals(List.of(List.of("a", 0.0)), read("0a 00000002 02 0001 61 00 0000000000000000"));
        assertEquals(List.of(1000.0), read("0b 408f400000000000 0000"));
        assertEquals(List.of("ab", "<a/>"), read("0c 00000002 6162 0f 00000004 3c612f3e"));
        assertEquals(List.of(Map.of("a", "b")), read("10 0003 466f6f 0001 61 02 0001 62 0000 09"));
        assertEquals("ü", read("02 0002 c3bc").getFirst());
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        Map<String, Object> inner = new LinkedHashMap<>();
        inner.put("number", 2.5);
        inner.put("nothing", null);
        inner.put("list", List.of(1.0, "x", true));
        List<Object> values = new ArrayList<>();
        Collections.addAll(values, "connect", 1.0, null, false, inner, "x".repeat(0xFFFF + 1));
        assertEquals(
                values,
                Amf0.readAll(
                        Amf0.write(new ByteWriter(), values.toArray()).toBytes().reader()));
        assertEquals(
                "020001610040080000000000000503000162010000000905", written("a", 3, null, Map.of("b", false), null));
        assertEquals(
                "0800000001000162000000000000000000000009",
                Amf0.writeEcmaArray(new ByteWriter(), Map.of("b", 0)).toBytes().toHex());
    }

    @Test
    void anEcmaArrayEndsWhereItsEndMarkerIsWhateverItsCountSays() {
        assertEquals(List.of(Map.of("a", true), 0.0), read("08 ffffffff 0001 61 01 01 0000 09 00 0000000000000000"));
    }

    @Test
    void anObjectMayEndWithTheMessage() {
        assertEquals(List.of(Map.of("a", true)), read("03 0001 61 01 01"));
    }

    @Test
    void nestingIsBounded() {
        String open = "03 0001 61 ";
        int most = Amf0.MAX_DEPTH;
        read(open.repeat(most) + "05" + "0000 09".repeat(most));
        assertEquals("AMF0: nested deeper than 16", refused(open.repeat(most + 1)));
        assertEquals("AMF0: nested deeper than 16", refused(open.repeat(10_000)));
        assertEquals("AMF0: nested deeper than 16", refused("0a 00000001 ".repeat(10_000)));
        assertEquals("AMF0: nested deeper than 16", refused("08 00000001 0001 61 ".repeat(10_000)));
    }

    @Test
    void theNumberOfValuesIsBounded() {
        assertEquals(Amf0.MAX_ITEMS, read("05".repeat(Amf0.MAX_ITEMS)).size());
        assertEquals("AMF0: more than 4096 values", refused("05".repeat(Amf0.MAX_ITEMS + 1)));
        assertEquals("AMF0: array of 4294967295 values, at most 4096 allowed", refused("0a ffffffff 05"));
        assertEquals(
                "AMF0: more than 4096 values",
                refused("0a 00000800 ".concat("05".repeat(0x800)).repeat(2) + "05"));
    }

    @Test
    void theLengthOfStringsIsBounded() {
        String longest = "61".repeat(Amf0.MAX_STRING_BYTES);
        assertEquals(
                Amf0.MAX_STRING_BYTES, ((String) read("0c 00010000" + longest).getFirst()).length());
        assertEquals("AMF0: string of 65537 bytes, at most 65536 allowed", refused("0c 00010001" + longest + "61"));
        assertEquals("AMF0: string of 4294967295 bytes, at most 65536 allowed", refused("0c ffffffff 61"));
    }

    @Test
    void referencesAndAmf3AreRefused() {
        assertEquals("AMF0: marker 0x07", refused("07 0000"));
        assertEquals("AMF0: marker 0x11", refused("11 01"));
        assertEquals("AMF0: 0x08 where an object ends", refused("03 0000 08"));
    }

    @Test
    void rubbishIsRefused() {
        Bytes connect = Amf0.write(
                        new ByteWriter(),
                        "connect",
                        1,
                        Map.of("app", "live", "list", List.of(1, 2, 3), "deep", Map.of("a", Map.of("b", true))),
                        null,
                        "x".repeat(300))
                .toBytes();
        List<Bytes> scripts = SharedMedia.files("flv", "flv").stream()
                .flatMap(file -> FlvFile.read(file).tags().stream())
                .filter(FlvFile.Tag::script)
                .map(FlvFile.Tag::body)
                .toList();
        Fuzz.parser(List.of(connect), scripts, bytes -> Amf0.readAll(bytes.reader()));
    }
}
