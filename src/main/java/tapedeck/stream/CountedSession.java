package tapedeck.stream;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import tapedeck.stream.SessionReport.TrackReport;

/// A conversation of which nothing is known but what was counted. Nothing is measured while nobody asks: bitrates look
/// back to the last question that is at least [#WINDOW_NANOS] old, or to the beginning.
public final class CountedSession implements Session {
    static final long WINDOW_NANOS = 2_000_000_000L;

    /// Who it is, which does not change.
    ///
    /// @param address the peer's
    /// @param protection as in [SessionReport.Path]
    public record Identity(
            String id,
            SessionReport.Direction direction,
            StreamName stream,
            Publisher.Protocol protocol,
            String transport,
            String address,
            String protection) {

        /// Protected by nothing but the transport.
        ///
        /// @param transport `tcp`, `tls` or `udp`
        public Identity(
                String id,
                SessionReport.Direction direction,
                StreamName stream,
                Publisher.Protocol protocol,
                String transport,
                String address) {
            this(id, direction, stream, protocol, transport, address, transport.equals("tls") ? "TLS" : "none");
        }
    }

    /// What was counted when somebody asked.
    private record Count(long atNanos, List<TrackReport> tracks) {}

    private final Identity identity;
    private final Supplier<List<TrackReport>> tracks;
    private final Consumer<String> end;
    private final LongSupplier nanoClock;
    private final Instant since = Instant.now();
    // Guarded by this.
    private Count older;
    private Count newer;

    /// @param tracks what was counted so far, always the same ones in the same order but for those that come later
    /// @param end ends the conversation; from any thread
    public CountedSession(Identity identity, Supplier<List<TrackReport>> tracks, Consumer<String> end) {
        this(identity, tracks, end, System::nanoTime);
    }

    CountedSession(
            Identity identity, Supplier<List<TrackReport>> tracks, Consumer<String> end, LongSupplier nanoClock) {
        this.identity = identity;
        this.tracks = tracks;
        this.end = end;
        this.nanoClock = nanoClock;
        older = new Count(nanoClock.getAsLong(), List.of());
        newer = older;
    }

    @Override
    public SessionReport report() {
        SessionReport.Path path =
                new SessionReport.Path(identity.transport(), "", identity.address(), identity.protection(), 0, 0);
        return new SessionReport(
                identity.id(),
                identity.direction(),
                identity.stream(),
                identity.protocol(),
                since,
                Optional.of(path),
                rated(tracks.get()));
    }

    private synchronized List<TrackReport> rated(List<TrackReport> counted) {
        Count now = new Count(nanoClock.getAsLong(), counted);
        if (now.atNanos() - newer.atNanos() >= WINDOW_NANOS) {
            older = newer;
            newer = now;
        }
        double seconds = (now.atNanos() - older.atNanos()) / 1e9;
        List<TrackReport> rated = new ArrayList<>(counted.size());
        for (int i = 0; i < counted.size(); i++) {
            long before = i < older.tracks().size() ? older.tracks().get(i).bytes() : 0;
            long bytes = counted.get(i).bytes() - before;
            rated.add(counted.get(i).at(seconds <= 0 ? 0 : Math.round(bytes * 8 / seconds)));
        }
        return rated;
    }

    @Override
    public void terminate(String reason) {
        end.accept(reason);
    }
}
