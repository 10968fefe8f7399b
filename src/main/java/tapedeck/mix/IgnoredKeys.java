package tapedeck.mix;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Names in the log what a file of settings has that nobody knows: each key once, however often the file is read.
final class IgnoredKeys {
    private static final Logger log = LoggerFactory.getLogger(IgnoredKeys.class);

    private final Path file;
    // Guarded by this.
    private final Set<String> named = new HashSet<>();

    IgnoredKeys(Path file) {
        this.file = file;
    }

    synchronized void name(MixSettings settings) {
        for (String key : settings.unknownKeys()) {
            if (!named.contains(key)) {
                log.warn("{}: {} has no effect", file, key);
            }
        }
        // No more than the last file had, whoever writes it anew and anew.
        named.clear();
        named.addAll(settings.unknownKeys());
    }
}
