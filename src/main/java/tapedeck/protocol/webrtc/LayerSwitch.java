package tapedeck.protocol.webrtc;

import java.util.List;
import java.util.concurrent.TimeUnit;

/// Which layer of a simulcast one viewer gets: the best one that its path carries. It goes down as soon as pictures
/// have to wait, and up again when the path has carried more for a while, later each time that this was a mistake.
/// Either happens with a keyframe of the layer that it goes to; until then it keeps what it has.
final class LayerSwitch {
    /// Between two looks.
    static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /// So long the path has to be too narrow where no picture waits.
    static final long SHORT_NANOS = TimeUnit.SECONDS.toNanos(1);
    /// After a change, and since the path was full.
    static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(3);
    /// After going down, doubled each time that going up did not last.
    static final long MIN_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(4);

    static final long MAX_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(64);
    /// What lasts so long was no mistake.
    static final long PROVED_NANOS = TimeUnit.SECONDS.toNanos(15);
    /// A keyframe that did not come is asked for again.
    static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(1);

    /// Headers and repeats.
    private static final double OVERHEAD = 1.1;
    /// Sound and reports.
    private static final long BESIDE_BITS_PER_SECOND = 50_000;
    /// So much more than it needs the path has to carry for a larger layer, and so much less to give one up where no
    /// picture waits.
    private static final double ROOM = 1.15;
    /// Pictures that were left out say more than an estimate that is that much above.
    private static final double DOUBT = 1.3;
    /// So much the estimate grows while a layer is tried: a receiver that nothing hinders says 8 % more each second
    /// (draft-ietf-rmcat-gcc-02 5.5).
    private static final double GROWTH = 1.1;

    private final LayerLimit limit;
    private int current = Layers.STREAM;
    private int wanted = Layers.STREAM;
    /// What the layers above would need, 0 where there are none.
    private long moreBitsPerSecond;

    private long lookedNanos;
    private boolean isShort;
    private long shortNanos;
    private boolean leftOut;
    private long loweredNanos;
    private long raisedNanos;
    private long pauseNanos = MIN_PAUSE_NANOS;
    private long askedNanos;
    private boolean asked;

    // Where nobody measures, what is sent is all that the estimate knows of: a larger layer is tried.
    private boolean trial;
    private long triedBitsPerSecond;
    private long trialNanos;
    private long trialBitsPerSecond;

    /// How the viewer's path does.
    ///
    /// @param bitsPerSecond that it is thought to carry
    /// @param measured whether probes can tell that it carries more than is sent
    /// @param waits pictures wait longer than they should
    /// @param leftOut pictures did not fit since the last call
    /// @param calmNanos since it was full
    record Path(long bitsPerSecond, boolean measured, boolean waits, boolean leftOut, long calmNanos) {}

    LayerSwitch(LayerLimit limit, long nowNanos) {
        this.limit = limit;
        this.lookedNanos = nowNanos - LOOK_NANOS;
        this.loweredNanos = nowNanos - MAX_PAUSE_NANOS;
        this.raisedNanos = nowNanos - MAX_PAUSE_NANOS;
    }

    /// What it gets: a number, [Layers#STREAM] or [Layers#NONE].
    int current() {
        return current;
    }

    /// What it shall get.
    int wanted() {
        return wanted;
    }

    /// Before the first picture: a viewer that does not want the best layer never gets it.
    void begin(Layers layers) {
        if (layers.chosen() >= 0 && current == Layers.STREAM) {
            wanted = limit.allowed(layers.all(), layers.chosen()).getFirst();
            current = wanted == Layers.STREAM ? Layers.STREAM : Layers.NONE;
        }
    }

    /// Whether this viewer gets a picture of that layer; with a keyframe it may change to it.
    ///
    /// @param chosen the layer that is the stream
    boolean takes(int layer, boolean entryPoint, int chosen) {
        if (layer == current) {
            return true;
        }
        // The layer that it has may have become the stream with this picture.
        boolean same = layer == Layers.STREAM && current >= 0 && current == chosen;
        if (!entryPoint || layer != wanted && !same) {
            return false;
        }
        wanted = same ? Layers.STREAM : wanted;
        current = layer;
        asked = false;
        leftOut = false;
        return true;
    }

    /// Whether it would have more if the path carried it, as far as nobody knows whether it does.
    boolean wantsMore(long bitsPerSecond) {
        return moreBitsPerSecond > bitsPerSecond;
    }

    /// What is sent at least while a layer is tried, else 0.
    long triedBitsPerSecond() {
        return trial && wanted == current ? triedBitsPerSecond : 0;
    }

    /// Decides anew. True if a keyframe of [#wanted()] is to be asked for.
    boolean look(Layers layers, Path path, long nowNanos) {
        leftOut |= path.leftOut();
        int chosen = layers.chosen();
        if (nowNanos - lookedNanos < LOOK_NANOS || chosen < 0) {
            return false;
        }
        lookedNanos = nowNanos;
        List<Layers.Layer> all = layers.all();
        List<Integer> allowed = limit.allowed(all, chosen);
        long[] needs = new long[allowed.size()];
        for (int i = 0; i < needs.length; i++) {
            int layer = allowed.get(i);
            needs[i] = (long) (OVERHEAD
                            * all.get(layer == Layers.STREAM ? chosen : layer).bitsPerSecond())
                    + BESIDE_BITS_PER_SECOND;
        }
        int at = allowed.indexOf(wanted);
        int to = at < 0 ? fitting(needs, 0, path.bitsPerSecond()) : decide(needs, at, path, nowNanos);
        if (wanted != allowed.get(to)) {
            change(allowed, at, to, nowNanos);
            trial = at >= 0 && to < at && !path.measured() && path.bitsPerSecond() < needs[to];
        }
        triedBitsPerSecond = (long) (ROOM * needs[to]);
        moreBitsPerSecond = to == 0 ? 0 : (long) (ROOM * needs[0]);
        leftOut = false;
        return ask(nowNanos);
    }

    private int decide(long[] needs, int at, Path path, long nowNanos) {
        boolean pending = wanted != current;
        boolean tooLittle = path.bitsPerSecond() < needs[at];
        boolean farTooLittle = ROOM * path.bitsPerSecond() < needs[at];
        if (farTooLittle && !isShort) {
            shortNanos = nowNanos;
        }
        isShort = farTooLittle;
        if (onTrial(needs[at], path, nowNanos)) {
            return at;
        }
        boolean pressed = !pending && (path.waits() || leftOut);
        boolean lasting = farTooLittle && nowNanos - shortNanos >= SHORT_NANOS;
        boolean doubtful = !pending && leftOut && path.bitsPerSecond() < DOUBT * needs[at];
        if (tooLittle && pressed || lasting || doubtful) {
            return at + 1 < needs.length ? fitting(needs, at + 1, path.bitsPerSecond()) : at;
        }
        boolean calm = path.calmNanos() >= CALM_NANOS
                && nowNanos - raisedNanos >= CALM_NANOS
                && nowNanos - loweredNanos >= pauseNanos;
        if (pending || !calm || at == 0) {
            return at;
        }
        int up = fitting(needs, 0, (long) (path.bitsPerSecond() / ROOM));
        return up < at ? up : path.measured() ? at : at - 1;
    }

    /// A trial ends well when the estimate has come up to the layer, and badly when the path is full, or when the
    /// estimate no longer grows: a limit that the peer has set is none that is found out.
    private boolean onTrial(long need, Path path, long nowNanos) {
        if (!trial) {
            return false;
        }
        boolean full = path.calmNanos() < nowNanos - raisedNanos;
        if (full || path.bitsPerSecond() >= need) {
            trial = false;
        } else if (wanted != current || nowNanos - trialNanos >= CALM_NANOS) {
            trial = wanted != current || path.bitsPerSecond() >= GROWTH * trialBitsPerSecond;
            trialNanos = nowNanos;
            trialBitsPerSecond = path.bitsPerSecond();
        }
        return trial;
    }

    /// The first that fits from there on, else the last.
    private static int fitting(long[] needs, int from, long bitsPerSecond) {
        for (int i = from; i < needs.length; i++) {
            if (needs[i] <= bitsPerSecond) {
                return i;
            }
        }
        return needs.length - 1;
    }

    private void change(List<Integer> allowed, int from, int to, long nowNanos) {
        wanted = allowed.get(to);
        asked = false;
        isShort = false;
        if (from >= 0 && to > from) {
            boolean mistake = nowNanos - raisedNanos < PROVED_NANOS;
            pauseNanos = mistake ? Math.min(2 * pauseNanos, MAX_PAUSE_NANOS) : MIN_PAUSE_NANOS;
            loweredNanos = nowNanos;
        } else if (from >= 0) {
            raisedNanos = nowNanos;
        }
    }

    private boolean ask(long nowNanos) {
        if (wanted == current || asked && nowNanos - askedNanos < ASK_NANOS) {
            return false;
        }
        asked = true;
        askedNanos = nowNanos;
        return true;
    }
}
