package tapedeck.protocol.http;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import tapedeck.stream.StreamName;

/// Players that may, where not everybody may: they were asked once, and go on under an address that nobody can guess as
/// long as they use it.
final class HlsVisitors {
    static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);
    /// Those that have not been there for longest are forgotten then.
    static final int MAX_VISITORS = 20_000;

    private static final int ID_BYTES = 16;

    private record Visit(StreamName name, long lastNanos) {}

    private final LongSupplier nanoClock;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Visit> visits = new ConcurrentHashMap<>();

    HlsVisitors(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    String admit(StreamName name) {
        long now = nanoClock.getAsLong();
        if (visits.size() >= MAX_VISITORS) {
            visits.values().removeIf(visit -> now - visit.lastNanos() > IDLE_NANOS);
        }
        if (visits.size() >= MAX_VISITORS) {
            visits.clear();
        }
        byte[] id = new byte[ID_BYTES];
        random.nextBytes(id);
        String text = HexFormat.of().formatHex(id);
        visits.put(text, new Visit(name, now));
        return text;
    }

    /// Whether this one was admitted to this stream and has not been away since.
    boolean isKnown(String id, StreamName name) {
        long now = nanoClock.getAsLong();
        Visit visit = visits.get(id);
        if (visit == null || !visit.name().equals(name) || now - visit.lastNanos() > IDLE_NANOS) {
            return false;
        }
        visits.put(id, new Visit(name, now));
        return true;
    }
}
