package tapedeck.api;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Streams;

/// Open sessions in `/metrics`, track by track. A session's lines go when it ends, so there are never more than
/// sessions; what was counted over its life is in the log.
final class SessionMetrics {
    private enum Measure {
        BITRATE("bits per second over the last seconds", track -> track.bitsPerSecond()),
        PACKETS("Packets of media", track -> track.packets()),
        LOST("Packets that never came", track -> track.lost()),
        RECOVERED("Packets that came after they were asked for", track -> track.recovered()),
        NACKS("Packets that were asked for again", track -> track.nacks()),
        KEYFRAME_REQUESTS("Keyframes that the receiver asked for", track -> track.keyframeRequests()),
        MISSING_FRAMES("Frames that came in part or not at all", track -> track.missingFrames()),
        FREEZES("How often the picture stood still", track -> track.freezes()),
        FROZEN_SECONDS("For how long, all together", track -> track.frozenNanos() / 1e9),
        JITTER_SECONDS("RFC 3550 6.4.1, as of now", track -> track.jitterNanos() / 1e9);

        private final String description;
        private final ToDoubleFunction<SessionReport.TrackReport> value;

        Measure(String description, ToDoubleFunction<SessionReport.TrackReport> value) {
            this.description = description;
            this.value = value;
        }
    }

    private final Streams streams;
    private final MultiGauge open;
    private final MultiGauge roundTrip;
    private final MultiGauge available;
    private final MultiGauge paths;
    private final Map<Measure, MultiGauge> gauges = new EnumMap<>(Measure.class);

    SessionMetrics(MeterRegistry registry, Streams streams) {
        this.streams = streams;
        open = MultiGauge.builder("tapedeck.sessions")
                .description("Open conversations with peers")
                .register(registry);
        roundTrip = MultiGauge.builder("tapedeck.session.round.trip.seconds")
                .description("To the peer and back")
                .register(registry);
        available = MultiGauge.builder("tapedeck.session.available.bitrate")
                .description("bits per second that the way to the peer is estimated to carry")
                .register(registry);
        paths = MultiGauge.builder("tapedeck.session.path")
                .description("1 for the way that is used: transport, addresses and protection")
                .register(registry);
        for (Measure measure : Measure.values()) {
            String name = measure.name().toLowerCase(Locale.ROOT).replace('_', '.');
            gauges.put(
                    measure,
                    MultiGauge.builder("tapedeck.session." + name)
                            .description(measure.description)
                            .register(registry));
        }
    }

    private record Kind(String protocol, String direction) {}

    /// Before a scrape: what is open now.
    void refresh() {
        List<SessionReport> reports =
                streams.sessions().stream().map(Session::report).toList();
        Map<Kind, Integer> kinds =
                new TreeMap<>(Comparator.comparing(Kind::protocol).thenComparing(Kind::direction));
        List<MultiGauge.Row<?>> trips = new ArrayList<>();
        List<MultiGauge.Row<?>> estimates = new ArrayList<>();
        List<MultiGauge.Row<?>> used = new ArrayList<>();
        Map<Measure, List<MultiGauge.Row<?>>> rows = new EnumMap<>(Measure.class);
        for (Measure measure : Measure.values()) {
            rows.put(measure, new ArrayList<>());
        }
        for (SessionReport report : reports) {
            String direction = SessionCalls.word(report.direction());
            kinds.merge(new Kind(report.protocol().name(), direction), 1, Integer::sum);
            Tags tags =
                    Tags.of("session", report.id(), "stream", report.stream().value(), "direction", direction);
            report.path().ifPresent(path -> {
                // Where nobody knows, there is no line: 0 would be an answer.
                if (path.roundTripNanos() > 0) {
                    trips.add(MultiGauge.Row.of(tags, path.roundTripNanos() / 1e9));
                }
                if (path.availableBitsPerSecond() > 0) {
                    estimates.add(MultiGauge.Row.of(tags, path.availableBitsPerSecond()));
                }
                used.add(MultiGauge.Row.of(
                        tags.and("transport", path.transport(), "local", path.local(), "remote", path.remote())
                                .and("protection", path.protection()),
                        1));
            });
            for (SessionReport.TrackReport track : report.tracks()) {
                Tags ofTrack = tags.and("kind", track.kind(), "codec", track.codec(), "layer", track.layer());
                rows.forEach(
                        (measure, list) -> list.add(MultiGauge.Row.of(ofTrack, measure.value.applyAsDouble(track))));
            }
        }
        List<MultiGauge.Row<?>> counts = new ArrayList<>();
        kinds.forEach((kind, count) -> counts.add(
                MultiGauge.Row.of(Tags.of("protocol", kind.protocol(), "direction", kind.direction()), count)));
        open.register(counts, true);
        roundTrip.register(trips, true);
        available.register(estimates, true);
        paths.register(used, true);
        rows.forEach(
                (measure, list) -> Objects.requireNonNull(gauges.get(measure)).register(list, true));
    }
}
