package tapedeck.transcode;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.codec.aac.Aac;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.stream.Rendition;
import tapedeck.stream.Renditions;

/// All conversions of the server. One worker process is started with the server, the others when streams need them;
/// they are kept.
public final class Transcodes implements Renditions, AutoCloseable {
    /// After workers could not be started, sound is left as it is for so long.
    static final long UNAVAILABLE_NANOS = Duration.ofMinutes(1).toNanos();

    private static final Logger log = LoggerFactory.getLogger(Transcodes.class);

    private final Settings.Aac settings;
    private final LongSupplier nanoClock;
    private final List<WorkerSlot> slots = new ArrayList<>();
    private final AtomicInteger nextStream = new AtomicInteger();
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "transcode-watch");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicLong damagedPackets = new AtomicLong();
    private final AtomicLong crashes = new AtomicLong();
    private volatile boolean tried;
    private volatile boolean unavailable;
    private volatile long unavailableAtNanos;

    public Transcodes(Settings.Aac settings) {
        this(settings, Runtime.getRuntime().availableProcessors(), WorkerSlot.command(), System::nanoTime);
    }

    /// @param nanoClock by which it is judged how long answers take; one that stands still waits for all of them
    public static Transcodes with(Settings.Aac settings, LongSupplier nanoClock) {
        return new Transcodes(settings, Runtime.getRuntime().availableProcessors(), WorkerSlot.command(), nanoClock);
    }

    /// With workers that are started in another way.
    public static Transcodes with(Settings.Aac settings, List<String> command) {
        return new Transcodes(settings, Runtime.getRuntime().availableProcessors(), command);
    }

    /// @param workers processes at most
    /// @param command of a worker
    Transcodes(Settings.Aac settings, int workers, List<String> command) {
        this(settings, workers, command, System::nanoTime);
    }

    private Transcodes(Settings.Aac settings, int workers, List<String> command, LongSupplier nanoClock) {
        this.settings = settings;
        this.nanoClock = nanoClock;
        for (int i = 0; i < workers; i++) {
            slots.add(new WorkerSlot(this, "transcode-" + i, command));
        }
    }

    /// Starts the first worker, in the background: the first stream is recorded as promptly as the tenth, and a machine
    /// that cannot convert is known before.
    public void warmUp() {
        slots.getFirst().warmUp();
    }

    @Override
    public Optional<Offer> aac(Track source) {
        if (!source.isAudio() || source.codec() instanceof Codec.Aac || unavailable()) {
            return Optional.empty();
        }
        Track track = new Track(source.id(), Aac.lc(settings.sampleRateHz(), settings.channels()));
        return Optional.of(new Offer() {
            @Override
            public Track track() {
                return track;
            }

            @Override
            public Rendition begin(Runnable wake) {
                WorkerSlot slot = slots.stream()
                        .min(Comparator.comparingInt(WorkerSlot::streams))
                        .orElseThrow();
                return slot.begin(nextStream.incrementAndGet(), track, settings, wake);
            }
        });
    }

    long nanoTime() {
        return nanoClock.getAsLong();
    }

    void tried() {
        tried = true;
    }

    boolean isTried() {
        return tried;
    }

    private boolean unavailable() {
        if (unavailable && System.nanoTime() - unavailableAtNanos > UNAVAILABLE_NANOS) {
            unavailable = false;
        }
        return unavailable;
    }

    /// No worker starts: said once, not for every stream.
    void unavailable(String reason) {
        unavailableAtNanos = System.nanoTime();
        if (!unavailable) {
            unavailable = true;
            log.error("transcode: no worker can be started, sound is stored as it is: {}", reason);
        }
    }

    void damaged(int packets) {
        damagedPackets.addAndGet(packets);
    }

    void crashed() {
        crashes.incrementAndGet();
    }

    void later(Runnable task, long nanos) {
        if (!watch.isShutdown()) {
            var _ = watch.schedule(task, nanos, TimeUnit.NANOSECONDS);
        }
    }

    /// @param workers processes that run
    /// @param streams that are being converted
    /// @param crashes of workers since the start
    /// @param damagedPackets that could not be decoded
    public record Statistics(int workers, int streams, long crashes, long damagedPackets) {}

    public Statistics statistics() {
        int running = 0;
        int streams = 0;
        for (WorkerSlot slot : slots) {
            running += slot.pid().isPresent() ? 1 : 0;
            streams += slot.streams();
        }
        return new Statistics(running, streams, crashes.get(), damagedPackets.get());
    }

    /// The processes that run, for tests and for whoever counts what they cost.
    public List<Long> pids() {
        List<Long> pids = new ArrayList<>();
        for (WorkerSlot slot : slots) {
            slot.pid().ifPresent(pids::add);
        }
        return pids;
    }

    /// Ends all workers. What was not converted by now never is.
    @Override
    public void close() {
        watch.shutdownNow();
        slots.forEach(WorkerSlot::close);
    }
}
