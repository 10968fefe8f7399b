package tapedeck.record;

import java.io.IOException;
import java.time.InstantSource;
import tapedeck.settings.Settings;

/// When finished recordings are deleted, and where time and free space come from.
record RetentionRules(Settings.Retention limits, InstantSource clock, FreeSpace freeSpace) {
    /// What is left on the disk of recordings.
    interface FreeSpace {
        /// @throws IOException if nobody knows; that is not the same as none
        long usableBytes() throws IOException;
    }

    boolean none() {
        return limits.days() == 0 && limits.maxBytes() == 0 && limits.minFreeBytes() == 0;
    }
}
