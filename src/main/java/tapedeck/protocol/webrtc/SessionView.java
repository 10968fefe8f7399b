package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.transport.PeerTransport;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.SessionReport.TrackReport;
import tapedeck.stream.StreamName;

/// What others see of a session: its loop writes a report once a second, whoever asks reads the last one. So asking
/// costs the loop nothing, however often it happens.
final class SessionView implements Session {
    static final long REPORT_NANOS = 1_000_000_000L;

    /// Who it is, which does not change.
    record Identity(
            String id, SessionReport.Direction direction, StreamName stream, String protection, Instant since) {}

    private final Identity identity;
    private final int port;
    private final Consumer<String> end;
    private volatile SessionReport report;

    // On the loop only.
    private long reportedNanos;
    private List<TrackReport> last = List.of();

    /// @param port ours
    /// @param end ends the session; from any thread
    SessionView(Identity identity, int port, Consumer<String> end, long nowNanos) {
        this.identity = identity;
        this.port = port;
        this.end = end;
        this.reportedNanos = nowNanos;
        this.report = report(Optional.empty(), List.of());
    }

    boolean due(long nowNanos) {
        return nowNanos - reportedNanos >= REPORT_NANOS;
    }

    /// @param tracks without their bitrates, always the same ones in the same order
    /// @param availableBitsPerSecond 0 where nobody estimates
    void update(
            long nowNanos,
            PeerTransport transport,
            long roundTripNanos,
            long availableBitsPerSecond,
            List<TrackReport> tracks) {
        List<TrackReport> rated = new ArrayList<>(tracks.size());
        for (int i = 0; i < tracks.size(); i++) {
            TrackReport track = tracks.get(i);
            long before = i < last.size() ? last.get(i).bytes() : 0;
            rated.add(track.at((track.bytes() - before) * 8_000_000 / ((nowNanos - reportedNanos) / 1_000)));
        }
        last = tracks;
        reportedNanos = nowNanos;
        report = report(path(transport, roundTripNanos, availableBitsPerSecond), rated);
    }

    private Optional<SessionReport.Path> path(PeerTransport transport, long roundTripNanos, long available) {
        PeerTransport.@Nullable Pair pair = transport.pair();
        return pair == null
                ? Optional.empty()
                : Optional.of(new SessionReport.Path(
                        pair.transport(),
                        "*:" + port,
                        pair.remote(),
                        identity.protection(),
                        roundTripNanos,
                        available));
    }

    private SessionReport report(Optional<SessionReport.Path> path, List<TrackReport> tracks) {
        return new SessionReport(
                identity.id(),
                identity.direction(),
                identity.stream(),
                Publisher.Protocol.WEBRTC,
                identity.since(),
                path,
                tracks);
    }

    @Override
    public SessionReport report() {
        return report;
    }

    @Override
    public void terminate(String reason) {
        end.accept(reason);
    }
}
