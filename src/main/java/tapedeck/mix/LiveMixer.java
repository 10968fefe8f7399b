package tapedeck.mix;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.stream.Publication;
import tapedeck.stream.Stream;

/// One live mix. Everything that came from its sources is handed to its two workers at each turn; what is mixed lies
/// [#DELAY_NANOS] behind the clock, so that streams that come unevenly do not tear, and nobody is waited for.
///
/// Its time 0 is when it was started; a frame of a source is where [Stream#zeroNanos] puts it.
final class LiveMixer {
    /// How far behind the clock it is: what comes later is silence, and a picture that comes later is shown when it
    /// comes.
    static final long DELAY_NANOS = 350_000_000L;
    /// How many sources it may have.
    static final int MAX_SOURCES = 50;
    /// Sound waits so long for the first picture, so that a recording begins with both.
    static final long FIRST_PICTURE_NANOS = 10_000_000_000L;

    private static final long SHORTEST_TURN_NANOS = 20_000_000L;
    private static final long LONGEST_TURN_NANOS = 40_000_000L;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long END_SECONDS = 15;
    private static final Logger log = LoggerFactory.getLogger(LiveMixer.class);

    private final String uri;
    private final MixSettings settings;
    private final Publication publication;
    private final LiveSource.Finder finder;
    private final LiveOutput output;
    private final @Nullable LivePictures pictures;
    private final @Nullable LiveSound sound;
    private final long zeroNanos;
    private final List<LiveSource> sources = new CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private int lastSource;
    private volatile @Nullable String endReason;
    private volatile @Nullable Thread thread;

    /// @param finder who publishes under a name, unless that would be a loop
    LiveMixer(String uri, MixSettings settings, Publication publication, LiveSource.Finder finder) {
        this.uri = uri;
        this.settings = settings;
        this.publication = publication;
        this.finder = finder;
        zeroNanos = publication.stream().nowNanos();
        output = new LiveOutput(publication, settings.hasAudio());
        String name = uri.substring(LiveMixers.SCHEME.length());
        pictures = settings.hasVideo() ? new LivePictures("mixer " + name, settings.picture(), output) : null;
        boolean heard = settings.hasVideo() && settings.picture().scene().layout() instanceof Layout.Speaker;
        sound = settings.hasAudio()
                ? new LiveSound("mixer " + name, pictures == null, heard, output, this::soundMayBegin)
                : null;
    }

    String uri() {
        return uri;
    }

    Stream stream() {
        return publication.stream();
    }

    /// Its time on the server's clock.
    private long nowNanos() {
        return publication.stream().nowNanos() - zeroNanos;
    }

    private boolean soundMayBegin() {
        return pictures == null || output.pictures() > 0 || nowNanos() > FIRST_PICTURE_NANOS;
    }

    void start() {
        log.info("{}: started, its stream is {}", uri, stream().name());
        thread = Thread.ofVirtual().name(uri).start(this::run);
    }

    private void run() {
        try {
            while (endReason == null) {
                long nanos = nowNanos();
                turn(nanos);
                LockSupport.parkNanos(Math.max(1, nanos + turnNanos() - nowNanos()));
            }
        } catch (RuntimeException e) {
            log.error("{}: a bug", uri, e);
            end("a bug");
        } finally {
            publication.close(endReason == null ? "ended" : endReason);
            if (pictures != null) {
                pictures.end();
            }
            if (sound != null) {
                sound.end();
            }
            log.info("{}: ended, {}", uri, endReason);
            ended.countDown();
        }
    }

    private long turnNanos() {
        return Math.clamp(NANOS_PER_SECOND / settings.picture().fps(), SHORTEST_TURN_NANOS, LONGEST_TURN_NANOS);
    }

    private void turn(long nowNanos) {
        sources.forEach(source -> source.refresh(nowNanos, zeroNanos, finder));
        sources.stream()
                .filter(source -> source.stream() == null && !source.isByName())
                .forEach(this::remove);
        // As they were added, whoever came back meanwhile.
        List<LiveSource> present = new ArrayList<>(sources);
        present.sort(Comparator.comparingInt(LiveSource::number));
        if (sound != null) {
            sound.turn(nowNanos, present);
        }
        if (pictures != null) {
            if (sound != null && sound.speaker().source() >= 0) {
                pictures.speaks(sound.speaker().fromNanos(), sound.speaker().source());
            }
            pictures.turn(nowNanos, present);
        }
    }

    /// Another source, from now on. False if it is there already.
    synchronized boolean add(Stream stream, boolean byName, boolean wantsVideo, boolean wantsAudio)
            throws MixerRefusedException {
        if (find(source -> source.name().equals(stream.name())) != null) {
            return false;
        }
        if (sources.size() >= MAX_SOURCES) {
            throw new MixerRefusedException(
                    MixerRefusedException.Reason.TAKEN, "%s has %d streams already".formatted(uri, MAX_SOURCES));
        }
        sources.add(new LiveSource(++lastSource, stream, byName, wantsVideo, wantsAudio, nowNanos()));
        log.info("{}: {} is mixed", uri, stream.name());
        return true;
    }

    /// False if there is none.
    synchronized boolean remove(Predicate<LiveSource> which) {
        LiveSource source = find(which);
        return source != null && remove(source);
    }

    private boolean remove(LiveSource source) {
        boolean removed = sources.remove(source);
        if (removed) {
            log.info("{}: {} is mixed no longer", uri, source.name());
        }
        return removed;
    }

    private @Nullable LiveSource find(Predicate<LiveSource> which) {
        return sources.stream().filter(which).findFirst().orElse(null);
    }

    List<LiveSource> sources() {
        return sources;
    }

    void wantKeyframe() {
        if (pictures != null) {
            pictures.wantKeyframe();
        }
    }

    /// Again without effect.
    void end(String reason) {
        if (endReason == null) {
            endReason = reason;
        }
        LockSupport.unpark(thread);
    }

    boolean isEnding() {
        return endReason != null;
    }

    /// Until its stream has ended and its workers are gone.
    void awaitEnd() throws InterruptedException {
        if (!ended.await(END_SECONDS, TimeUnit.SECONDS)) {
            log.warn("{}: did not end in {} s", uri, END_SECONDS);
        }
    }

    /// The processes that run, for tests and for whoever counts what they cost.
    List<Long> pids() {
        List<Long> pids = new ArrayList<>();
        if (pictures != null) {
            pids.add(pictures.pid());
        }
        if (sound != null) {
            pids.add(sound.pid());
        }
        return pids;
    }

    LiveMix snapshot() {
        long now = nowNanos();
        MixSettings.Picture picture = settings.picture();
        return new LiveMix(
                uri,
                stream().mediaSessionId(),
                stream().name().value(),
                settings.hasVideo(),
                settings.hasAudio(),
                picture.width(),
                picture.height(),
                picture.fps(),
                sources.stream().map(source -> source.snapshot(now)).toList(),
                output.pictures(),
                pictures == null ? 0 : pictures.dropped(),
                (pictures == null ? 0 : pictures.damaged()) + (sound == null ? 0 : sound.damaged()),
                (pictures == null ? 0 : pictures.restarts()) + (sound == null ? 0 : sound.restarts()));
    }
}
