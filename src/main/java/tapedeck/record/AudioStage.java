package tapedeck.record;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.container.Muxer;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Rendition;
import tapedeck.stream.Renditions;
import tapedeck.stream.Stream;

/// Stands between a recorder and its reader where the file wants AAC and the stream has something else: the
/// recorder sees items as if the stream had AAC. Sound goes to a rendition and comes back a little later; pictures
/// wait for the answer, but only as long as a worker needs that runs: what waits is lost in a crash. Sound that comes
/// after its pictures still goes to the part that its time belongs to.
///
/// Used on the recorder's thread.
final class AudioStage {
    /// How far pictures go ahead of sound that takes longer than usual: less than a part takes late sound.
    static final long AHEAD_NANOS = 1_500_000_000L;
    /// Pictures wait for sound before them not longer than this: nothing is on disk meanwhile.
    static final long MAX_HOLD_NANOS = 1_000_000_000L;
    /// When sound is so far behind the pictures, it does not come: silence is put in its place.
    static final long PATIENCE_NANOS = 500_000_000L;
    /// Sound that always comes late is waited for longer, but not longer than this.
    static final long MAX_PATIENCE_NANOS = 10_000_000_000L;
    /// Silence is asked for in steps of this, while no sound comes.
    static final long SILENCE_STEP_NANOS = 500_000_000L;

    /// Instead of a time.
    static final long NOTHING_CONVERTED = -1;

    private static final Logger log = LoggerFactory.getLogger(AudioStage.class);

    private final Stream stream;
    private final Settings.Recording settings;
    private final Renditions renditions;
    private final Runnable wake;

    /// Whether sound is converted: not known before it is known what kind of file it will be.
    private enum Mode {
        UNDECIDED,
        AS_IT_IS,
        TO_AAC
    }

    /// Something that waits for the sound before it.
    private record Held(Item item, long dtsNanos) {}

    private Mode mode = Mode.UNDECIDED;
    private @Nullable Track video;
    private @Nullable Rendition rendition;
    private boolean finishing;
    private boolean ended;
    private boolean offeredOnce;
    private boolean soundIsEntry;
    // Sound was seen, or is not waited for.
    private boolean begun;
    // Not yet looked at: while it is undecided, or until a rendition has said its last.
    private List<Item> later = new ArrayList<>();
    private List<Frame> batch = new ArrayList<>();
    private final Deque<Held> held = new ArrayDeque<>();
    private final Deque<Frame> sound = new ArrayDeque<>();
    private long newestDtsNanos = Long.MIN_VALUE;
    private long firstSoundNanos = Long.MIN_VALUE;
    private long soundEndNanos = Long.MIN_VALUE;
    private long silentNanos = Long.MIN_VALUE;
    private long patienceNanos = PATIENCE_NANOS;
    private long filledNanos = NOTHING_CONVERTED;

    AudioStage(Stream stream, Settings.Recording settings, Renditions renditions, Runnable wake) {
        this.stream = stream;
        this.settings = settings;
        this.renditions = renditions;
        this.wake = wake;
    }

    /// Takes what a reader had.
    void offer(List<Item> items) {
        later.addAll(items);
        ended |= !items.isEmpty() && items.getLast() instanceof Item.End;
        proceed();
    }

    /// Nothing more will be offered: what is inside comes out as soon as it can.
    void finish() {
        if (!ended) {
            ended = true;
            proceed();
        }
    }

    private void proceed() {
        if (rendition != null && finishing) {
            return;
        }
        if (mode == Mode.UNDECIDED && !decide()) {
            return;
        }
        List<Item> items = later;
        later = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            if (!accept(items.get(i), items, i)) {
                later.addAll(items.subList(i, items.size()));
                break;
            }
        }
        pass();
        Rendition current = rendition;
        if (current != null && !finishing && ended && later.isEmpty()) {
            finishing = true;
            current.finish();
        }
    }

    /// As soon as the video codec is known, or it is known that there is none, or as late as the recorder itself
    /// goes on without.
    private boolean decide() {
        Track found = null;
        long first = Long.MAX_VALUE;
        long last = Long.MIN_VALUE;
        for (Item item : later) {
            if (item instanceof Item.Media media) {
                found = media.frame().track().isVideo() ? media.frame().track() : found;
                first = Math.min(first, media.frame().dtsNanos());
                last = Math.max(last, media.frame().dtsNanos());
            }
        }
        if (found == null) {
            found = stream.tracks().stream().filter(Track::isVideo).findFirst().orElse(null);
        }
        Expects expects = stream.publisher().expects();
        boolean waited = first != Long.MAX_VALUE
                && (last - first >= Beginning.MAX_WAIT_NANOS || later.size() >= settings.audioBufferPackets());
        boolean known = found != null
                || ended
                || waited
                || switch (expects) {
                    case AUDIO -> true;
                    case VIDEO, BOTH -> false;
                    case UNKNOWN -> offeredOnce && first != Long.MAX_VALUE;
                };
        offeredOnce |= first != Long.MAX_VALUE;
        if (known) {
            video = found;
            mode = wanted();
        }
        return known;
    }

    private Mode wanted() {
        Track picture = video;
        return Layout.wantsAac(picture == null ? null : (Codec.Video) picture.codec(), settings)
                ? Mode.TO_AAC
                : Mode.AS_IT_IS;
    }

    /// @return false if this item has to wait until the rendition has said its last
    private boolean accept(Item item, List<Item> items, int index) {
        if (!(item instanceof Item.Media media)) {
            hold(item, item instanceof Item.End ? Long.MAX_VALUE : nextDtsNanos(items, index));
            return true;
        }
        Frame frame = media.frame();
        Track track = frame.track();
        if (track.isVideo()) {
            if (!track.equals(video)) {
                video = track;
                mode = wanted();
            }
            if (mode == Mode.AS_IT_IS && last()) {
                return false;
            }
            hold(item, frame.dtsNanos());
            return true;
        }
        Rendition current = rendition;
        boolean convertible = track.codec() instanceof Codec.Audio && !(track.codec() instanceof Codec.Aac);
        if (current != null && current.track().id() == track.id()) {
            if (!convertible && last()) {
                return false;
            }
        } else if (current == null && convertible && mode == Mode.TO_AAC) {
            current = renditions.aac(track).map(offer -> offer.begin(wake)).orElse(null);
            rendition = current;
            begun = true;
        } else {
            current = null;
        }
        if (current == null) {
            hold(item, frame.dtsNanos());
        } else {
            late(frame);
            batch.add(frame);
            firstSoundNanos = firstSoundNanos == Long.MIN_VALUE ? frame.dtsNanos() : firstSoundNanos;
            soundIsEntry = media.entryPoint();
            newestDtsNanos = Math.max(newestDtsNanos, frame.dtsNanos());
        }
        return true;
    }

    private void hold(Item item, long dtsNanos) {
        held.add(new Held(item, dtsNanos));
        if (item instanceof Item.Media) {
            newestDtsNanos = Math.max(newestDtsNanos, dtsNanos);
        }
    }

    /// A gap belongs to what comes behind it.
    private static long nextDtsNanos(List<Item> items, int index) {
        for (Item item : items.subList(index, items.size())) {
            if (item instanceof Item.Media media) {
                return media.frame().dtsNanos();
            }
        }
        return Long.MIN_VALUE;
    }

    /// Ends the rendition, if there is one.
    private boolean last() {
        Rendition current = rendition;
        if (current == null) {
            return false;
        }
        pass();
        finishing = true;
        current.finish();
        return true;
    }

    /// Where sound lags behind, silence has to as well.
    private void late(Frame frame) {
        if (newestDtsNanos != Long.MIN_VALUE) {
            long lag = newestDtsNanos - frame.dtsNanos();
            patienceNanos = Math.clamp(lag + PATIENCE_NANOS / 2, patienceNanos, MAX_PATIENCE_NANOS);
        }
    }

    private void pass() {
        Rendition current = rendition;
        if (current == null) {
            return;
        }
        long silent = newestDtsNanos == Long.MIN_VALUE ? Long.MIN_VALUE : newestDtsNanos - patienceNanos;
        if (!batch.isEmpty() || silent - SILENCE_STEP_NANOS > silentNanos) {
            silentNanos = silent;
            current.write(batch, silent);
            batch = new ArrayList<>();
        }
    }

    /// Moves what can be recorded now into `target`, sound and pictures by their time.
    ///
    /// @return whether all that was offered is out, and nothing more comes
    boolean drainTo(List<Item> target) {
        Rendition current = rendition;
        long limitNanos = Long.MAX_VALUE;
        if (current != null) {
            limitNanos = drain(current);
        }
        if (rendition == null && !later.isEmpty() && mode != Mode.UNDECIDED) {
            proceed();
            limitNanos = rendition == null ? Long.MAX_VALUE : soundEndNanos;
        }
        if (waitsForSound()) {
            return false;
        }
        release(limitNanos, target);
        return ended && rendition == null && later.isEmpty() && held.isEmpty() && sound.isEmpty();
    }

    /// Before the first sound it is not known whether it can be converted, and a file that was begun for AAC could not
    /// take anything else.
    private boolean waitsForSound() {
        if (begun || ended || mode != Mode.TO_AAC || held.isEmpty()) {
            return false;
        }
        List<Track> known = stream.tracks().stream().filter(Track::isAudio).toList();
        boolean comes = known.isEmpty()
                ? stream.publisher().expects().audio()
                : known.stream().anyMatch(track -> renditions.aac(track).isPresent());
        begun = !comes || newestDtsNanos - held.getFirst().dtsNanos() > PATIENCE_NANOS;
        return !begun;
    }

    private long drain(Rendition current) {
        List<Frame> converted = new ArrayList<>();
        Rendition.Progress progress = current.drainTo(converted);
        if (!converted.isEmpty()) {
            filledNanos = Math.max(filledNanos, 0) + current.takeFilledNanos();
        }
        sound.addAll(converted);
        if (!converted.isEmpty()) {
            soundEndNanos = converted.getLast().dtsNanos();
        }
        return switch (progress) {
            case WAITING -> soundEndNanos;
            case SLOW -> soundComesFirst() ? soundEndNanos : Math.max(soundEndNanos, firstSoundNanos) + AHEAD_NANOS;
            case LATE -> soundComesFirst() ? soundEndNanos : Long.MAX_VALUE - 1;
            case IDLE -> {
                if (!finishing) {
                    yield newestDtsNanos;
                }
                end(current);
                yield Long.MAX_VALUE;
            }
            case FAILED -> {
                log.warn(
                        "recording {}: the sound is stored as it comes, because it cannot be converted", stream.name());
                mode = Mode.AS_IT_IS;
                end(current);
                yield Long.MAX_VALUE;
            }
        };
    }

    /// Time 0 of a file is in its first fragment: sound that is much earlier has to be there.
    private boolean soundComesFirst() {
        Held first = held.peek();
        return first != null
                && soundEndNanos == Long.MIN_VALUE
                && firstSoundNanos < first.dtsNanos() - Muxer.EARLY_SOUND_NANOS
                && newestDtsNanos - first.dtsNanos() < MAX_HOLD_NANOS;
    }

    private void end(Rendition current) {
        current.close();
        rendition = null;
        finishing = false;
        silentNanos = Long.MIN_VALUE;
        firstSoundNanos = Long.MIN_VALUE;
        soundEndNanos = Long.MIN_VALUE;
    }

    private void release(long limitNanos, List<Item> target) {
        while (true) {
            Held next = held.peek();
            Frame heard = sound.peek();
            if (heard != null && (next == null || heard.dtsNanos() < next.dtsNanos())) {
                target.add(new Item.Media(sound.remove(), soundIsEntry));
            } else if (next != null && next.dtsNanos() <= limitNanos) {
                target.add(held.remove().item());
            } else {
                return;
            }
        }
    }

    /// What will be recorded of a track that was announced.
    Track recorded(Track track) {
        Rendition current = rendition;
        if (current != null && current.track().id() == track.id()) {
            return current.track();
        }
        return mode == Mode.TO_AAC
                ? renditions.aac(track).map(Renditions.Offer::track).orElse(track)
                : track;
    }

    /// How much silence stands in the sound that came out since this was asked last; [#NOTHING_CONVERTED] where none
    /// did.
    long takeFilledNanos() {
        long taken = filledNanos;
        filledNanos = NOTHING_CONVERTED;
        return taken;
    }

    /// Forgets everything.
    void close() {
        Rendition current = rendition;
        if (current != null) {
            end(current);
        }
    }
}
