package tapedeck.protocol.http;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import tapedeck.stream.StreamName;

/// Players that may, where not everybody may: they were asked once, and go on under an address that nobody can guess as
/// long as they use it.
final class HlsVisitors {
    static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);
    /// Whoever has not been there for longest is forgotten then.
    static final int MAX_VISITORS = 20_000;

    private static final int ID_BYTES = 16;

    private record Visit(StreamName name, long lastNanos) {}

    private final LongSupplier nanoClock;
    private final SecureRandom random = new SecureRandom();
    // Guarded by this. Those that were used last are at its end.
    private final Map<String, Visit> visits = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Visit> eldest) {
            return size() > MAX_VISITORS;
        }
    };

    HlsVisitors(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    String admit(StreamName name) {
        byte[] id = new byte[ID_BYTES];
        random.nextBytes(id);
        String text = HexFormat.of().formatHex(id);
        synchronized (this) {
            visits.put(text, new Visit(name, nanoClock.getAsLong()));
        }
        return text;
    }

    /// Whether this one was admitted to this stream and has not been away since.
    synchronized boolean isKnown(String id, StreamName name) {
        long now = nanoClock.getAsLong();
        Visit visit = visits.get(id);
        if (visit == null || !visit.name().equals(name) || now - visit.lastNanos() > IDLE_NANOS) {
            return false;
        }
        visits.put(id, new Visit(name, now));
        return true;
    }

    synchronized int size() {
        return visits.size();
    }
}
