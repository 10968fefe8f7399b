package tapedeck.mix;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.transcode.CodedSource;

/// The worker that makes the pictures, or the sound, of a live mix, and what it is fed: everything that came since the
/// last turn at once. One that dies is replaced; the new one begins with the frames since each stream's last keyframe.
/// Used on the mixer's thread, but for the answers.
abstract sealed class LiveFeed permits LivePictures, LiveSound {
    /// Steps that are not answered yet: while one is mixed the next one is there.
    static final int STEPS_AHEAD = 2;
    /// A worker that answers nothing for so long is replaced.
    static final long STUCK_NANOS = 10_000_000_000L;
    /// One that has just been started has more time.
    static final long START_NANOS = 30_000_000_000L;
    /// A worker that lived for less is replaced later and later.
    static final long SHORT_LIFE_NANOS = 5_000_000_000L;

    /// What is so far in the future is of a clock that is wrong, and left out.
    static final long MAX_AHEAD_NANOS = 5_000_000_000L;

    static final long FIRST_PAUSE_NANOS = 500_000_000L;
    static final long LONGEST_PAUSE_NANOS = 10_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(LiveFeed.class);
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final String name;
    private final List<Line> lines = new ArrayList<>();
    private final List<Item> items = new ArrayList<>();
    private volatile @Nullable MixProcess process;
    private int mix;
    private boolean ready;
    private long answered;
    private long answeredNanos;
    private long startedNanos;
    private long startAgainNanos = Long.MIN_VALUE;
    private int shortLives;
    private volatile long restarts;
    private volatile long damaged;
    private volatile long pid;

    /// A stream of a source on its way into the worker.
    static final class Line {
        private final LiveSource source;
        private final Stream stream;
        private final int number;
        private final Reader reader;
        private @Nullable Track track;
        private boolean waitsForKeyframe;

        Line(LiveSource source, Stream stream, Reader reader) {
            this.source = source;
            this.stream = stream;
            this.reader = reader;
            number = source.nextLine();
        }

        LiveSource source() {
            return source;
        }

        int number() {
            return number;
        }
    }

    LiveFeed(String name) {
        this.name = name;
    }

    /// Whether this source has any of it.
    abstract boolean takes(LiveSource source);

    abstract boolean takes(Track track);

    /// Whether it is for this worker that the stream's connection is read at once; two of them would be two viewers.
    abstract boolean watches(LiveSource source);

    /// What a new worker is asked first.
    abstract Ask open(int number, long nowNanos);

    /// Asks for what is due.
    ///
    /// @param oldestNanos for how long the oldest step is not answered; 0 if none is
    abstract void step(long nowNanos, int openSteps, long oldestNanos);

    abstract void answer(Answer answer);

    /// Whether packets are thrown away up to the next keyframe, because the worker is too slow even to decode them.
    abstract boolean sheds();

    /// @param nowNanos in the time of the mix, as all times here
    final void turn(long nowNanos, List<LiveSource> sources) {
        MixProcess running = process;
        if (running != null && (running.isDead() || isStuck(running, nowNanos))) {
            lost(running, nowNanos);
            running = null;
        }
        if (running == null && nowNanos >= startAgainNanos) {
            running = start(nowNanos);
        }
        if (running == null) {
            return;
        }
        damaged = running.damaged();
        feed(nowNanos, sources);
        int open = running.open(mix);
        ready |= open == 0;
        if (ready) {
            step(nowNanos, open, open == 0 ? 0 : nowNanos - answeredNanos);
        }
    }

    private boolean isStuck(MixProcess running, long nowNanos) {
        long count = running.answered(mix);
        if (running.open(mix) == 0 || count != answered) {
            answered = count;
            answeredNanos = nowNanos;
        }
        return nowNanos - answeredNanos > (ready ? STUCK_NANOS : START_NANOS);
    }

    private @Nullable MixProcess start(long nowNanos) {
        try {
            MixProcess made = new MixProcess(name);
            process = made;
            pid = made.pid();
            mix = made.begin(answer -> {
                if (process == made) {
                    answer(answer);
                }
            });
            ready = false;
            answered = 0;
            answeredNanos = nowNanos;
            startedNanos = nowNanos;
            made.send(open(mix, nowNanos));
            // Answered as soon as it works.
            made.send(new Ask.Advance(mix, 0));
            return made;
        } catch (IOException e) {
            log.warn("{}: no worker can be started: {}", name, e.toString());
            pause(nowNanos);
            return null;
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    private void lost(MixProcess running, long nowNanos) {
        log.warn("{}: {}, another worker goes on", name, running.isDead() ? "the worker died" : "the worker is stuck");
        restarts++;
        if (nowNanos - startedNanos > SHORT_LIFE_NANOS) {
            shortLives = 0;
        }
        end();
        if (shortLives > 0) {
            pause(nowNanos);
        }
        shortLives++;
    }

    private void pause(long nowNanos) {
        startAgainNanos = nowNanos + Math.min(LONGEST_PAUSE_NANOS, FIRST_PAUSE_NANOS << Math.min(shortLives, 10));
    }

    private void feed(long nowNanos, List<LiveSource> sources) {
        for (Line line : List.copyOf(lines)) {
            read(line, nowNanos);
            if (line.source.stream() != line.stream || !sources.contains(line.source)) {
                line.reader.close();
                lines.remove(line);
                if (line.track != null) {
                    send(new Ask.Leave(mix, line.number, nowNanos));
                }
            }
        }
        for (LiveSource source : sources) {
            Stream stream = source.stream();
            if (stream != null && takes(source) && lines.stream().noneMatch(line -> line.stream == stream)) {
                lines.add(new Line(source, stream, subscribe(source, stream)));
            }
        }
    }

    /// Nobody is woken: what is there is taken at each turn.
    private Reader subscribe(LiveSource source, Stream stream) {
        return stream.subscribe(new ReaderOptions(
                name, watches(source), true, ReaderOptions.LIVE_MAX_NANOS, ReaderOptions.LIVE_MAX_BYTES, 0, () -> {}));
    }

    private void read(Line line, long nowNanos) {
        if (!line.source.isPlaced()) {
            return;
        }
        items.clear();
        line.reader.drainTo(items);
        for (Item item : items) {
            switch (item) {
                case Item.Media media -> {
                    if (takes(media.frame().track())) {
                        accept(line, media.frame(), nowNanos);
                    }
                }
                case Item.Gap _, Item.Message _, Item.End _ -> {}
            }
        }
    }

    private void accept(Line line, Frame frame, long nowNanos) {
        Track track = frame.track();
        if (line.track != null && line.track.id() != track.id()) {
            return;
        }
        long nanos = line.source.offsetNanos() + frame.ptsNanos() - delayNanos(track.codec());
        line.source.came(track.isVideo(), nanos, nowNanos);
        line.waitsForKeyframe |= sheds() || nanos - nowNanos > MAX_AHEAD_NANOS;
        if (line.waitsForKeyframe && (!frame.keyframe() || sheds() || nanos - nowNanos > MAX_AHEAD_NANOS)) {
            line.source.dropped();
            if (track.isVideo()) {
                line.stream.requestKeyframe();
            }
            return;
        }
        line.waitsForKeyframe = false;
        if (line.track == null && track.isVideo() && nowNanos - nanos > Pace.LIVE.staleNanos()) {
            // A browser makes one at once, and its tile need not wait until all this is decoded.
            line.stream.requestKeyframe();
        }
        describe(line, track, nanos);
        send(new Ask.Packet(mix, line.number, nanos, frame.keyframe(), frame.data()));
    }

    /// Says what the packets from here on are, if they are not as before.
    private void describe(Line line, Track track, long nanos) {
        Track before = line.track;
        if (before == null) {
            send(new Ask.Join(
                    mix,
                    line.number,
                    line.source.name().value(),
                    track.rotationDegrees(),
                    line.source.joinedNanos(),
                    Long.MAX_VALUE,
                    CodedSource.of(track.codec())));
        } else if (!before.equals(track)) {
            if (!before.codec().equals(track.codec())) {
                send(new Ask.Change(mix, line.number, CodedSource.of(track.codec())));
            }
            if (before.rotationDegrees() != track.rotationDegrees()) {
                send(new Ask.Turn(mix, line.number, nanos, track.rotationDegrees()));
            }
        }
        line.track = track;
    }

    /// RFC 7845 4.2: what an Opus decoder gives for a packet sounds earlier than its stamp by the pre-skip.
    private static long delayNanos(Codec codec) {
        return codec instanceof Codec.Opus opus ? opus.preSkip() * NANOS_PER_SECOND / opus.sampleRateHz() : 0;
    }

    final int mix() {
        return mix;
    }

    final void send(Ask ask) {
        MixProcess to = process;
        if (to != null) {
            to.send(ask);
        }
    }

    final List<Line> lines() {
        return lines;
    }

    final long restarts() {
        return restarts;
    }

    final long damaged() {
        return damaged;
    }

    /// The process, for tests and for whoever counts what it costs.
    final long pid() {
        return pid;
    }

    /// Ends the worker. What it did not answer by now is lost.
    final void end() {
        MixProcess running = process;
        process = null;
        lines.forEach(line -> line.reader.close());
        lines.clear();
        if (running != null) {
            running.close();
        }
    }
}
