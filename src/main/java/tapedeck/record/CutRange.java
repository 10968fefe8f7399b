package tapedeck.record;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;
import java.util.regex.Pattern;
import tapedeck.bytes.MalformedException;

/// The part of a recording that somebody wants, in whole milliseconds from its start.
///
/// @param startMillis 0 if only the end was given
/// @param endMillis [#OPEN] if only the start was given
public record CutRange(long startMillis, long endMillis, boolean startGiven) {
    public static final long OPEN = Long.MAX_VALUE;

    private static final long NANOS_PER_MILLI = 1_000_000;
    /// Seconds: 30 years, and fractions as players write them.
    private static final Pattern SECONDS = Pattern.compile("\\d{1,9}(\\.\\d{1,9})?");

    /// Of the values of `start` and `end`, in seconds; empty if neither is given.
    ///
    /// @throws MalformedException if they cannot be read or are in the wrong order
    public static Optional<CutRange> parse(Optional<String> start, Optional<String> end) {
        if (start.isEmpty() && end.isEmpty()) {
            return Optional.empty();
        }
        long startMillis = start.map(value -> millis("start", value)).orElse(0L);
        long endMillis = end.map(value -> millis("end", value)).orElse(OPEN);
        if (endMillis <= startMillis) {
            throw new MalformedException("the end must be later than the start");
        }
        return Optional.of(new CutRange(startMillis, endMillis, start.isPresent()));
    }

    private static long millis(String name, String value) {
        if (value.length() > 20 || !SECONDS.matcher(value).matches()) {
            throw new MalformedException("%s must be a number of seconds such as 11 or 11.5".formatted(name));
        }
        return new BigDecimal(value)
                .movePointRight(3)
                .setScale(0, RoundingMode.HALF_UP)
                .longValueExact();
    }

    long startNanos() {
        return startMillis * NANOS_PER_MILLI;
    }

    long endNanos() {
        return endMillis == OPEN ? OPEN : endMillis * NANOS_PER_MILLI;
    }

    /// What is added to the name of the recording: `-s11-e60`, `-s11`, `-e60`, `-s0.5-e2`.
    String suffix() {
        String start = startGiven ? "-s" + seconds(startMillis) : "";
        return endMillis == OPEN ? start : start + "-e" + seconds(endMillis);
    }

    private static String seconds(long millis) {
        return BigDecimal.valueOf(millis, 3).stripTrailingZeros().toPlainString();
    }
}
