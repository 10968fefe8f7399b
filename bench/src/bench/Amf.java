package bench;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;

/// Just enough AMF0 for a publisher: written by itself, so that the load generator does not share the server's faults.
final class Amf {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    byte[] bytes() {
        return out.toByteArray();
    }

    Amf string(String text) {
        out.write(2);
        return name(text);
    }

    private Amf name(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.write(utf8.length >>> 8);
        out.write(utf8.length);
        out.writeBytes(utf8);
        return this;
    }

    Amf number(double value) {
        out.write(0);
        out.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
        return this;
    }

    Amf nothing() {
        out.write(5);
        return this;
    }

    Amf object(String... pairs) {
        out.write(3);
        for (int i = 0; i < pairs.length; i += 2) {
            name(pairs[i]).string(pairs[i + 1]);
        }
        name("");
        out.write(9);
        return this;
    }

    static Object read(ByteBuffer in) {
        if (!in.hasRemaining()) {
            return null;
        }
        int marker = in.get();
        return switch (marker) {
            case 0 -> in.getDouble();
            case 1 -> in.get() != 0;
            case 2 -> text(in, in.getShort() & 0xffff);
            case 3 -> members(in);
            case 5, 6 -> null;
            case 8 -> {
                in.getInt();
                yield members(in);
            }
            case 10 -> {
                var list = new ArrayList<>();
                for (int left = in.getInt(); left > 0; left--) {
                    list.add(read(in));
                }
                yield list;
            }
            case 12 -> text(in, in.getInt());
            default -> throw new IllegalStateException("AMF marker " + marker);
        };
    }

    private static Map<String, Object> members(ByteBuffer in) {
        var members = new HashMap<String, Object>();
        while (true) {
            String key = text(in, in.getShort() & 0xffff);
            if (key.isEmpty()) {
                in.get();
                return members;
            }
            members.put(key, read(in));
        }
    }

    private static String text(ByteBuffer in, int length) {
        byte[] utf8 = new byte[length];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
