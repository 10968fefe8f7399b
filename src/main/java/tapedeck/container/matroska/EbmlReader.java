package tapedeck.container.matroska;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Reads the children of one master element that is in memory. All sizes are known in there: RFC 8794 6.2 allows an
/// unknown size only to Segment and Cluster, and those are walked in the file.
final class EbmlReader {
    /// Children of one master: far more than any Tracks or Info needs.
    static final int MAX_CHILDREN = 4096;

    record Child(int id, Bytes content) {
        /// RFC 8794 7.2: an empty unsigned integer is 0.
        long uint() {
            if (content.length() > 8) {
                throw new MalformedException("%s: integer of %d bytes".formatted(ElementId.name(id), content.length()));
            }
            long value = 0;
            for (int i = 0; i < content.length(); i++) {
                value = value << 8 | content.u8(i);
            }
            return value;
        }

        /// An unsigned integer that fits our use of it.
        int uint(int max) {
            long value = uint();
            if (value < 0 || value > max) {
                throw new MalformedException("%s: %s".formatted(ElementId.name(id), Long.toUnsignedString(value)));
            }
            return (int) value;
        }

        double real() {
            return switch (content.length()) {
                case 0 -> 0;
                case 4 -> Float.intBitsToFloat(content.i32(0));
                case 8 -> content.reader().f64();
                default ->
                    throw new MalformedException(
                            "%s: float of %d bytes".formatted(ElementId.name(id), content.length()));
            };
        }

        /// RFC 8794 7.4: zeros at the end are padding.
        String text() {
            int length = content.length();
            while (length > 0 && content.u8(length - 1) == 0) {
                length--;
            }
            return new String(content.slice(0, length).toByteArray(), StandardCharsets.UTF_8);
        }

        List<Child> children() {
            return EbmlReader.children(content);
        }
    }

    private EbmlReader() {}

    static List<Child> children(Bytes content) {
        List<Child> children = new ArrayList<>();
        ByteReader in = content.reader();
        while (in.hasRemaining()) {
            if (children.size() == MAX_CHILDREN) {
                throw new MalformedException("master element of more than %d children".formatted(MAX_CHILDREN));
            }
            int id = id(in);
            children.add(new Child(id, in.take(size(in))));
        }
        return children;
    }

    static int id(ByteReader in) {
        int first = in.u8();
        int length = Integer.numberOfLeadingZeros(first) - 23;
        if (length > 4) {
            throw new MalformedException("EBML identifier that starts with %02x".formatted(first));
        }
        int id = first;
        for (int i = 1; i < length; i++) {
            id = id << 8 | in.u8();
        }
        return id;
    }

    private static long size(ByteReader in) {
        int first = in.u8();
        int length = vintLength(first);
        long value = vintStart(first, length);
        for (int i = 1; i < length; i++) {
            value = value << 8 | in.u8();
        }
        if (value == vintMax(length)) {
            throw new MalformedException("unknown size inside a master that is not Segment or Cluster");
        }
        return value;
    }

    /// How many bytes a variable-size integer has, by its first byte; RFC 8794 4.
    static int vintLength(int first) {
        int length = Integer.numberOfLeadingZeros(first) - 23;
        if (length > 8) {
            throw new MalformedException("EBML size of more than 8 bytes");
        }
        return length;
    }

    /// The value bits of the first byte.
    static long vintStart(int first, int length) {
        return first & (0xFF >> length);
    }

    /// All value bits set: "unknown" as a size, RFC 8794 6.2.
    static long vintMax(int length) {
        return (1L << 7 * length) - 1;
    }
}
