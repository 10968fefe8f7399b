package tapedeck.api;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tapedeck.container.mp4.FragmentIndex;

/// Where the fragments of recordings are, remembered as long as somebody asks. Each file has a lock of its own: whoever
/// reads a long one for the first time keeps nobody else waiting.
final class RecordedFiles {
    /// Whoever was not asked for since is forgotten.
    static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);
    /// Files, and fragments of all of them together: some ten days, or 100 MB.
    static final int MAX_FILES = 64;

    static final int MAX_FRAGMENTS = 1_000_000;

    /// @param base where the fragments' own file begins in the file
    record Seen(RecordedPlaylist playlist, long base) {}

    /// One file.
    static final class Known {
        private final boolean whole;
        // Guarded by this.
        private @Nullable FragmentIndex index;
        private @Nullable Seen seen;
        private volatile int fragments;
        // Guarded by the files.
        private long askedNanos;

        private Known(boolean whole) {
            this.whole = whole;
        }

        private synchronized Seen look(FileChannel file) throws IOException {
            FragmentIndex known = index;
            Seen last = seen;
            if (whole && last != null) {
                return last;
            }
            if (known == null) {
                known = FragmentIndex.of(file);
                index = whole ? null : known;
            } else {
                known.update(file);
            }
            RecordedPlaylist playlist =
                    last != null && known.size() == fragments ? last.playlist() : new RecordedPlaylist(known, whole);
            fragments = known.size();
            Seen now = new Seen(playlist, known.base());
            seen = now;
            return now;
        }
    }

    private final LongSupplier nanoClock;
    // Guarded by this. Those that were asked for last are at its end.
    private final Map<String, Known> files = new LinkedHashMap<>(16, 0.75f, true);

    RecordedFiles(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /// What is in the file now.
    ///
    /// @param key of no other file
    /// @param whole whether nothing of it changes any more
    Seen look(String key, boolean whole, FileChannel file) throws IOException {
        Seen seen = known(key, whole).look(file);
        forget();
        return seen;
    }

    synchronized Known known(String key, boolean whole) {
        Known known = files.computeIfAbsent(key, _ -> new Known(whole));
        known.askedNanos = nanoClock.getAsLong();
        return known;
    }

    private synchronized void forget() {
        long now = nanoClock.getAsLong();
        long fragments =
                files.values().stream().mapToLong(known -> known.fragments).sum();
        Iterator<Known> eldest = files.values().iterator();
        while (files.size() > 1) {
            Known known = eldest.next();
            if (now - known.askedNanos <= IDLE_NANOS && files.size() <= MAX_FILES && fragments <= MAX_FRAGMENTS) {
                return;
            }
            fragments -= known.fragments;
            eldest.remove();
        }
    }

    synchronized int size() {
        return files.size();
    }
}
