package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteRangesTest {
    /// What each header means for a file of 1000 bytes.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes=0-           | 0+1000",
                "bytes=0-0          | 0+1",
                "bytes=999-         | 999+1",
                "bytes=1000-        | none",
                "bytes=-1           | 999+1",
                "bytes=-1000        | 0+1000",
                "bytes=-5000        | 0+1000",
                "bytes=-0           | none",
                "bytes=5-2          | all",
                "bytes=10-19        | 10+10",
                "BYTES=10-19        | 10+10",
                "bytes= 10-19 , 30-39 | 10+10 30+10",
                "bytes=,10-19,,     | 10+10",
                "bytes=990-2000     | 990+10",
                "bytes=0-9,2000-    | 0+10",
                "bytes=2000-,-0     | none",
                "bytes=0-9,5-2      | all",
                "bytes=0-,0-        | all",
                "bytes=9223372036854775807- | none",
                "bytes=9223372036854775808- | none",
                "bytes=0-9223372036854775808 | 0+1000",
                "bytes=-9223372036854775808  | 0+1000",
                "bytes=00000000000000000000000000010-19 | 10+10",
                "bytes=99999999999999999999999999999999999999-99999999999999999999999999999999999999 | none",
                "bytes=             | all",
                "bytes=-            | all",
                "bytes=a-b          | all",
                "bytes=1-2-3        | all",
                "bytes=+1-2         | all",
                "bytes=٣-٤          | all",
                "items=0-9          | all",
                "0-9                | all",
                "bytes 0-9          | all",
            })
    void aHeaderMeans(String header, String meaning) {
        assertEquals(meaning, show(ByteRanges.parse(header, 1000)));
    }

    @Test
    void moreThanSixteenRangesAreIgnored() {
        assertEquals(
                16,
                ((ByteRanges.Parts) ByteRanges.parse(header(16), 10_000))
                        .ranges()
                        .size());
        assertEquals("all", show(ByteRanges.parse(header(17), 10_000)));
        assertEquals("all", show(ByteRanges.parse(header(1000), 10_000)));
        assertEquals("all", show(ByteRanges.parse("bytes=" + "0-0,".repeat(5000), 10_000)));
    }

    @Test
    void anEmptyFileHasNoRange() {
        assertEquals("none", show(ByteRanges.parse("bytes=0-", 0)));
        assertEquals("none", show(ByteRanges.parse("bytes=-1", 0)));
    }

    @Test
    void noHeaderLeavesTheFile() {
        Random random = new Random(7);
        String alphabet = "bytes=0123456789-, ;x";
        for (int i = 0; i < 200_000; i++) {
            StringBuilder header = new StringBuilder(random.nextBoolean() ? "bytes=" : "");
            for (int j = random.nextInt(30); j > 0; j--) {
                header.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            int size = random.nextInt(3) * random.nextInt(100);
            if (ByteRanges.parse(header.toString(), size) instanceof ByteRanges.Parts parts) {
                long total = 0;
                for (ByteRanges.Range range : parts.ranges()) {
                    assertTrue(range.from() >= 0 && range.count() > 0 && range.to() < size, header::toString);
                    total += range.count();
                }
                assertTrue(total <= size && parts.ranges().size() <= ByteRanges.MAX_RANGES, header::toString);
            }
        }
    }

    private static String header(int count) {
        return "bytes="
                + IntStream.range(0, count)
                        .mapToObj(i -> i * 10 + "-" + (i * 10 + 1))
                        .collect(Collectors.joining(","));
    }

    private static String show(ByteRanges ranges) {
        return switch (ranges) {
            case ByteRanges.Whole _ -> "all";
            case ByteRanges.Unsatisfiable _ -> "none";
            case ByteRanges.Parts(List<ByteRanges.Range> parts) ->
                parts.stream().map(r -> r.from() + "+" + r.count()).collect(Collectors.joining(" "));
        };
    }
}
