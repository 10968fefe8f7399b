package tapedeck.protocol.http;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Track;
import tapedeck.stream.CountedSession;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;
import tapedeck.stream.Tally;

/// Players of HLS, who come again and again: under an address that nobody can guess they are the same as long as they
/// use it. Where not everybody may play they are asked once.
final class HlsVisitors {
    static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);
    /// Whoever has not been there for longest is forgotten then.
    static final int MAX_VISITORS = 20_000;

    private static final int ID_BYTES = 16;

    /// Guarded by the visitors.
    private static final class Visit {
        private final StreamName name;
        private final Tally taken = new Tally();
        private @Nullable Session session;
        private long lastNanos;

        Visit(StreamName name, long nowNanos) {
            this.name = name;
            this.lastNanos = nowNanos;
        }
    }

    private final Streams streams;
    private final LongSupplier nanoClock;
    private final SecureRandom random = new SecureRandom();
    // Guarded by this. Those that were used last are at its end.
    private final Map<String, Visit> visits = new LinkedHashMap<>(16, 0.75f, true);

    /// @param streams shows who is there
    HlsVisitors(Streams streams, LongSupplier nanoClock) {
        this.streams = streams;
        this.nanoClock = nanoClock;
    }

    String admit(StreamName name, InetSocketAddress peer) {
        byte[] id = new byte[ID_BYTES];
        random.nextBytes(id);
        String text = HexFormat.of().formatHex(id);
        Visit visit = new Visit(name, nanoClock.getAsLong());
        // What is shown is another id: whoever may see sessions need not be one who may play.
        Session session = new CountedSession(
                new CountedSession.Identity(
                        UUID.randomUUID().toString(),
                        SessionReport.Direction.PLAYS,
                        name,
                        Publisher.Protocol.HTTP,
                        "tcp",
                        Player.address(peer)),
                () -> reports(visit),
                _ -> dismiss(text));
        synchronized (this) {
            visit.session = session;
            visits.put(text, visit);
            streams.opened(session);
            if (visits.size() > MAX_VISITORS) {
                Iterator<Visit> eldest = visits.values().iterator();
                close(eldest.next());
                eldest.remove();
            }
        }
        return text;
    }

    private List<SessionReport.TrackReport> reports(Visit visit) {
        List<Track> tracks = streams.find(visit.name).map(Stream::tracks).orElse(List.of());
        synchronized (this) {
            return visit.taken.reports(tracks, new Tally());
        }
    }

    private void close(Visit visit) {
        Session session = visit.session;
        if (session != null) {
            streams.closed(session);
        }
    }

    private synchronized void dismiss(String id) {
        Visit visit = visits.remove(id);
        if (visit != null) {
            close(visit);
        }
    }

    /// Whether this one was admitted to this stream and has not been away since.
    synchronized boolean isKnown(String id, StreamName name) {
        forgetIdle();
        Visit visit = visits.get(id);
        if (visit == null || !visit.name.equals(name)) {
            return false;
        }
        visit.lastNanos = nanoClock.getAsLong();
        return true;
    }

    /// A visitor got something.
    synchronized void took(String id, Tally carried) {
        Visit visit = visits.get(id);
        if (visit != null) {
            visit.taken.add(carried);
        }
    }

    /// Whoever has been away is no visitor any more.
    synchronized void forgetIdle() {
        long now = nanoClock.getAsLong();
        Iterator<Visit> eldest = visits.values().iterator();
        while (eldest.hasNext()) {
            Visit visit = eldest.next();
            if (now - visit.lastNanos <= IDLE_NANOS) {
                return;
            }
            close(visit);
            eldest.remove();
        }
    }

    synchronized int size() {
        return visits.size();
    }
}
