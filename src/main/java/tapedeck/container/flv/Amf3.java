package tapedeck.container.flv;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.MalformedException;

/// Action Message Format, AMF 3 (amf-file-format-spec): what Flash and its relatives say when they have asked for
/// `objectEncoding` 3. Out come the plain values of [Amf0], and [Bytes]; numbers are doubles, dates their milliseconds.
///
/// A value may be referred to later in the same message. Each reference counts as much as what it stands for, and
/// nothing may contain itself: so what comes out is never larger than [Amf0#MAX_ITEMS], however it is walked through.
final class Amf3 {
    static final int UNDEFINED = 0x00;
    static final int NULL = 0x01;
    static final int FALSE = 0x02;
    static final int TRUE = 0x03;
    static final int INTEGER = 0x04;
    static final int DOUBLE = 0x05;
    static final int STRING = 0x06;
    static final int XML_DOCUMENT = 0x07;
    static final int DATE = 0x08;
    static final int ARRAY = 0x09;
    static final int OBJECT = 0x0A;
    static final int XML = 0x0B;
    static final int BYTE_ARRAY = 0x0C;
    static final int VECTOR_INT = 0x0D;
    static final int VECTOR_UINT = 0x0E;
    static final int VECTOR_DOUBLE = 0x0F;
    static final int VECTOR_OBJECT = 0x10;
    static final int DICTIONARY = 0x11;

    private static final int INTEGER_BITS = 29;
    /// Classes that write themselves, of which it is known that they are one value.
    private static final List<String> WRAPPERS =
            List.of("flex.messaging.io.ArrayCollection", "flex.messaging.io.ObjectProxy");

    /// 3.12: what the members of an object are called.
    private record Traits(String className, boolean external, boolean dynamic, List<String> members) {}

    /// What can be referred to.
    private static final class Known {
        private @Nullable Object value;
        private int items;
        private int height;
        private boolean whole;
    }

    private final ByteReader in;
    private final List<String> strings = new ArrayList<>();
    private final List<Traits> traits = new ArrayList<>();
    private final List<Known> known = new ArrayList<>();
    private int items;
    private int height;

    Amf3(ByteReader in) {
        this.in = in;
    }

    /// @param depth of what it stands in
    @Nullable
    Object value(int depth) {
        count(1);
        int marker = in.u8();
        return switch (marker) {
            case UNDEFINED, NULL -> null;
            case FALSE -> false;
            case TRUE -> true;
            case INTEGER -> (double) (u29() << 32 - INTEGER_BITS >> 32 - INTEGER_BITS);
            case DOUBLE -> in.f64();
            case STRING -> string();
            case XML_DOCUMENT, XML, DATE, ARRAY, OBJECT, BYTE_ARRAY -> complex(marker, depth);
            case VECTOR_INT, VECTOR_UINT, VECTOR_DOUBLE, VECTOR_OBJECT, DICTIONARY -> complex(marker, depth);
            default -> throw new MalformedException("AMF3: marker 0x%02x".formatted(marker));
        };
    }

    /// Values so far, those that references stand for counted again.
    int items() {
        return items;
    }

    void count(int more) {
        items += more;
        if (items > Amf0.MAX_ITEMS) {
            throw new MalformedException("AMF3: more than %d values".formatted(Amf0.MAX_ITEMS));
        }
    }

    /// 1.3.1: seven bits in each of up to three bytes, and all eight of a fourth.
    private int u29() {
        int value = 0;
        for (int i = 0; i < 3; i++) {
            int next = in.u8();
            value = value << 7 | next & 0x7F;
            if (next < 0x80) {
                return value;
            }
        }
        return value << 8 | in.u8();
    }

    /// 1.3.2: a reference, or what is new.
    private String string() {
        int head = u29();
        if ((head & 1) == 0) {
            int index = head >> 1;
            if (index >= strings.size()) {
                throw new MalformedException("AMF3: string %d of %d".formatted(index, strings.size()));
            }
            return strings.get(index);
        }
        String text = text(head >> 1);
        if (!text.isEmpty()) {
            strings.add(text);
        }
        return text;
    }

    private String text(int length) {
        if (length > Amf0.MAX_STRING_BYTES) {
            throw new MalformedException(
                    "AMF3: string of %d bytes, at most %d allowed".formatted(length, Amf0.MAX_STRING_BYTES));
        }
        return in.take(length).toUtf8();
    }

    private @Nullable Object complex(int marker, int depth) {
        int head = u29();
        if ((head & 1) == 0) {
            return referred(head >> 1, depth);
        }
        if (depth + 1 > Amf0.MAX_DEPTH) {
            throw tooDeep();
        }
        Known one = new Known();
        known.add(one);
        int itemsBefore = items;
        int heightBefore = height;
        height = 0;
        int rest = head >> 1;
        one.value = switch (marker) {
            case XML_DOCUMENT, XML -> text(rest);
            case DATE -> in.f64();
            case BYTE_ARRAY -> in.take(rest);
            case ARRAY -> array(rest, depth + 1);
            case OBJECT -> object(rest, depth + 1);
            case VECTOR_INT, VECTOR_UINT, VECTOR_DOUBLE -> numbers(marker, rest);
            case VECTOR_OBJECT -> objects(rest, depth + 1);
            case DICTIONARY -> dictionary(rest, depth + 1);
            default -> throw new IllegalStateException("no complex value: " + marker);
        };
        one.items = items - itemsBefore;
        one.height = 1 + height;
        one.whole = true;
        height = Math.max(heightBefore, one.height);
        return one.value;
    }

    private @Nullable Object referred(int index, int depth) {
        if (index >= known.size()) {
            throw new MalformedException("AMF3: value %d of %d".formatted(index, known.size()));
        }
        Known one = known.get(index);
        if (!one.whole) {
            throw new MalformedException("AMF3: value %d contains itself".formatted(index));
        }
        if (depth + one.height > Amf0.MAX_DEPTH) {
            throw tooDeep();
        }
        count(one.items);
        height = Math.max(height, one.height);
        return one.value;
    }

    private static MalformedException tooDeep() {
        return new MalformedException("AMF3: nested deeper than %d".formatted(Amf0.MAX_DEPTH));
    }

    private void demandRoom(int count) {
        if (count > Amf0.MAX_ITEMS) {
            throw new MalformedException("AMF3: %d values, at most %d allowed".formatted(count, Amf0.MAX_ITEMS));
        }
    }

    /// 3.11: named values up to an empty name, then the others. A list, unless something in it has a name.
    private Object array(int count, int depth) {
        demandRoom(count);
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        readNamed(named, depth);
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(value(depth));
        }
        if (named.isEmpty()) {
            return values;
        }
        for (int i = 0; i < values.size(); i++) {
            named.put(String.valueOf(i), values.get(i));
        }
        return named;
    }

    private void readNamed(Map<String, @Nullable Object> into, int depth) {
        for (String name = string(); !name.isEmpty(); name = string()) {
            into.put(name, value(depth));
        }
    }

    private @Nullable Object object(int head, int depth) {
        Traits its = traits(head);
        if (its.external()) {
            if (WRAPPERS.contains(its.className())) {
                return value(depth);
            }
            throw new MalformedException("AMF3: a class that writes itself");
        }
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        for (String name : its.members()) {
            members.put(name, value(depth));
        }
        if (its.dynamic()) {
            readNamed(members, depth);
        }
        return members;
    }

    /// 3.12: without the lowest bit, which said that it is no reference to an object.
    private Traits traits(int head) {
        if ((head & 1) == 0) {
            int index = head >> 1;
            if (index >= traits.size()) {
                throw new MalformedException("AMF3: traits %d of %d".formatted(index, traits.size()));
            }
            return traits.get(index);
        }
        boolean external = (head & 2) != 0;
        boolean dynamic = (head & 4) != 0;
        int count = external ? 0 : head >> 3;
        demandRoom(count);
        String className = string();
        List<String> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add(string());
        }
        Traits read = new Traits(className, external, dynamic, members);
        traits.add(read);
        return read;
    }

    /// 3.15: count, whether it has a fixed length, values.
    private List<@Nullable Object> numbers(int marker, int count) {
        demandRoom(count);
        in.skip(1);
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            count(1);
            values.add(
                    switch (marker) {
                        case VECTOR_INT -> (double) in.i32();
                        case VECTOR_UINT -> (double) in.u32();
                        default -> in.f64();
                    });
        }
        return values;
    }

    private List<@Nullable Object> objects(int count, int depth) {
        demandRoom(count);
        in.skip(1);
        string(); // The name of their class.
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(value(depth));
        }
        return values;
    }

    /// 3.16: keys may be anything; those of use here are strings and numbers.
    private Map<String, @Nullable Object> dictionary(int count, int depth) {
        demandRoom(count);
        in.skip(1);
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            Object key = value(depth);
            Object value = value(depth);
            switch (key) {
                case String text -> entries.put(text, value);
                case Double number -> entries.put(String.valueOf(number), value);
                case null, default -> {}
            }
        }
        return entries;
    }
}
