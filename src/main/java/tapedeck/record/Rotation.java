package tapedeck.record;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.bytes.MalformedException;

/// When a recording goes on in a new file: never, after a time, or after a size; always at an entry point.
record Rotation(long maxNanos, long maxBytes) {
    static final Rotation DISABLED = new Rotation(Long.MAX_VALUE, Long.MAX_VALUE);

    private static final Pattern SYNTAX = Pattern.compile("([1-9]\\d{0,8})(M?)");
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long BYTES_PER_MEGABYTE = 1L << 20;

    static Rotation parse(String text) {
        String value = text.strip();
        if (value.equalsIgnoreCase("disabled")) {
            return DISABLED;
        }
        Matcher matcher = SYNTAX.matcher(value);
        if (!matcher.matches()) {
            throw new MalformedException(
                    "rotation: \"%s\" given; seconds as in 20, megabytes as in 20M, or disabled allowed"
                            .formatted(value));
        }
        long number = Long.parseLong(matcher.group(1));
        return matcher.group(2).isEmpty()
                ? new Rotation(number * NANOS_PER_SECOND, Long.MAX_VALUE)
                : new Rotation(Long.MAX_VALUE, number * BYTES_PER_MEGABYTE);
    }

    boolean byTime() {
        return maxNanos != Long.MAX_VALUE;
    }

    boolean bySize() {
        return maxBytes != Long.MAX_VALUE;
    }

    boolean enabled() {
        return !equals(DISABLED);
    }
}
