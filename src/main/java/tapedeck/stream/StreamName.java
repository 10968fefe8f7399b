package tapedeck.stream;

import java.text.Normalizer;
import tapedeck.bytes.MalformedException;

/// The name of a stream: 1 to [#MAX_LENGTH] letters, digits, `. _ - ~` and spaces, with `/` inside and no `.` or `..`
/// segment. In Unicode's composed form (NFC), so that names that look alike are alike.
public record StreamName(String value) implements Comparable<StreamName> {
    public static final int MAX_LENGTH = 128;

    public StreamName {
        value = Normalizer.normalize(value, Normalizer.Form.NFC);
        check(value);
    }

    private static void check(String value) {
        int length = value.codePointCount(0, value.length());
        if (length < 1 || length > MAX_LENGTH) {
            throw new MalformedException(
                    "stream name: 1 to %d characters allowed, %d given".formatted(MAX_LENGTH, length));
        }
        value.codePoints().filter(c -> !allowed(c)).findFirst().ifPresent(c -> {
            throw new MalformedException("stream name: character U+%04X is not allowed".formatted(c));
        });
        for (String segment : value.split("/", -1)) {
            if (segment.isBlank() || segment.equals(".") || segment.equals("..")) {
                throw new MalformedException("stream name: segment \"%s\" is not allowed".formatted(segment));
            }
        }
    }

    private static boolean allowed(int c) {
        return Character.isLetterOrDigit(c)
                || Character.getType(c) == Character.NON_SPACING_MARK
                || Character.getType(c) == Character.COMBINING_SPACING_MARK
                || "._-~ /".indexOf(c) >= 0;
    }

    @Override
    public int compareTo(StreamName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
