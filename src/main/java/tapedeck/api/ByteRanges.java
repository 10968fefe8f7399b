package tapedeck.api;

import java.util.ArrayList;
import java.util.List;

/// The `Range` header of a request for `sizeBytes` bytes, RFC 9110 14.1.2 and 14.2.
sealed interface ByteRanges {
    /// A header with more ranges is ignored, as RFC 9110 14.2 allows against senders of many small ranges.
    int MAX_RANGES = 16;

    /// @param from first byte
    /// @param count at least 1
    record Range(long from, long count) {
        long to() {
            return from + count - 1;
        }
    }

    /// No usable header: send everything.
    record Whole() implements ByteRanges {}

    /// At least one range, all within the file.
    record Parts(List<Range> ranges) implements ByteRanges {
        public Parts {
            ranges = List.copyOf(ranges);
        }
    }

    /// Well-formed, but nothing of it is in the file: 416.
    record Unsatisfiable() implements ByteRanges {}

    static ByteRanges parse(String header, long sizeBytes) {
        String value = header.strip();
        // RFC 9110 14.1: range units are case-insensitive; one that is not known is ignored.
        if (!value.regionMatches(true, 0, "bytes=", 0, 6)) {
            return new Whole();
        }
        String[] specs = value.substring(6).split(",", MAX_RANGES + 2);
        List<Range> ranges = new ArrayList<>();
        int given = 0;
        for (String spec : specs) {
            String text = spec.strip();
            if (text.isEmpty()) {
                continue; // RFC 9110 5.6.1.2: empty list elements are ignored.
            }
            if (!text.matches("\\d+-\\d*|-\\d+") || ++given > MAX_RANGES) {
                return new Whole();
            }
            int dash = text.indexOf('-');
            String first = text.substring(0, dash);
            String last = text.substring(dash + 1);
            if (first.isEmpty()) {
                long count = Math.min(number(last), sizeBytes);
                add(ranges, sizeBytes - count, count);
            } else {
                long from = number(first);
                long to = last.isEmpty() ? Long.MAX_VALUE : number(last);
                if (to < from) {
                    return new Whole(); // RFC 9110 14.1.2: invalid, so the whole header is.
                }
                add(ranges, from, Math.min(to, sizeBytes - 1) - from + 1);
            }
        }
        if (given == 0) {
            return new Whole();
        }
        if (ranges.isEmpty()) {
            return new Unsatisfiable();
        }
        // Ranges that overlap so much that they are more than the file itself are an attack, or no use.
        long total = ranges.stream().mapToLong(Range::count).sum();
        return ranges.size() > 1 && total > sizeBytes ? new Whole() : new Parts(ranges);
    }

    private static void add(List<Range> ranges, long from, long count) {
        if (count > 0) {
            ranges.add(new Range(from, count));
        }
    }

    /// Numbers that no file reaches stay there instead of wrapping around.
    private static long number(String digits) {
        String significant = digits.replaceFirst("^0+(?=\\d)", "");
        return significant.length() > 18 ? Long.MAX_VALUE : Long.parseLong(significant);
    }
}
