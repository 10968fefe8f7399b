package tapedeck.record;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
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

    Retention(RetentionRules rules, Catalogue catalogue) {
        this.rules = rules;
        this.catalogue = catalogue;
    }

    /// Does what is due, if it is time.
    void run() {
        long now = rules.clock().millis();
        if (rules.none() || lookedAtMillis != Long.MIN_VALUE && now - lookedAtMillis < EVERY.toMillis()) {
            return;
        }
        lookedAtMillis = now;
        try {
            apply(now);
        } catch (CatalogueAwayException e) {
            log.debug("later", e);
        } catch (IOException e) {
            log.warn("retention: stopped, tried again in a minute: {}", e.toString());
        }
    }

    private void apply(long now) throws CatalogueAwayException, IOException {
        var limits = rules.limits();
        long tooOld = limits.days() == 0
                ? Long.MIN_VALUE
                : now - Duration.ofDays(limits.days()).toMillis();
        long tooMany = limits.maxBytes() == 0 ? 0 : catalogue.finishedBytes() - limits.maxBytes();
        long missing = limits.minFreeBytes() == 0
                ? 0
                : limits.minFreeBytes() - rules.usableBytes().getAsLong();
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
                    return;
                }
                if (catalogue.delete(entry.id()) == Deletion.DELETED) {
                    log.info("retention: {} deleted, {} bytes: {}", entry.fileName(), entry.sizeBytes(), why);
                    tooMany -= entry.sizeBytes();
                    missing -= entry.sizeBytes();
                }
                afterMillis = entry.endedAtMillis();
                afterId = entry.id();
            }
            if (oldest.size() < BATCH) {
                return;
            }
        }
    }
}
