package tapedeck.record;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes finished recordings when they are too old, too many or in the way, the oldest first. What is still being
/// worked on is left alone, as is whatever is no recording of the catalogue. On Linux a download that is open goes on
/// to its end.
final class Retention {
    /// How often it is looked.
    static final Duration EVERY = Duration.ofMinutes(1);
    /// Files that are looked at together.
    static final int BATCH = 100;

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    private final RetentionRules rules;
    private final Catalogue catalogue;
    // On the catalogue's thread alone.
    private long lookedAtMillis = Long.MIN_VALUE;
    private boolean spaceUnknown;
    // Files that could not be deleted the last time: said once.
    private Set<String> stuck = Set.of();
    private final AtomicLong runs = new AtomicLong();

    Retention(RetentionRules rules, Catalogue catalogue) {
        this.rules = rules;
        this.catalogue = catalogue;
    }

    /// Does what is due, if it is time.
    void run() {
        long now = rules.clock().millis();
        // A clock that was set back must not stop it for as long.
        if (now < lookedAtMillis || lookedAtMillis == Long.MIN_VALUE || now - lookedAtMillis >= EVERY.toMillis()) {
            lookedAtMillis = now;
            if (!rules.none()) {
                attempt(now);
            }
            runs.incrementAndGet();
        }
    }

    /// How often it was looked.
    long runs() {
        return runs.get();
    }

    private void attempt(long now) {
        try {
            apply(now);
        } catch (CatalogueAwayException e) {
            log.debug("later", e);
        }
    }

    private void apply(long now) throws CatalogueAwayException {
        var limits = rules.limits();
        long tooOld = limits.days() == 0
                ? Long.MIN_VALUE
                : now - Duration.ofDays(limits.days()).toMillis();
        long tooMany = limits.maxBytes() == 0 ? 0 : catalogue.finishedBytes() - limits.maxBytes();
        long missing = missing();
        Set<String> undeletable = new HashSet<>();
        long afterMillis = Long.MIN_VALUE;
        String afterId = "";
        while (true) {
            List<RecordingEntry> oldest = catalogue.oldest(afterMillis, afterId, BATCH);
            for (RecordingEntry entry : oldest) {
                String why = entry.endedAtMillis() < tooOld
                        ? "older than %d days".formatted(limits.days())
                        : tooMany > 0
                                ? "all together are larger than %d bytes".formatted(limits.maxBytes())
                                : missing > 0 ? "less than %d bytes are free".formatted(limits.minFreeBytes()) : "";
                if (why.isEmpty()) {
                    stuck = undeletable;
                    return;
                }
                if (deleted(entry, undeletable)) {
                    log.info("retention: {} deleted, {} bytes: {}", entry.fileName(), entry.sizeBytes(), why);
                    tooMany -= entry.sizeBytes();
                    missing -= entry.sizeBytes();
                }
                afterMillis = entry.endedAtMillis();
                afterId = entry.id();
            }
            if (oldest.size() < BATCH) {
                stuck = undeletable;
                return;
            }
        }
    }

    /// One file that stays whatever is done must not keep the others.
    private boolean deleted(RecordingEntry entry, Set<String> undeletable) throws CatalogueAwayException {
        try {
            return catalogue.delete(entry.id()) == Deletion.DELETED;
        } catch (IOException e) {
            undeletable.add(entry.id());
            if (!stuck.contains(entry.id())) {
                log.warn("retention: {} cannot be deleted, the next ones are: {}", entry.fileName(), e.toString());
            }
            return false;
        }
    }

    private long missing() {
        long wanted = rules.limits().minFreeBytes();
        if (wanted == 0) {
            return 0;
        }
        try {
            long missing = wanted - rules.freeSpace().usableBytes();
            spaceUnknown = false;
            return missing;
        } catch (IOException e) {
            if (!spaceUnknown) {
                log.warn("retention: nothing is deleted for space, nobody knows how much is free: {}", e.toString());
            }
            spaceUnknown = true;
            return 0;
        }
    }
}
