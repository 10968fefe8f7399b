package tapedeck.record;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.container.DescribedTrack;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;

/// One stream in a recorder of many: puts its frames into the time and the tracks of the file. Used on the writer
/// thread alone, but for joining and leaving.
final class MultiSource {
    private static final Logger log = LoggerFactory.getLogger(MultiSource.class);
    /// A track whose time goes back by more than this goes on where it was.
    static final long MAX_BACK_NANOS = 1_000_000_000L;
    /// A step that is longer, and leads into the future, is none that the publisher's clock made.
    static final long MAX_STEP_NANOS = 10_000_000_000L;
    static final long MAX_FUTURE_NANOS = 2_000_000_000L;

    /// A publisher's clock that runs so much too fast or too slow, in millionths, is followed; crystals are
    /// several times better. Faster than that only the way of the frames changes, which says nothing of when
    /// they were captured.
    static final long MAX_DRIFT_MILLIONTHS = 300;
    /// What a clock is off by less than this is the noise of arrival, by more a jump that [#offset] deals with.
    static final long LEAST_DRIFT_NANOS = 2_000_000L;

    static final long MOST_DRIFT_NANOS = 1_000_000_000L;

    private static final long MILLION = 1_000_000;
    private static final long COMPLAIN_EVERY_NANOS = 1_000_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NONE = Long.MIN_VALUE;

    private final Stream stream;
    private final TrackIdentity identity;
    private final long joinedNanos;
    private final Deque<Item> items = new ArrayDeque<>();
    private final Map<Integer, Line> lines = new HashMap<>();
    private volatile @Nullable Reader reader;
    private volatile boolean removed;
    private volatile boolean leaving;

    private long zeroNanos = NONE;
    /// When it was adjusted last.
    private long followedNanos;
    private int pair = -1;
    private boolean pairHasVideo;
    private boolean pairHasAudio;
    private boolean noted;
    private boolean waitsForEntryPoint;
    private boolean over;
    private long missed;
    private long missedOnTheWay;
    private long complainedNanos = NONE;

    /// A track of the stream and what it is in the file.
    private static final class Line {
        private Track given;
        /// Null if the file cannot have it.
        private @Nullable Track stored;
        private long lastNanos = NONE;
        private boolean muted;
        private final FirstShown firstShown;

        Line(Track given, @Nullable Track stored, FirstShown firstShown) {
            this.given = given;
            this.stored = stored;
            this.firstShown = firstShown;
        }
    }

    MultiSource(Stream stream) {
        this.stream = stream;
        identity = new TrackIdentity(stream.name().value(), stream.mediaSessionId());
        joinedNanos = stream.nowNanos();
        missedOnTheWay = stream.missedFrames();
    }

    Stream stream() {
        return stream;
    }

    /// When it was added, on the server's clock.
    long joinedNanos() {
        return joinedNanos;
    }

    void subscribe(ReaderOptions options) {
        reader = stream.subscribe(options);
    }

    /// Somebody removed it: what is there now is the last that is recorded of it.
    void leave() {
        removed = true;
        leaving = true;
    }

    /// The same because all of it ends.
    void end() {
        leaving = true;
    }

    boolean wasRemoved() {
        return removed;
    }

    /// Takes what has come.
    void read() {
        Reader source = reader;
        if (source == null || over) {
            return;
        }
        over = leaving;
        source.drainTo(items);
        over |= items.stream().anyMatch(Item.End.class::isInstance);
        if (zeroNanos != NONE) {
            followClock();
        } else if (!items.isEmpty() && (over || stream.knowsItsZero())) {
            zeroNanos = stream.zeroNanos();
            followedNanos = stream.nowNanos();
        }
        long known = stream.missedFrames();
        missed += known - missedOnTheWay;
        missedOnTheWay = known;
    }

    /// Publishers' clocks do not run alike: in an hour they are a quarter of a second apart, and one that is bad half a
    /// second more. So little at a time that neither pictures nor sound show it.
    private void followClock() {
        long now = stream.nowNanos();
        long most = (now - followedNanos) * MAX_DRIFT_MILLIONTHS / MILLION;
        long off = stream.zeroNanos() - zeroNanos;
        followedNanos = now;
        if (Math.abs(off) > LEAST_DRIFT_NANOS && Math.abs(off) < MOST_DRIFT_NANOS) {
            zeroNanos += Math.clamp(off, -most, most);
        }
    }

    /// Of those that [#read] took, the first that nobody took yet. None before it is clear where they belong.
    @Nullable
    Item next() {
        return zeroNanos == NONE ? null : items.poll();
    }

    /// The server's clock at its earliest frame that was read; [Long#MAX_VALUE] if there is none.
    long firstNanos() {
        long first = Long.MAX_VALUE;
        for (Item item : items) {
            if (item instanceof Item.Media media) {
                first = Math.min(first, nanos(media));
            }
        }
        return first;
    }

    /// Time 0 of the stream on the server's clock, as it counts here.
    long zeroNanos() {
        return zeroNanos;
    }

    /// The frame's time on that clock.
    long nanos(Item.Media media) {
        return zeroNanos + media.frame().ptsNanos();
    }

    /// Whether nobody has removed it.
    boolean isHere() {
        return !leaving;
    }

    boolean isOver() {
        return over;
    }

    /// Frames that are in no file, since this was asked last.
    long takeMissed() {
        long taken = missed;
        missed = 0;
        return taken;
    }

    void gap(long frames) {
        missed += frames;
    }

    void close() {
        Reader source = reader;
        if (source != null) {
            source.close();
        }
    }

    /// It goes on in another file.
    void startOver() {
        lines.values().forEach(line -> missed += line.firstShown.held());
        lines.clear();
        pair = -1;
        noted = false;
        awaitEntryPoint();
    }

    /// It goes on behind frames that could not be written.
    void awaitEntryPoint() {
        waitsForEntryPoint = true;
        stream.requestKeyframe();
    }

    /// A frame does not fit the format: nothing is written of it, nor of those that need it.
    void refused(MalformedException why) {
        missed++;
        long now = System.nanoTime();
        if (complainedNanos == NONE || now - complainedNanos >= COMPLAIN_EVERY_NANOS) {
            complainedNanos = now;
            log.warn("recording {}: {}", stream.name(), why.getMessage());
        }
        awaitEntryPoint();
    }

    /// @param shownFromNanos time of the file before which nothing of it is shown
    /// @return false if the file has no room for another track, and nothing was written
    boolean write(MultiFile file, Item.Media media, long shownFromNanos) throws IOException {
        Frame frame = media.frame();
        if (waitsForEntryPoint && !media.entryPoint()) {
            missed++;
            return true;
        }
        Line line = lines.get(frame.track().id());
        if (line == null || !goesOn(file, line, frame.track())) {
            if (!frame.keyframe()) {
                missed++;
                awaitEntryPoint();
                return true;
            }
            if (line != null) {
                release(file, line);
            }
            line = join(file, frame, shownFromNanos);
            if (line == null) {
                return false;
            }
        }
        waitsForEntryPoint = false;
        Track stored = line.stored;
        if (stored == null) {
            return true;
        }
        long offset = offset(file, line, frame);
        if (stored.isAudio() && line.lastNanos == NONE && frame.ptsNanos() + offset < shownFromNanos) {
            // Only pictures need those before them.
            return true;
        }
        if (line.muted) {
            line.muted = false;
            file.note(event(CallEvent.Kind.UNMUTE, frame.dtsNanos() + offset).ofTrack(stored));
        }
        line.lastNanos = frame.dtsNanos() + offset;
        Frame placed =
                new Frame(stored, frame.dtsNanos() + offset, frame.ptsNanos() + offset, frame.keyframe(), frame.data());
        if (stored.isAudio() || line.firstShown.isKnown()) {
            file.write(placed);
        } else {
            write(file, line.firstShown.next(placed, fileNanos(file)));
        }
        return true;
    }

    private void write(MultiFile file, List<Frame> frames) throws IOException {
        int left = frames.size();
        try {
            for (Frame frame : frames) {
                left--;
                file.write(frame);
            }
        } catch (MalformedException e) {
            // The caller counts the one.
            missed += left;
            throw e;
        } catch (IOException e) {
            missed += left + 1;
            throw e;
        }
    }

    /// Now, as a time of the file.
    private long fileNanos(MultiFile file) {
        return stream.nowNanos() - file.zeroNanos();
    }

    /// Whether a picture waits for the next one.
    boolean holds() {
        return lines.values().stream().anyMatch(line -> line.firstShown.held() > 0);
    }

    /// Writes what waits for a picture that does not come: the stream stands still, or has ended.
    void releaseDue(MultiFile file) throws IOException {
        for (Line line : lines.values()) {
            if (over || line.firstShown.isDue(fileNanos(file))) {
                release(file, line);
            }
        }
    }

    /// Writes all that waits: the file ends.
    void release(MultiFile file) throws IOException {
        for (Line line : lines.values()) {
            release(file, line);
        }
    }

    private void release(MultiFile file, Line line) throws IOException {
        try {
            write(file, line.firstShown.release());
        } catch (MalformedException e) {
            refused(e);
        }
    }

    /// Puts down what was said on its data channels.
    void say(MultiFile file, Item.Message message) {
        long nanos = zeroNanos - file.zeroNanos() + message.nanos();
        file.note(event(CallEvent.Kind.MESSAGE, Math.max(0, nanos)).saying(message));
    }

    /// Puts down that pictures or sound have stopped, or all of it.
    void tell(MultiFile file) {
        long last = NONE;
        for (Line line : lines.values()) {
            Track stored = line.stored;
            if (stored == null || line.lastNanos == NONE) {
                continue;
            }
            // The picture that was on as it joined is shown from then.
            long shown = Math.max(line.lastNanos, line.firstShown.fromNanos());
            last = Math.max(last, shown);
            if (!over && !line.muted && fileNanos(file) - shown > DescribedTrack.HOLE_NANOS) {
                line.muted = true;
                file.note(event(CallEvent.Kind.MUTE, shown).ofTrack(stored));
            }
        }
        if (over && last != NONE) {
            file.note(event(CallEvent.Kind.LEAVE, last));
        }
    }

    private CallEvent event(CallEvent.Kind kind, long nanos) {
        return CallEvent.of(kind, nanos / NANOS_PER_MILLI, identity);
    }

    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private static boolean goesOn(MultiFile file, Line line, Track track) {
        if (line.given == track || line.given.equals(track)) {
            return true;
        }
        Track stored = line.stored;
        if (stored == null) {
            return false;
        }
        Track changed = MultiFile.of(track, stored.id());
        if (!file.carries(changed)) {
            return false;
        }
        line.given = track;
        line.stored = changed;
        return true;
    }

    /// Pictures and sound are a pair; what comes besides, or after a change, is in a pair of its own.
    private @Nullable Line join(MultiFile file, Frame frame, long shownFromNanos) {
        Track track = frame.track();
        Track stored = null;
        if (file.canHave(track)) {
            if (pair < 0 || (track.isVideo() ? pairHasVideo : pairHasAudio)) {
                pair = file.nextPair();
                pairHasVideo = false;
                pairHasAudio = false;
            }
            stored = file.join(track, pair, identity, shownFromNanos);
            if (stored == null) {
                return null;
            }
            pairHasVideo |= track.isVideo();
            pairHasAudio |= track.isAudio();
            if (!noted) {
                noted = true;
                file.note(event(CallEvent.Kind.JOIN, Math.max(0, joinedNanos - file.zeroNanos())));
            }
            long from = Math.max(shownFromNanos, zeroNanos - file.zeroNanos() + frame.ptsNanos());
            file.note(event(CallEvent.Kind.TRACK, Math.max(0, from)).ofTrack(stored));
        } else {
            log.warn(
                    "recording {}: without {}, which {} cannot carry",
                    stream.name(),
                    track.codec().name(),
                    file.journal().container());
        }
        Line line = new Line(track, stored, new FirstShown(shownFromNanos));
        lines.put(track.id(), line);
        return line;
    }

    /// From the time of the stream to that of the file. A clock that jumps does not take the track along.
    private long offset(MultiFile file, Line line, Frame frame) {
        long offset = zeroNanos - file.zeroNanos();
        if (line.lastNanos == NONE) {
            return offset;
        }
        long step = frame.dtsNanos() + offset - line.lastNanos;
        long ahead = frame.dtsNanos() + offset - fileNanos(file);
        if (step >= -MAX_BACK_NANOS && (step <= MAX_STEP_NANOS || ahead <= MAX_FUTURE_NANOS)) {
            return offset;
        }
        log.info("recording {}: its time jumps by {} ms", stream.name(), step / NANOS_PER_MILLI);
        zeroNanos -= step < 0 ? step : ahead;
        return zeroNanos - file.zeroNanos();
    }
}
