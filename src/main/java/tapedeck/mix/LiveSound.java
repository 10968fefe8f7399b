package tapedeck.mix;

import java.util.function.BooleanSupplier;
import tapedeck.media.Track;
import tapedeck.transcode.SoundEncoder;

/// The sound of a live mix. Nothing is left out of it: after a worker's death it goes on with the next sample. Only
/// after one that hung for long it goes on with what is due: nobody wants to hear all that at once.
final class LiveSound extends LiveFeed {
    /// As much is mixed in one step at most.
    private static final long STEP_SAMPLES = SoundEncoder.RATE_HZ;

    /// A new worker does not make up for more.
    private static final long SKIPPED_SAMPLES = 3L * SoundEncoder.RATE_HZ;

    private final boolean alone;
    private final boolean heard;
    private final LiveOutput output;
    private final BooleanSupplier mayBegin;
    private boolean begun;
    /// The next sample that is asked for.
    private long position;

    // Written where answers come; read where a worker is started, when none come any more.
    private volatile long firstSample;
    private volatile long frames;
    private volatile Speaker speaker = new Speaker(0, -1);

    /// @param source its number
    record Speaker(long fromNanos, int source) {}

    /// @param alone whether the mix has no pictures
    /// @param heard whether it is wanted who is the loudest
    LiveSound(String name, boolean alone, boolean heard, LiveOutput output, BooleanSupplier mayBegin) {
        super(name + "-sound");
        this.alone = alone;
        this.heard = heard;
        this.output = output;
        this.mayBegin = mayBegin;
    }

    Speaker speaker() {
        return speaker;
    }

    @Override
    boolean takes(LiveSource source) {
        return source.wantsAudio();
    }

    @Override
    boolean takes(Track track) {
        return track.isAudio();
    }

    @Override
    boolean watches(LiveSource source) {
        return alone || !source.wantsVideo();
    }

    @Override
    boolean sheds() {
        return false;
    }

    @Override
    Ask open(int number, long nowNanos) {
        long next = firstSample + frames * SoundEncoder.FRAME_SAMPLES;
        long due = due(nowNanos);
        position = begun && due - next > SKIPPED_SAMPLES ? due : next;
        firstSample = position;
        frames = 0;
        return new Ask.OpenSound(number, position, true, heard);
    }

    private static long due(long nowNanos) {
        return SoundMix.samples(nowNanos - LiveMixer.DELAY_NANOS);
    }

    @Override
    void step(long nowNanos, int openSteps, long oldestNanos) {
        long due = due(nowNanos);
        if (openSteps >= STEPS_AHEAD || due - position < Limiter.BLOCK || !begun && !mayBegin.getAsBoolean()) {
            return;
        }
        if (!begun) {
            begun = true;
            firstSample = due;
            position = due;
            send(new Ask.Skip(mix(), due));
            return;
        }
        position = Math.min(due, position + STEP_SAMPLES);
        send(new Ask.Advance(mix(), position));
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    void answer(Answer answer) {
        switch (answer) {
            case Answer.Sound sound -> {
                output.sound(nanos(firstSample + frames * SoundEncoder.FRAME_SAMPLES), sound.data());
                frames++;
            }
            case Answer.Loudest loudest ->
                speaker = new Speaker(nanos(loudest.fromSample()), loudest.line() / LiveSource.LINES);
            case Answer.Header _, Answer.Picture _, Answer.Done _ -> {}
        }
    }

    private static long nanos(long sample) {
        long seconds = sample / SoundEncoder.RATE_HZ;
        return seconds * 1_000_000_000 + sample % SoundEncoder.RATE_HZ * 1_000_000_000 / SoundEncoder.RATE_HZ;
    }
}
