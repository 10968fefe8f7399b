package tapedeck.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// One reader's queue: bounded in media time and bytes, filled by the publisher, drained by the reader's own thread.
///
/// A reader that falls behind loses its backlog, is told so by a [Item.Gap], and goes on at the next entry point.
/// The publisher never waits for it.
public final class Reader implements AutoCloseable {
    /// Messages that wait in one queue, and their bytes: what media must not be dropped for.
    static final int MAX_MESSAGES = 4_000;

    static final long MAX_MESSAGE_BYTES = 1 << 20;

    private final Stream stream;
    private final ReaderOptions options;
    private final @Nullable Session session;

    // Guarded by this.
    private final Deque<Item> queue = new ArrayDeque<>();
    private long queuedBytes;
    private final MediaSpan queuedSpan = new MediaSpan();
    // What it began with, until that is drained: as long as a group of pictures is, it is no backlog.
    private boolean beginning;
    private long pastBytes;
    private long pastNanos;
    private boolean signalled;
    private boolean pictures;
    private boolean waitingForEntryPoint = true;
    private boolean dropping;
    private boolean ended;
    private long keyframeFromDtsNanos = Long.MAX_VALUE;
    private long gapFrames;
    private final Tally dropped = new Tally();
    private final Tally queued = new Tally();
    private int queuedMessages;
    private long queuedMessageBytes;
    private long droppedMessages;

    Reader(Stream stream, ReaderOptions options) {
        this.stream = stream;
        this.options = options;
        Viewer viewer = options.viewer();
        session = viewer == null ? null : session(viewer);
    }

    private Session session(Viewer viewer) {
        return new CountedSession(
                new CountedSession.Identity(
                        UUID.randomUUID().toString(),
                        SessionReport.Direction.PLAYS,
                        stream.name(),
                        viewer.protocol(),
                        viewer.transport(),
                        viewer.address()),
                this::reports,
                viewer.end());
    }

    private List<SessionReport.TrackReport> reports() {
        // The stream's lock comes before this one's.
        List<Track> tracks = stream.tracks();
        synchronized (this) {
            return queued.reports(tracks, dropped);
        }
    }

    /// Null for one that is nobody's.
    @Nullable
    Session session() {
        return session;
    }

    public Stream stream() {
        return stream;
    }

    public ReaderOptions options() {
        return options;
    }

    /// Moves everything that waits into `target`, in order, and returns how many items that were.
    public synchronized int drainTo(Collection<? super Item> target) {
        int count = queue.size();
        target.addAll(queue);
        queue.clear();
        forgetQueued();
        signalled = false;
        return count;
    }

    /// Asks the publisher for a keyframe, once, as soon as a frame of this decoding time or a later one passes. It
    /// is asked for on the publisher's own thread, however seldom this reader is drained; [Long#MAX_VALUE] takes
    /// the wish back.
    public synchronized void wantKeyframeFrom(long dtsNanos) {
        keyframeFromDtsNanos = dtsNanos;
    }

    /// Frames that were dropped because this reader was too slow.
    public synchronized long droppedFrames() {
        return dropped.frames();
    }

    /// Messages that were dropped because this reader was too slow.
    public synchronized long droppedMessages() {
        return droppedMessages;
    }

    /// Frames that were queued for this reader so far.
    public synchronized long frames() {
        return queued.frames();
    }

    /// Bytes of the frames that were queued for this reader so far.
    public synchronized long bytes() {
        return queued.bytes();
    }

    /// What was queued for this reader so far.
    public synchronized Tally queued() {
        return queued.copy();
    }

    /// What was dropped because this reader was too slow.
    public synchronized Tally dropped() {
        return dropped.copy();
    }

    /// Leaves the stream. Nothing is queued any more.
    @Override
    public void close() {
        stream.leave(this);
        synchronized (this) {
            ended = true;
            queue.clear();
            forgetQueued();
        }
    }

    /// What the stream has to do after an offer.
    enum Offered {
        QUEUED,
        WAKE,
        OVERFLOW
    }

    /// Fills the queue with what the stream remembers. Its own bounds count from there on.
    synchronized boolean begin(Collection<Item.Media> past) {
        beginning = true;
        boolean wake = false;
        for (Item.Media item : past) {
            wake |= offer(item) == Offered.WAKE;
        }
        beginning = false;
        pastBytes = queuedBytes;
        pastNanos = queuedSpan.nanos();
        return wake;
    }

    synchronized Offered offer(Item.Media item) {
        if (ended) {
            return Offered.QUEUED;
        }
        if (item.frame().dtsNanos() >= keyframeFromDtsNanos) {
            keyframeFromDtsNanos = Long.MAX_VALUE;
            // The stream's lock is held here already.
            stream.requestKeyframe();
        }
        int size = item.frame().data().length();
        boolean granted = options.budget().take(size);
        boolean overflow = !waitingForEntryPoint && (!granted || full(item.frame(), size));
        if (overflow) {
            dropBacklog();
            granted = granted || options.budget().take(size);
        }
        if (waitingForEntryPoint) {
            if (!item.entryPoint() || !granted || size > options.maxBytes()) {
                if (granted) {
                    options.budget().giveBack(size);
                }
                dropping |= item.entryPoint();
                if (dropping) {
                    gapFrames++;
                    dropped.add(item.frame());
                }
                // Asked again for every frame that is of no use: the stream's limit may have swallowed the first wish,
                // and some publishers send no keyframe for minutes.
                return overflow || item.frame().track().isVideo() ? Offered.OVERFLOW : Offered.QUEUED;
            }
            waitingForEntryPoint = false;
            dropping = false;
            if (gapFrames > 0) {
                queue.add(new Item.Gap(gapFrames));
                gapFrames = 0;
            }
        }
        queue.add(item);
        queuedSpan.add(item.frame());
        queuedBytes += size;
        queued.add(item.frame());
        boolean picture = item.frame().track().isVideo();
        pictures |= picture;
        return wakeIf(options.soundWaits() && (picture || !pictures)
                || queuedSpan.nanos() >= options.wakeNanos()
                || queuedBytes > options.maxBytes() / 2);
    }

    /// Messages go to every reader, also while it waits for an entry point. Too many of them do not cost it media.
    synchronized Offered offer(Item.Message message) {
        if (ended) {
            return Offered.QUEUED;
        }
        int size = message.data().length();
        if (queuedMessages == MAX_MESSAGES
                || queuedMessageBytes + size > MAX_MESSAGE_BYTES
                || !options.budget().take(size)) {
            droppedMessages++;
            return Offered.QUEUED;
        }
        queue.add(message);
        queuedMessages++;
        queuedMessageBytes += size;
        // Whoever takes its media by the second has time for messages too.
        return wakeIf(options.wakeNanos() == 0 || options.soundWaits() || queuedMessageBytes > MAX_MESSAGE_BYTES / 2);
    }

    private boolean full(Frame frame, int size) {
        return !beginning
                && (queuedBytes + size - pastBytes > options.maxBytes()
                        || queuedSpan.nanosWith(frame) - pastNanos > options.maxNanos());
    }

    synchronized Offered end(String reason) {
        if (ended) {
            return Offered.QUEUED;
        }
        ended = true;
        if (gapFrames > 0) {
            queue.add(new Item.Gap(gapFrames));
            gapFrames = 0;
        }
        queue.add(new Item.End(reason));
        return wakeIf(true);
    }

    private Offered wakeIf(boolean due) {
        if (!due || signalled) {
            return Offered.QUEUED;
        }
        signalled = true;
        return Offered.WAKE;
    }

    private void forgetQueued() {
        options.budget().giveBack(queuedBytes + queuedMessageBytes);
        queuedBytes = 0;
        queuedSpan.clear();
        queuedMessages = 0;
        queuedMessageBytes = 0;
        pastBytes = 0;
        pastNanos = 0;
    }

    /// Messages stay.
    private void dropBacklog() {
        List<Item.Message> messages = new ArrayList<>();
        for (Item item : queue) {
            switch (item) {
                case Item.Media media -> {
                    gapFrames++;
                    dropped.add(media.frame());
                }
                case Item.Gap gap -> gapFrames += gap.frames();
                case Item.Message message -> messages.add(message);
                case Item.End _ -> throw new IllegalStateException("a frame after the end");
            }
        }
        queue.clear();
        options.budget().giveBack(queuedBytes);
        queuedBytes = 0;
        queuedSpan.clear();
        pastBytes = 0;
        pastNanos = 0;
        queue.addAll(messages);
        waitingForEntryPoint = true;
        dropping = true;
    }
}
