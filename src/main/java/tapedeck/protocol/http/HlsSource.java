package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.media.Carried;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// What HLS players of one name get, across its publications, as long as somebody asks for it: one virtual thread that
/// reads the stream and cuts it.
final class HlsSource {
    /// Nobody asked for so long: it stops, and begins anew with the next request.
    static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);
    /// A publisher that is back within this goes on in the same playlist, behind a discontinuity.
    static final long REPUBLISH_NANOS = TimeUnit.SECONDS.toNanos(4);

    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int BATCH_MILLIS = 40;
    private static final int POLL_MILLIS = 100;
    private static final Logger log = LoggerFactory.getLogger(HlsSource.class);

    private final Streams streams;
    private final StreamName name;
    private final House house;
    private final KeptBytes.Share share;
    private final HlsWindow window;
    private final Semaphore signal = new Semaphore(0);
    private volatile long askedNanos = System.nanoTime();
    private volatile Carried carried;
    private volatile boolean closed;
    private int targetSeconds;
    private long tickedNanos = System.nanoTime();

    /// Where sources are found by those who ask.
    interface House {
        /// About once a second, while it runs.
        void tick();

        /// It has stopped.
        void over(StreamName name);
    }

    /// @param share of what all sources keep; closed when it has stopped
    HlsSource(Streams streams, StreamName name, Carried carried, KeptBytes.Share share, House house) {
        this.streams = streams;
        this.name = name;
        this.carried = carried;
        this.share = share;
        this.window = new HlsWindow(Instant.now().getEpochSecond(), share);
        this.house = house;
    }

    void start(Stream stream) {
        Thread.ofVirtual().name("hls of " + name).start(() -> run(stream));
    }

    HlsWindow window() {
        return window;
    }

    /// Of the publication of now.
    Carried carried() {
        return carried;
    }

    /// Somebody asked for something.
    void asked() {
        askedNanos = System.nanoTime();
    }

    private boolean isIdle() {
        return System.nanoTime() - askedNanos > IDLE_NANOS;
    }

    void close() {
        closed = true;
        signal.release();
    }

    private void run(Stream begin) {
        try {
            Stream stream = begin;
            while (stream != null) {
                boolean ended = follow(stream);
                stream = ended && !closed ? next() : null;
            }
            window.end();
            // Players that are behind still read what there is.
            while (!isIdle() && !closed && streams.find(name).isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException bug) {
            log.error("hls of {}", name, bug);
        } finally {
            house.over(name);
            window.close();
            share.close();
        }
    }

    /// Returns whether the stream has ended; else nobody wants it.
    private boolean follow(Stream stream) throws InterruptedException {
        try (Reader reader = stream.subscribe(ReaderOptions.viewer("hls players", signal::release))) {
            HlsSegmenter segmenter =
                    new HlsSegmenter(window, stream, stream.tracks(), targetSeconds, () -> gopNanos(stream));
            List<Item> batch = new ArrayList<>();
            while (!closed) {
                if (signal.tryAcquire(1, TimeUnit.SECONDS)) {
                    TimeUnit.MILLISECONDS.sleep(BATCH_MILLIS);
                }
                signal.drainPermits();
                tick();
                if (isIdle()) {
                    return false;
                }
                reader.drainTo(batch);
                for (Item item : batch) {
                    switch (item) {
                        case Item.Media media -> segmenter.write(media);
                        case Item.Gap _ -> segmenter.gap();
                        case Item.Message _ -> {}
                        case Item.End _ -> {
                            segmenter.finish();
                            targetSeconds = segmenter.targetSeconds();
                            return true;
                        }
                    }
                }
                batch.clear();
                // Publishers that make keyframes on request make none otherwise.
                reader.wantKeyframeFrom(segmenter.wantedKeyframeNanos());
            }
            return false;
        }
    }

    private void tick() {
        long now = System.nanoTime();
        if (now - tickedNanos >= TICK_NANOS) {
            tickedNanos = now;
            house.tick();
        }
    }

    private static long gopNanos(Stream stream) {
        Stream.Statistics now = stream.statistics();
        return now.keyframes() == 0 ? HlsSegmenter.TARGET_NANOS : now.mediaNanos() / now.keyframes();
    }

    /// The next publication of this name, if it comes soon.
    private @Nullable Stream next() throws InterruptedException {
        long deadline = System.nanoTime() + REPUBLISH_NANOS;
        while (System.nanoTime() - deadline < 0 && !closed) {
            Stream found = streams.find(name).orElse(null);
            if (found != null) {
                List<Track> now = found.awaitTracks();
                Carried next = Carried.of(now, HlsSegmenter::canCarry);
                if (next.isEnough()) {
                    carried = next;
                    return found;
                }
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        return null;
    }
}
