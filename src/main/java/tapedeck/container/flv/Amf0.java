package tapedeck.container.flv;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Action Message Format, AMF 0 (amf0-file-format-specification): the values of FLV metadata and of RTMP commands.
///
/// Only plain values come out: [String], [Double], [Boolean], [Map], [List] and null. A peer that could name a class
/// would own the server (CVE-2017-5878).
public final class Amf0 {
    /// Deepest nesting of objects and arrays.
    public static final int MAX_DEPTH = 16;
    /// Most values in one message, nested ones counted.
    public static final int MAX_ITEMS = 4096;
    /// Longest string.
    public static final int MAX_STRING_BYTES = 64 * 1024;

    private static final int NUMBER = 0x00;
    private static final int BOOLEAN = 0x01;
    private static final int STRING = 0x02;
    private static final int OBJECT = 0x03;
    private static final int NULL = 0x05;
    private static final int UNDEFINED = 0x06;
    private static final int ECMA_ARRAY = 0x08;
    private static final int OBJECT_END = 0x09;
    private static final int STRICT_ARRAY = 0x0A;
    private static final int DATE = 0x0B;
    private static final int LONG_STRING = 0x0C;
    private static final int UNSUPPORTED = 0x0D;
    private static final int XML_DOCUMENT = 0x0F;
    private static final int TYPED_OBJECT = 0x10;
    private static final int AVM_PLUS = 0x11;

    private final ByteReader in;
    private final @Nullable Amf3 amf3;
    private int items;

    private Amf0(ByteReader in, @Nullable Amf3 amf3) {
        this.in = in;
        this.amf3 = amf3;
    }

    /// All values to the end of `in`.
    public static List<@Nullable Object> readAll(ByteReader in) {
        return readAll(new Amf0(in, null), in);
    }

    /// All values of a message that may have AMF 3 in it (RTMP types 15 and 17): a byte 0 and then AMF 0, of which
    /// single values are AMF 3 (amf0-file-format-specification 3.1). Some leave the 0 out, or write all of it as
    /// AMF 3.
    public static List<@Nullable Object> readAllOfAmf3(Bytes message) {
        ByteReader in = message.reader();
        Amf3 amf3 = new Amf3(in);
        return switch (message.isEmpty() ? -1 : message.u8(0)) {
            case 0 -> {
                in.skip(1);
                yield readAll(new Amf0(in, amf3), in);
            }
            case STRING -> readAll(new Amf0(in, amf3), in);
            case Amf3.STRING -> {
                List<@Nullable Object> values = new ArrayList<>();
                while (in.hasRemaining()) {
                    values.add(amf3.value(0));
                }
                yield values;
            }
            default -> throw new MalformedException("AMF3: a message without a name");
        };
    }

    private static List<@Nullable Object> readAll(Amf0 amf, ByteReader in) {
        List<@Nullable Object> values = new ArrayList<>();
        while (in.hasRemaining()) {
            values.add(amf.value(0));
        }
        return values;
    }

    public static ByteWriter write(ByteWriter out, @Nullable Object... values) {
        for (Object value : values) {
            writeValue(out, value);
        }
        return out;
    }

    private @Nullable Object value(int depth) {
        if (++items > MAX_ITEMS) {
            throw new MalformedException("AMF0: more than %d values".formatted(MAX_ITEMS));
        }
        int marker = in.u8();
        return switch (marker) {
            case NUMBER -> in.f64();
            case BOOLEAN -> in.u8() != 0;
            case STRING -> string(in.u16());
            case OBJECT -> properties(deeper(depth));
            case NULL, UNDEFINED, UNSUPPORTED -> null;
            case ECMA_ARRAY -> {
                // 2.10: the count is only a hint, the end marker counts.
                in.skip(4);
                yield properties(deeper(depth));
            }
            case STRICT_ARRAY -> array(in.u32(), deeper(depth));
            case DATE -> {
                double millis = in.f64();
                in.skip(2);
                yield millis;
            }
            case LONG_STRING, XML_DOCUMENT -> string(in.u32());
            case TYPED_OBJECT -> {
                string(in.u16());
                yield properties(deeper(depth));
            }
            case AVM_PLUS -> {
                if (amf3 == null) {
                    throw new MalformedException("AMF0: marker 0x%02x".formatted(marker));
                }
                yield amf3.value(depth);
            }
            default -> throw new MalformedException("AMF0: marker 0x%02x".formatted(marker));
        };
    }

    private int deeper(int depth) {
        if (depth + 1 > MAX_DEPTH) {
            throw new MalformedException("AMF0: nested deeper than %d".formatted(MAX_DEPTH));
        }
        return depth + 1;
    }

    private String string(long length) {
        if (length > MAX_STRING_BYTES) {
            throw new MalformedException(
                    "AMF0: string of %d bytes, at most %d allowed".formatted(length, MAX_STRING_BYTES));
        }
        return in.take(length).toUtf8();
    }

    /// 2.5: names and values up to an empty name with the end marker. Some encoders cut the end off at the end of the
    /// message; accept it.
    private Map<String, @Nullable Object> properties(int depth) {
        Map<String, @Nullable Object> properties = new LinkedHashMap<>();
        while (in.hasRemaining()) {
            String name = string(in.u16());
            if (name.isEmpty()) {
                int marker = in.u8();
                if (marker != OBJECT_END) {
                    throw new MalformedException("AMF0: 0x%02x where an object ends".formatted(marker));
                }
                break;
            }
            properties.put(name, value(depth));
        }
        return properties;
    }

    private List<@Nullable Object> array(long count, int depth) {
        if (count > MAX_ITEMS) {
            throw new MalformedException("AMF0: array of %d values, at most %d allowed".formatted(count, MAX_ITEMS));
        }
        List<@Nullable Object> values = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            values.add(value(depth));
        }
        return values;
    }

    private static void writeValue(ByteWriter out, @Nullable Object value) {
        switch (value) {
            case null -> out.u8(NULL);
            case Number number -> out.u8(NUMBER).f64(number.doubleValue());
            case Boolean flag -> out.u8(BOOLEAN).u8(flag ? 1 : 0);
            case String text -> writeString(out, text);
            case Map<?, ?> properties -> {
                out.u8(OBJECT);
                writeProperties(out, properties);
            }
            case List<?> values -> {
                out.u8(STRICT_ARRAY).u32(values.size());
                for (Object item : values) {
                    writeValue(out, item);
                }
            }
            default -> throw new IllegalArgumentException("AMF0 cannot carry " + value.getClass());
        }
    }

    /// The form in which `onMetaData` is expected.
    public static ByteWriter writeEcmaArray(ByteWriter out, Map<String, ?> properties) {
        out.u8(ECMA_ARRAY).u32(properties.size());
        writeProperties(out, properties);
        return out;
    }

    private static void writeProperties(ByteWriter out, Map<?, ?> properties) {
        for (Map.Entry<?, ?> property : properties.entrySet()) {
            byte[] name = String.valueOf(property.getKey()).getBytes(StandardCharsets.UTF_8);
            out.u16(name.length).bytes(name);
            writeValue(out, property.getValue());
        }
        out.u16(0).u8(OBJECT_END);
    }

    private static void writeString(ByteWriter out, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length > 0xFFFF) {
            out.u8(LONG_STRING).u32(utf8.length).bytes(utf8);
        } else {
            out.u8(STRING).u16(utf8.length).bytes(utf8);
        }
    }
}
