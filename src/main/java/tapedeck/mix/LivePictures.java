package tapedeck.mix;

import java.util.List;
import tapedeck.media.Track;
import tapedeck.transcode.picture.PictureEncoder;

/// The pictures of a live mix. They never fall behind: what the worker has no time for is left out, and counted.
final class LivePictures extends LiveFeed {
    /// Pictures that are late by more are left out.
    static final long LATE_NANOS = 200_000_000L;
    /// A step that takes longer means that even decoding takes longer than the pictures last: packets are thrown away
    /// until it is done, and each source goes on with its next keyframe.
    static final long SHED_NANOS = 1_500_000_000L;
    /// A keyframe at least so often.
    private static final int KEYFRAME_SECONDS = 2;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final MixSettings.Picture picture;
    private final LiveOutput output;
    /// The next tick that is asked for.
    private long position;
    private boolean begun;
    private boolean shedding;
    private int speaker = -1;
    private long speaksFromNanos;
    private int saidLine = -1;
    private volatile boolean keyframeWanted;
    private volatile long dropped;

    LivePictures(String name, MixSettings.Picture picture, LiveOutput output) {
        super(name + "-pictures");
        this.picture = picture;
        this.output = output;
    }

    /// From any thread.
    void wantKeyframe() {
        keyframeWanted = true;
    }

    /// The loudest source, by its number.
    void speaks(long fromNanos, int source) {
        speaker = source;
        speaksFromNanos = fromNanos;
    }

    long dropped() {
        return dropped;
    }

    @Override
    boolean takes(LiveSource source) {
        return source.wantsVideo();
    }

    @Override
    boolean takes(Track track) {
        return track.isVideo();
    }

    @Override
    boolean watches(LiveSource source) {
        return true;
    }

    @Override
    boolean sheds() {
        return shedding;
    }

    @Override
    Ask open(int number, long nowNanos) {
        saidLine = -1;
        shedding = false;
        PictureEncoder.Options options = new PictureEncoder.Options(
                picture.encoder(),
                picture.width(),
                picture.height(),
                picture.fps(),
                picture.kilobitsPerSecond() * 1000,
                picture.fps() * KEYFRAME_SECONDS);
        return new Ask.OpenPictures(number, Pace.LIVE, options, picture.scene(), position, List.of());
    }

    /// The tick after the last one that is due.
    private long due(long nowNanos) {
        return Math.floorDiv(
                        Math.multiplyExact(nowNanos - LiveMixer.DELAY_NANOS, (long) picture.fps()), NANOS_PER_SECOND)
                + 1;
    }

    @Override
    void step(long nowNanos, int openSteps, long oldestNanos) {
        shedding = oldestNanos > SHED_NANOS;
        long due = due(nowNanos);
        if (openSteps >= STEPS_AHEAD || due <= position) {
            return;
        }
        long late = due - position;
        if (!begun || late > Math.max(1, LATE_NANOS * picture.fps() / NANOS_PER_SECOND)) {
            send(new Ask.Skip(mix(), due - 1));
            drop(begun ? late - 1 : 0);
        }
        begun = true;
        position = due;
        tellSpeaker();
        if (keyframeWanted) {
            keyframeWanted = false;
            send(new Ask.Keyframe(mix()));
        }
        send(new Ask.Advance(mix(), due));
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    private void drop(long count) {
        dropped += count;
    }

    /// Whose line has another number in each worker.
    private void tellSpeaker() {
        int line = -1;
        for (Line each : lines()) {
            if (each.source().number() == speaker) {
                line = each.number();
            }
        }
        if (line >= 0 && line != saidLine) {
            saidLine = line;
            send(new Ask.Speaks(mix(), speaksFromNanos, line));
        }
    }

    @Override
    void answer(Answer answer) {
        switch (answer) {
            case Answer.Header header -> output.header(header.avcC());
            case Answer.Picture made ->
                output.picture(made.tick() * NANOS_PER_SECOND / picture.fps(), made.keyframe(), made.data());
            case Answer.Sound _, Answer.Loudest _, Answer.Done _ -> {}
        }
    }
}
