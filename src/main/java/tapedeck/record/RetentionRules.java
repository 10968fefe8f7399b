package tapedeck.record;

import java.time.InstantSource;
import java.util.function.LongSupplier;
import tapedeck.settings.Settings;

/// When finished recordings are deleted, and where time and free space come from.
record RetentionRules(Settings.Retention limits, InstantSource clock, LongSupplier usableBytes) {
    boolean none() {
        return limits.days() == 0 && limits.maxBytes() == 0 && limits.minFreeBytes() == 0;
    }
}
