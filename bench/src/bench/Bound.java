package bench;

import java.util.Locale;

/// What is promised of a ratio, and whether it is so.
final class Bound {
    private Bound() {}

    static boolean atMost(String what, double ratio, double most) {
        return said(what, ratio, "at most", most, ratio <= most);
    }

    static boolean atLeast(String what, double ratio, double least) {
        return said(what, ratio, "at least", least, ratio >= least);
    }

    private static boolean said(String what, double ratio, String side, double bound, boolean holds) {
        System.out.printf(
                Locale.ROOT, "%s = %.2f (%s %.1f: %s)%n", what, ratio, side, bound, holds ? "held" : "NOT HELD");
        return holds;
    }
}
