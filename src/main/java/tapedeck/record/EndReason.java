package tapedeck.record;

import java.util.Locale;

/// Why a part of a recording ended, as the hook is told in `REASON`.
enum EndReason {
    STOPPED,
    ROTATED,
    ERROR,
    NO_SPACE,
    RECOVERED;

    String hookValue() {
        return name().toLowerCase(Locale.ROOT);
    }
}
