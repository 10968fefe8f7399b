package tapedeck.protocol.fetch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.container.FrameSink;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.stream.Publisher;

/// Frames on their way into a stream, at the speed of their timestamps: what comes faster waits, and with it whoever
/// reads the source.
final class Outlet implements FrameSink {
    /// How much earlier than due a frame may leave: what a live source sends at once at its beginning.
    static final long LEAD_NANOS = 1_000_000_000L;
    /// Timestamps that are off by so much have jumped, or the source is late: the clock begins anew there.
    static final long JUMP_NANOS = 10_000_000_000L;
    /// Between the last frame of one round and the first of the next.
    static final long STEP_NANOS = 33_000_000L;
    /// Codecs that are named.
    static final int MAX_NAMED = 8;

    private static final Logger log = LoggerFactory.getLogger(Outlet.class);

    private final String source;
    private final PullSink sink;
    private final Deque<Frame> pending = new ArrayDeque<>();
    private final Set<String> leftOut = new TreeSet<>();
    private @Nullable String refusal;
    private boolean started;
    private boolean follows;
    private long skipToNanos;
    private boolean pictures;
    private long offsetNanos;
    private long newestNanos;
    private long aheadNanos;
    private long frames;

    /// @param source how its line in the log begins
    Outlet(String source, PullSink sink) {
        this.source = source;
        this.sink = sink;
    }

    @Override
    public void track(Track track) {
        sink.announce(track);
    }

    @Override
    public void frame(Frame frame) {
        if (skipToNanos > 0 && skipped(frame)) {
            return;
        }
        if (follows) {
            follows = false;
            offsetNanos = newestNanos + STEP_NANOS - frame.dtsNanos();
        }
        long dtsNanos = frame.dtsNanos() + offsetNanos;
        newestNanos = Math.max(newestNanos, dtsNanos);
        pending.add(
                offsetNanos == 0
                        ? frame
                        : new Frame(
                                frame.track(),
                                dtsNanos,
                                frame.ptsNanos() + offsetNanos,
                                frame.keyframe(),
                                frame.data()));
    }

    /// What comes next follows on what came, whatever its times are: at the beginning of a file that is played again,
    /// and where somebody moved within it.
    void again() {
        nextRound();
        started = false;
    }

    /// The same for the next round of a file: its clock goes on, so that one of a single frame takes its time too.
    void nextRound() {
        follows = frames > 0 || !pending.isEmpty();
    }

    /// What is earlier is passed over, up to a picture that can be begun with, or to sound where there is no picture.
    void skipTo(long nanos) {
        skipToNanos = nanos;
        pictures = false;
    }

    private boolean skipped(Frame frame) {
        pictures |= frame.track().isVideo();
        boolean begins = frame.dtsNanos() >= skipToNanos
                && frame.keyframe()
                && frame.track().isVideo() == pictures;
        if (begins) {
            skipToNanos = 0;
        }
        return !begins;
    }

    /// What waits is not wanted any more.
    void drop() {
        pending.clear();
    }

    @Override
    public void unsupported(String codec) {
        if (leftOut.size() < MAX_NAMED && leftOut.add(codec)) {
            log.info("{}: {} is left out: it is not supported", source, codec);
        }
    }

    void expect(Publisher.Expects expects) {
        sink.expect(expects);
    }

    void missed(long count) {
        sink.missed(count);
    }

    /// There is nothing that can be carried.
    void refuse() {
        refusal = "nothing that can be carried: " + String.join(", ", leftOut);
    }

    /// Frames that left so far.
    long frames() {
        return frames;
    }

    /// All that waits leaves at once.
    void drainNow() throws RelayRefusedException {
        check();
        for (Frame frame = pending.poll(); frame != null; frame = pending.poll()) {
            frames++;
            sink.write(frame);
        }
    }

    /// All that waits leaves when it is due.
    void drain() throws RelayRefusedException, InterruptedException {
        check();
        for (Frame frame = pending.poll(); frame != null; frame = pending.poll()) {
            await(frame.dtsNanos());
            frames++;
            sink.write(frame);
        }
    }

    private void check() throws RelayRefusedException {
        if (refusal != null) {
            throw new RelayRefusedException(refusal);
        }
    }

    private void await(long dtsNanos) throws InterruptedException {
        long early = dtsNanos - System.nanoTime() - aheadNanos;
        if (!started || Math.abs(early) > JUMP_NANOS) {
            // The lead is granted once.
            aheadNanos = dtsNanos - System.nanoTime() - (frames > 0 ? LEAD_NANOS : 0);
            started = true;
        } else if (early > LEAD_NANOS) {
            TimeUnit.NANOSECONDS.sleep(early - LEAD_NANOS);
        }
    }
}
