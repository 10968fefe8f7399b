package tapedeck.transcode;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.stream.Rendition;

/// One stream that a worker converts. Remembers the packets whose sound has not come back yet, so that another worker
/// can go on exactly where one died. All state is guarded by the slot.
final class AacRendition implements Rendition {
    /// When an answer takes longer, new sound is given up until it comes: the machine is too slow.
    static final long OVERLOAD_NANOS = 8_000_000_000L;
    /// A worker that runs answers in less.
    static final long SLOW_NANOS = 60_000_000L;
    /// An answer that takes longer holds other tracks back no more.
    static final long LATE_NANOS = 1_000_000_000L;
    /// A stream over which so many workers died is given silence.
    static final int MAX_DEATHS = 3;
    /// The same batch is given to another worker so often.
    static final int MAX_DEATHS_OF_A_JOB = 2;
    /// Packets longer than this do not exist (RFC 6716 3.2.5: 120 ms).
    private static final long MAX_PACKET_NANOS = 120_000_000L;

    private static final Logger log = LoggerFactory.getLogger(AacRendition.class);
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int OPUS_RATE_HZ = 48_000;

    private final WorkerSlot slot;
    private final int id;
    private final Track track;
    private final Settings.Aac settings;
    private final Runnable wake;

    private final Deque<Job> jobs = new ArrayDeque<>();
    // Answered, but perhaps still inside the encoder.
    private final Deque<Frame> inside = new ArrayDeque<>();
    private List<Frame> converted = new ArrayList<>();
    private long anchorNanos = Entry.UNANCHORED;
    private long nextFrame;
    private long filledNanos;
    private int openedIn = -1;
    private @Nullable Codec sourceSent;
    private int deaths;
    private boolean overloaded;
    private boolean failed;
    private boolean closed;

    AacRendition(WorkerSlot slot, int id, Track track, Settings.Aac settings, Runnable wake) {
        this.slot = slot;
        this.id = id;
        this.track = track;
        this.settings = settings;
        this.wake = wake;
    }

    int id() {
        return id;
    }

    void wake() {
        wake.run();
    }

    @Override
    public Track track() {
        return track;
    }

    @Override
    public void write(List<Frame> frames, long silentUntilNanos) {
        if (!frames.isEmpty() || silentUntilNanos != Long.MIN_VALUE) {
            submit(new Job(this, frames, silentUntilNanos, false, slot.nanoTime()));
        }
    }

    @Override
    public void finish() {
        submit(new Job(this, List.of(), Long.MIN_VALUE, true, slot.nanoTime()));
    }

    private void submit(Job job) {
        synchronized (slot) {
            if (closed) {
                return;
            }
            jobs.add(job);
            if (!failed) {
                slot.submit(job);
            }
        }
    }

    @Override
    public Progress drainTo(List<Frame> target) {
        synchronized (slot) {
            target.addAll(converted);
            converted = new ArrayList<>();
            if (failed) {
                giveBack(target);
                return Progress.FAILED;
            }
            Job oldest = jobs.peek();
            if (oldest == null) {
                return Progress.IDLE;
            }
            long ageNanos = slot.nanoTime() - oldest.bornNanos;
            if (ageNanos > LATE_NANOS) {
                return Progress.LATE;
            }
            return slot.isTried() && ageNanos > SLOW_NANOS ? Progress.SLOW : Progress.WAITING;
        }
    }

    /// The frames of which nothing was converted.
    private void giveBack(List<Frame> target) {
        long endNanos = convertedEndNanos();
        for (Frame frame : inside) {
            if (frame.ptsNanos() >= endNanos) {
                target.add(frame);
            }
        }
        inside.clear();
        for (Job job : jobs) {
            target.addAll(job.frames);
        }
        jobs.clear();
    }

    @Override
    public long takeFilledNanos() {
        synchronized (slot) {
            long taken = filledNanos;
            filledNanos = 0;
            return taken;
        }
    }

    @Override
    public void close() {
        synchronized (slot) {
            if (!closed) {
                closed = true;
                slot.forget(this);
            }
        }
    }

    // What follows is called by the slot, which holds its own lock.

    boolean isClosed() {
        return closed;
    }

    /// Whether somebody may wait for an answer that does not come in the usual time.
    boolean slow(long nowNanos) {
        Job oldest = jobs.peek();
        return oldest != null && nowNanos - oldest.bornNanos > SLOW_NANOS;
    }

    boolean openedIn(int generation) {
        return openedIn == generation;
    }

    void fail() {
        failed = true;
    }

    /// The batch for a worker of this generation.
    Entry.Batch batch(Job job, int generation) {
        List<Entry> entries = new ArrayList<>();
        boolean silenced = job.deaths >= MAX_DEATHS_OF_A_JOB || deaths >= MAX_DEATHS || tooMany();
        if (openedIn != generation) {
            openedIn = generation;
            sourceSent = null;
            entries.add(new Entry.Open(
                    settings.sampleRateHz(), settings.channels(), settings.bitrateMode(), anchorNanos, nextFrame));
            if (deaths < MAX_DEATHS) {
                inside.forEach(frame -> add(frame, entries));
            }
        }
        if (!silenced) {
            job.frames.forEach(frame -> add(frame, entries));
        } else if (!job.frames.isEmpty()) {
            entries.add(new Entry.Silence(job.frames.getLast().ptsNanos()));
        }
        if (job.silentUntilNanos != Long.MIN_VALUE) {
            entries.add(new Entry.Silence(job.silentUntilNanos));
        }
        if (job.flush) {
            entries.add(new Entry.Flush());
        }
        return new Entry.Batch(id, entries);
    }

    private boolean tooMany() {
        boolean before = overloaded;
        Job oldest = jobs.peek();
        overloaded = oldest != null && slot.nanoTime() - oldest.bornNanos > OVERLOAD_NANOS;
        if (overloaded && !before) {
            log.warn("transcode: this machine is too slow, the sound of a recording is silence for a while");
        }
        return overloaded;
    }

    private void add(Frame frame, List<Entry> entries) {
        Codec codec = frame.track().codec();
        if (!codec.equals(sourceSent)) {
            sourceSent = codec;
            entries.add(source(codec));
        }
        entries.add(new Entry.Packet(frame.ptsNanos() - delayNanos(codec), frame.data()));
    }

    private static Entry.Source source(Codec codec) {
        return switch (codec) {
            // Without its pre-skip: that is in the stamps, also where a decoder begins in the middle.
            case Codec.Opus opus ->
                new Entry.Source(
                        opus.name(),
                        OPUS_RATE_HZ,
                        opus.channels(),
                        OpusHead.of(new Codec.Opus(opus.channels(), 0)).toBytes());
            case Codec.Audio audio ->
                new Entry.Source(audio.name(), audio.sampleRateHz(), audio.channels(), Bytes.EMPTY);
            case Codec.Video video -> throw new IllegalArgumentException("not sound: " + video.name());
        };
    }

    /// RFC 7845 4.2: what an Opus decoder gives for a packet sounds earlier than its stamp by the pre-skip.
    private static long delayNanos(Codec codec) {
        return codec instanceof Codec.Opus opus ? opus.preSkip() * NANOS_PER_SECOND / OPUS_RATE_HZ : 0;
    }

    void answered(Job job, Entry.Answer answer) {
        if (jobs.poll() != job) {
            throw new IllegalStateException("an answer to something else");
        }
        anchorNanos = answer.anchorNanos();
        nextFrame = answer.nextFrame();
        filledNanos += answer.filledNanos();
        for (Entry.Sound sound : answer.sounds()) {
            converted.add(new Frame(track, sound.ptsNanos(), sound.ptsNanos(), true, sound.data()));
        }
        inside.addAll(job.frames);
        long endNanos = convertedEndNanos();
        while (!inside.isEmpty() && inside.peek().ptsNanos() < endNanos - MAX_PACKET_NANOS) {
            inside.poll();
        }
    }

    private long convertedEndNanos() {
        if (anchorNanos == Entry.UNANCHORED) {
            return Long.MIN_VALUE / 2;
        }
        return new SoundClock(settings.sampleRateHz(), anchorNanos).nanosAt(nextFrame * AacEncoder.FRAME_SAMPLES);
    }

    /// A worker died over this job, or was stuck.
    void died(Job job) {
        job.deaths++;
        if (job.deaths < MAX_DEATHS_OF_A_JOB) {
            return;
        }
        deaths++;
        if (deaths == MAX_DEATHS) {
            log.warn("transcode: workers die over the sound of a stream: the rest of it is silence");
        }
    }
}
