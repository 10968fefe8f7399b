package tapedeck.protocol.ingest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Who sends what. One thread looks after them while there are any: what waits for a piece that does not come, and
/// whoever has gone.
final class Ingests implements AutoCloseable {
    /// Each may hold some megabytes that wait.
    static final int MAX_INGESTS = 1_024;

    /// What all of them may hold of chunks that are not whole is this part of the heap.
    static final int HEAP_DIVISOR = 8;

    private static final Logger log = LoggerFactory.getLogger(Ingests.class);
    private static final int TICK_MILLIS = 500;

    private final Streams streams;
    private final ByteBudget budget;
    // Guarded by this.
    private final Map<StreamName, Ingest> open = new HashMap<>();
    private boolean ticking;
    private boolean closed;

    Ingests(Streams streams) {
        this(streams, new ByteBudget(Runtime.getRuntime().maxMemory() / HEAP_DIVISOR));
    }

    Ingests(Streams streams, ByteBudget budget) {
        this.streams = streams;
        this.budget = budget;
    }

    /// Shared by all.
    ByteBudget budget() {
        return budget;
    }

    /// The one of this name and session; null if there is none.
    synchronized @Nullable Ingest find(StreamName name, String session) {
        Ingest found = open.get(name);
        return found != null && !found.isOver() && found.isOf(session) ? found : null;
    }

    /// The one of this name and session, or a new one.
    ///
    /// @return null if there are too many
    synchronized @Nullable Ingest open(StreamName name, String session, Publisher publisher) throws NameTakenException {
        Ingest found = find(name, session);
        if (found != null) {
            return found;
        }
        open.values().removeIf(Ingest::isOver);
        if (closed || open.size() >= MAX_INGESTS) {
            return null;
        }
        Ingest made = new Ingest(session, name, publisher, streams, budget, System.nanoTime());
        open.put(name, made);
        if (!ticking) {
            ticking = true;
            Thread.ofVirtual().name("ingests").start(this::tick);
        }
        return made;
    }

    private void tick() {
        try {
            List<Ingest> now = all();
            while (!now.isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(TICK_MILLIS);
                now.forEach(Ingests::tick);
                now = all();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void tick(Ingest ingest) {
        try {
            ingest.tick(System.nanoTime());
        } catch (RuntimeException bug) {
            log.error("ingest {}", ingest.name(), bug);
            ingest.end("internal error");
        }
    }

    /// Those that go on; nobody looks after none.
    private synchronized List<Ingest> all() {
        open.values().removeIf(Ingest::isOver);
        ticking = !open.isEmpty();
        return List.copyOf(open.values());
    }

    @Override
    public void close() {
        List<Ingest> last;
        synchronized (this) {
            closed = true;
            last = List.copyOf(open.values());
        }
        last.forEach(ingest -> ingest.end("the server stops"));
    }
}
