package tapedeck.record;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a cut of a recording is called: `NAME-s5-e10.mp4` is `NAME.mp4` from second 5 to second 10.
final class CutName {
    private static final Pattern CUT = Pattern.compile("(.+)-s\\d[\\d.]*-e\\d[\\d.]*(\\.mp4)", Pattern.DOTALL);

    private CutName() {}

    /// The recording that a file of this name would be a cut of. Only if that recording is there it is one: a template
    /// can make any name.
    static Optional<String> originalOf(String fileName) {
        Matcher matcher = CUT.matcher(fileName);
        return matcher.matches() ? Optional.of(matcher.group(1) + matcher.group(2)) : Optional.empty();
    }
}
