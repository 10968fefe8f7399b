package tapedeck.api;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.function.ToLongFunction;
import tapedeck.bytes.Bytes;
import tapedeck.net.BoundPorts;
import tapedeck.net.http.HttpExchange;
import tapedeck.record.ActiveRecording;
import tapedeck.record.Recordings;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;
import tapedeck.transcode.Transcodes;

/// `/metrics` for Prometheus. Every number is read when somebody asks, so that a frame costs nothing.
final class Metrics implements Streams.Listener, AutoCloseable {
    private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
    private final Streams streams;
    private final BoundPorts ports;

    // What streams that have ended had received.
    private final AtomicLong endedFrames = new AtomicLong();
    private final AtomicLong endedBytes = new AtomicLong();
    private final LongAccumulator mostFrames = new LongAccumulator(Math::max, 0);
    private final LongAccumulator mostBytes = new LongAccumulator(Math::max, 0);
    private final AtomicLong published = new AtomicLong();
    private final SessionMetrics sessions;

    Metrics(Streams streams, Recordings recordings, Transcodes transcodes, CallLimit limit, BoundPorts ports) {
        this.streams = streams;
        this.ports = ports;
        sessions = new SessionMetrics(registry, streams);
        registerStreams();
        registerRecordings(recordings);
        registerTranscodes(transcodes);
        FunctionCounter.builder("tapedeck.rest.refused", limit, CallLimit::refused)
                .description("REST calls answered 429")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        garbageCollection.bindTo(registry);
    }

    private void registerStreams() {
        Gauge.builder("tapedeck.streams", streams, s -> s.all().size())
                .description("Live streams")
                .register(registry);
        Gauge.builder("tapedeck.readers", this, m -> m.sum(s -> s.statistics().readers()))
                .description("Readers of live streams, recorders too")
                .register(registry);
        Gauge.builder("tapedeck.viewers", this, m -> m.sum(s -> s.statistics().liveReaders()))
                .description("Readers of live streams that watch")
                .register(registry);
        FunctionCounter.builder("tapedeck.streams.published", published, AtomicLong::get)
                .description("Streams that were ever published")
                .register(registry);
        FunctionCounter.builder(
                        "tapedeck.frames.received",
                        this,
                        m -> m.received(m.endedFrames, Stream.Statistics::frames, m.mostFrames))
                .description("Frames that publishers sent")
                .register(registry);
        FunctionCounter.builder(
                        "tapedeck.received", this, m -> m.received(m.endedBytes, Stream.Statistics::bytes, m.mostBytes))
                .description("Bytes of the frames that publishers sent")
                .baseUnit("bytes")
                .register(registry);
    }

    private void registerRecordings(Recordings recordings) {
        for (ActiveRecording.State state : ActiveRecording.State.values()) {
            Gauge.builder(
                            "tapedeck.recordings",
                            recordings,
                            r -> r.active().stream()
                                    .filter(active -> active.state() == state)
                                    .count())
                    .description("Recordings that are not yet finished files")
                    .tag("state", state.name().toLowerCase(Locale.ROOT))
                    .register(registry);
        }
        counter(recordings, "tapedeck.recordings.finished", Recordings.Statistics::finishedFiles)
                .description("Recordings that became finished files")
                .register(registry);
        counter(recordings, "tapedeck.recordings.failed", Recordings.Statistics::failedFiles)
                .description("Recordings that could not be finished at the first attempt")
                .register(registry);
        counter(recordings, "tapedeck.recordings.write.calls", Recordings.Statistics::writeCalls)
                .description("System calls that wrote to recordings")
                .register(registry);
        counter(recordings, "tapedeck.recordings.written", Recordings.Statistics::writtenBytes)
                .description("Bytes that were written to recordings")
                .baseUnit("bytes")
                .register(registry);
    }

    private void registerTranscodes(Transcodes transcodes) {
        Gauge.builder(
                        "tapedeck.transcode.workers",
                        transcodes,
                        t -> t.statistics().workers())
                .description("Processes that convert sound")
                .register(registry);
        Gauge.builder(
                        "tapedeck.transcode.streams",
                        transcodes,
                        t -> t.statistics().streams())
                .description("Streams whose sound is converted")
                .register(registry);
        FunctionCounter.builder(
                        "tapedeck.transcode.crashes",
                        transcodes,
                        t -> t.statistics().crashes())
                .description("Processes that died while they converted sound")
                .register(registry);
        FunctionCounter.builder(
                        "tapedeck.transcode.damaged.packets",
                        transcodes,
                        t -> t.statistics().damagedPackets())
                .description("Packets of sound that could not be decoded")
                .register(registry);
    }

    private static FunctionCounter.Builder<Recordings> counter(
            Recordings recordings, String name, ToLongFunction<Recordings.Statistics> number) {
        return FunctionCounter.builder(name, recordings, r -> number.applyAsLong(r.statistics()));
    }

    /// A stream that ends is for a moment neither among the live ones nor among the ended; a counter that went back
    /// would look like a restart.
    private double received(AtomicLong ended, ToLongFunction<Stream.Statistics> number, LongAccumulator most) {
        long live = streams.all().stream()
                .mapToLong(stream -> number.applyAsLong(stream.statistics()))
                .sum();
        most.accumulate(ended.get() + live);
        return most.get();
    }

    private double sum(ToLongFunction<Stream> number) {
        return streams.all().stream().mapToLong(number).sum();
    }

    /// Ports are opened at their time; one that is registered already stays as it is.
    private void registerPorts() {
        for (BoundPorts.Counter counter : ports.counters()) {
            FunctionCounter.builder(counter.name(), counter, c -> c.number().getAsLong())
                    .description(counter.description())
                    .register(registry);
        }
    }

    void handle(HttpExchange exchange) throws Exception {
        registerPorts();
        sessions.refresh();
        exchange.set("Cache-Control", "no-store");
        exchange.respond(200, TYPE, Bytes.ofUtf8(registry.scrape()));
    }

    @Override
    public void published(Stream stream) {
        published.incrementAndGet();
    }

    @Override
    public void ended(Stream stream, String reason) {
        Stream.Statistics statistics = stream.statistics();
        endedFrames.addAndGet(statistics.frames());
        endedBytes.addAndGet(statistics.bytes());
    }

    @Override
    public void close() {
        garbageCollection.close();
        registry.close();
    }
}
