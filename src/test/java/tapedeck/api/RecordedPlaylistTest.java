package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tapedeck.container.mp4.FragmentIndex.Fragment;

/// Whoever adds up the lengths in a playlist comes to where its segments are, however long it is.
class RecordedPlaylistTest {
    private static final int INIT_BYTES = 100;
    private static final int BYTES = 10;
    private static final Pattern LENGTH = Pattern.compile("#EXTINF:(\\S+),\n#EXT-X-BYTERANGE:(\\d+)@(\\d+)");

    /// @param nanos of the recording
    private record Listed(long nanos, int fragment, int count) {}

    private static Fragment fragment(int number, double fromSeconds, double toSeconds, boolean keyframe) {
        return new Fragment(
                INIT_BYTES + number * BYTES,
                BYTES,
                Math.round(fromSeconds * 1e9),
                Math.round(toSeconds * 1e9),
                keyframe);
    }

    private static List<Listed> listed(List<Fragment> fragments) {
        String text = new RecordedPlaylist(INIT_BYTES, fragments, true).write(RecordedPlaylist.Kind.WHOLE, "a.mp4", 0);
        List<Listed> all = new ArrayList<>();
        BigDecimal at = BigDecimal.ZERO;
        for (MatchResult found : LENGTH.matcher(text).results().toList()) {
            int offset = Integer.parseInt(found.group(3));
            all.add(new Listed(
                    at.movePointRight(9).longValueExact(),
                    (offset - INIT_BYTES) / BYTES,
                    Integer.parseInt(found.group(2)) / BYTES));
            BigDecimal length = new BigDecimal(found.group(1));
            assertTrue(length.signum() > 0, text);
            at = at.add(length);
        }
        return all;
    }

    /// A day of segments of 2.0000049 s: each of them is written 4.9 microseconds too short.
    @Test
    void nothingAddsUpInADay() {
        List<Fragment> fragments = new ArrayList<>();
        for (int i = 0; i < 43_200; i++) {
            fragments.add(fragment(i, 2.0000049 * i, 2.0000049 * (i + 1), true));
        }
        List<Listed> listed = listed(fragments);
        assertEquals(fragments.size(), listed.size());
        for (int i = 0; i < listed.size(); i++) {
            assertEquals(fragments.get(i).startNanos(), listed.get(i).nanos(), 5_000.0, "segment " + i);
        }
    }

    /// Of many streams they overlap by what one is behind the others.
    @Test
    void fragmentsThatOverlapBeginWhereTheyBegin() {
        List<Fragment> fragments = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            fragments.add(fragment(i, i == 0 ? 0 : 2 * i - 0.3, 2 * i + 2, true));
        }
        List<Listed> listed = listed(fragments);
        for (Listed one : listed) {
            assertEquals(fragments.get(one.fragment()).startNanos(), one.nanos());
        }
        assertEquals(9, listed.size());
    }

    /// Eight seconds of one of them come at once, where no keyframe was for long.
    @Test
    void whoCatchesUpGoesIntoTheSegmentThatIsThere() {
        List<Fragment> fragments = List.of(
                fragment(0, 0, 1, true),
                fragment(1, 1, 5.5, false),
                fragment(2, 5.5, 6.5, false),
                fragment(3, -2.5, 12, false),
                fragment(4, 12, 13, true),
                fragment(5, 6, 14, true),
                fragment(6, 14, 15, true));
        assertEquals(
                List.of(
                        new Listed(0, 0, 2),
                        new Listed(5_500_000_000L, 2, 2),
                        new Listed(12_000_000_000L, 4, 2),
                        new Listed(14_000_000_000L, 6, 1)),
                listed(fragments));
    }
}
