package tapedeck.stream;

import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// All live streams: the only place where a name becomes a stream.
public final class Streams {
    /// Told of every stream, on the publisher's thread: implementations only schedule work or subscribe.
    public interface Listener {
        void published(Stream stream);

        void ended(Stream stream, String reason);
    }

    private final Map<StreamName, Stream> live = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private final Clock wallClock;
    private final LongSupplier nanoClock;
    private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
    private volatile long pastNanos;

    public Streams() {
        this(Clock.systemUTC(), System::nanoTime);
    }

    public Streams(Clock wallClock, LongSupplier nanoClock) {
        this.wallClock = wallClock;
        this.nanoClock = nanoClock;
    }

    public void addListener(Listener listener) {
        listeners.add(listener);
    }

    /// Streams that are published from now on remember so much of their past for readers that want it.
    public void keepPast(long nanos) {
        pastNanos = nanos;
    }

    public Publication publish(StreamName name, Publisher who, Feedback feedback) throws NameTakenException {
        String mediaSessionId = UUID.randomUUID().toString();
        Stream stream =
                new Stream(name, mediaSessionId, who, wallClock.instant(), feedback, nanoClock, pastNanos, sessions);
        if (live.putIfAbsent(name, stream) != null) {
            throw new NameTakenException(name);
        }
        Session session = feedback.isPeer() ? stream.publishing() : null;
        if (session != null) {
            sessions.add(session);
        }
        for (Listener listener : listeners) {
            listener.published(stream);
        }
        return new Publication(this, stream, session);
    }

    public Optional<Stream> find(StreamName name) {
        return Optional.ofNullable(live.get(name));
    }

    public Optional<Stream> findBySession(String mediaSessionId) {
        return live.values().stream()
                .filter(stream -> stream.mediaSessionId().equals(mediaSessionId))
                .findAny();
    }

    public Collection<Stream> all() {
        return List.copyOf(live.values());
    }

    /// From now on the conversation is shown to whoever asks for [#sessions()].
    public void opened(Session session) {
        sessions.add(session);
    }

    public void closed(Session session) {
        sessions.remove(session);
    }

    /// All open conversations: those that were opened here, those of readers that are somebody's, and of publishers
    /// that have none of their own.
    public Collection<Session> sessions() {
        return List.copyOf(sessions);
    }

    void end(Stream stream, @Nullable Session session, String reason) {
        if (session != null) {
            sessions.remove(session);
        }
        if (!live.remove(stream.name(), stream)) {
            return;
        }
        stream.end(reason);
        for (Listener listener : listeners) {
            listener.ended(stream, reason);
        }
    }
}
