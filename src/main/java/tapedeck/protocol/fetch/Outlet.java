package tapedeck.protocol.fetch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
    private final Playhead playhead = new Playhead();
    private final Skip skip = new Skip();
    private final Deque<Frame> pending = new ArrayDeque<>();
    private final Set<String> leftOut = new TreeSet<>();
    private @Nullable String refusal;
    private boolean started;
    private boolean follows;
    private long offsetNanos;
    private long newestNanos;
    private long sentNanos;
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
        if (skip.isOver()) {
            place(frame);
        } else if (skip.reached(frame)) {
            skip.taken().forEach(this::place);
        }
    }

    private void place(Frame frame) {
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

    /// What comes next is the next round of a file: it follows on what came, whatever its times are. The clock goes on,
    /// so that one of a single frame takes its time too.
    void nextRound() {
        follows = frames > 0 || !pending.isEmpty();
    }

    /// What comes next is the beginning of the file, of which only what is from so much later on is wanted.
    void skipTo(long nanos) {
        skip.to(nanos);
    }

    boolean isSkipping() {
        return !skip.isOver();
    }

    /// The file is over. Who wanted to be behind its end begins with its last picture.
    void ended() {
        skip.taken().forEach(this::place);
    }

    /// What can be done with the source. Whoever gives it to others has to look for what they want ([#moved]) behind
    /// each [#drain].
    Playhead playhead() {
        return playhead;
    }

    /// Where somebody wants the source to be now, or [Playhead#NOWHERE]. What waits is not wanted then, and what comes
    /// from there follows on what came.
    long moved() {
        long wanted = playhead.wanted();
        if (wanted != Playhead.NOWHERE) {
            pending.clear();
            List<Frame> _ = skip.taken();
            newestNanos = sentNanos;
            nextRound();
            started = false;
        }
        return wanted;
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
            write(frame);
        }
    }

    /// All that waits leaves when it is due; unless somebody wants to be elsewhere: [#moved].
    void drain() throws RelayRefusedException, InterruptedException {
        check();
        for (Frame frame = pending.poll(); frame != null; frame = pending.poll()) {
            if (!await(frame.dtsNanos())) {
                return;
            }
            write(frame);
        }
    }

    private void write(Frame frame) {
        frames++;
        sentNanos = Math.max(sentNanos, frame.dtsNanos());
        sink.write(frame);
    }

    private void check() throws RelayRefusedException {
        if (refusal != null) {
            throw new RelayRefusedException(refusal);
        }
    }

    /// @return false if somebody wants to be elsewhere
    private boolean await(long dtsNanos) throws InterruptedException {
        while (true) {
            long early = dtsNanos - System.nanoTime() - aheadNanos;
            if (!started || Math.abs(early) > JUMP_NANOS) {
                // The lead is granted once.
                aheadNanos = dtsNanos - System.nanoTime() - (frames > 0 ? LEAD_NANOS : 0);
                started = true;
                early = 0;
            }
            switch (playhead.await(Math.max(0, early - LEAD_NANOS))) {
                case DUE -> {
                    return true;
                }
                case MOVED -> {
                    return false;
                }
                // Its clock stood still with it.
                case RESUMED -> started = false;
            }
        }
    }
}
