package tapedeck.container.mp4;

import java.util.Arrays;

/// Ranges of a file, one behind the other in another file. Neighbours are one.
final class Ranges {
    private long[] froms = new long[64];
    private long[] tos = new long[64];
    private int count;
    private long bytes;

    boolean continues(long from) {
        return count > 0 && tos[count - 1] == from;
    }

    void add(long from, long length) {
        bytes += length;
        if (continues(from)) {
            tos[count - 1] += length;
            return;
        }
        if (count == froms.length) {
            froms = Arrays.copyOf(froms, 2 * count);
            tos = Arrays.copyOf(tos, 2 * count);
        }
        froms[count] = from;
        tos[count] = from + length;
        count++;
    }

    int count() {
        return count;
    }

    long from(int range) {
        return froms[range];
    }

    long to(int range) {
        return tos[range];
    }

    /// Of all ranges together.
    long bytes() {
        return bytes;
    }
}
