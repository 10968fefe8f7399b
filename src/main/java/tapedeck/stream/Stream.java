package tapedeck.stream;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// One live stream: a publisher's frames on their way to any number of readers.
public final class Stream {
    public static final int MAX_KEYFRAME_REQUESTS_PER_SECOND = 2;
    /// Of one message.
    public static final int MAX_MESSAGE_BYTES = 64 * 1024;
    /// How long it takes to be sure which tracks there are where nobody has said it.
    public static final long UNKNOWN_TRACKS_NANOS = 700_000_000L;

    /// How long it is waited for the tracks of a stream that has just begun.
    static final long MAX_TRACK_WAIT_NANOS = 3_000_000_000L;

    private static final int TRACK_POLL_MILLIS = 20;

    private final StreamName name;
    private final String mediaSessionId;
    private volatile Publisher publisher;
    private volatile boolean refused;
    private volatile long missedFrames;
    private final Instant startedAt;
    private final Feedback feedback;
    private final LongSupplier nanoClock;
    private final long startedNanos;
    // Guarded by this.
    private final ArrivalClock arrivals = new ArrivalClock();
    private @Nullable LongSupplier reportedZero;
    private final Set<Session> sessions;

    // Guarded by this: a subscription sees the cache and joins the readers in one step, so that it gets every frame
    // once.
    private final GopCache cache;
    private final List<Reader> readers = new ArrayList<>();
    private final SequencedMap<Integer, Track> tracks = new TreeMap<>();
    private final SequencedMap<Integer, Track> described = new TreeMap<>();
    private boolean videoSeen;
    private boolean ended;
    private int liveReaders;
    private long lastKeyframeRequestNanos;
    private boolean keyframeRequested;
    private final Tally written = new Tally();
    private long keyframes;
    private long lastDtsNanos;
    private final MessageRate messageRate;
    private long messages;
    private long droppedMessages;

    Stream(
            StreamName name,
            String mediaSessionId,
            Publisher publisher,
            Instant startedAt,
            Feedback feedback,
            LongSupplier nanoClock,
            long pastNanos,
            Set<Session> sessions) {
        this.sessions = sessions;
        this.cache = new GopCache(pastNanos);
        this.name = name;
        this.mediaSessionId = mediaSessionId;
        this.publisher = publisher;
        this.startedAt = startedAt;
        this.feedback = feedback;
        this.nanoClock = nanoClock;
        this.startedNanos = nanoClock.getAsLong();
        this.messageRate = new MessageRate(startedNanos);
    }

    public StreamName name() {
        return name;
    }

    /// Unique to this publication: a name that returns is a new media session.
    public String mediaSessionId() {
        return mediaSessionId;
    }

    public Publisher publisher() {
        return publisher;
    }

    /// The wall clock when the publication began, which is time 0 of its frames.
    public Instant startedAt() {
        return startedAt;
    }

    /// The server's clock, which never jumps: the same for all streams.
    public long nowNanos() {
        return nanoClock.getAsLong();
    }

    /// Time 0 of the frames on that clock, as the publisher's reports say it or, without any, as far as the frames'
    /// arrival tells: what places the streams of many publishers beside each other.
    public synchronized long zeroNanos() {
        LongSupplier known = reportedZero;
        return known != null && arrivals.hasBegun() ? known.getAsLong() : arrivals.zeroNanos(startedNanos);
    }

    /// Whether enough has come for [#zeroNanos] to stay about what it is.
    public synchronized boolean knowsItsZero() {
        return reportedZero != null ? arrivals.hasBegun() : arrivals.isSettled();
    }

    /// @param zeroNanos asked from the first frame on
    synchronized void reportedZero(LongSupplier zeroNanos) {
        reportedZero = zeroNanos;
    }

    /// The tracks as of now, by id.
    public synchronized List<Track> tracks() {
        return List.copyOf(tracks.values());
    }

    /// The same with those that the publisher has only described, as long as tracks are waited for: later than that
    /// they are not believed to come. For those who pass the description on; who mixes tracks would wait for them.
    public synchronized List<Track> describedTracks() {
        if (nanoClock.getAsLong() - startedNanos >= MAX_TRACK_WAIT_NANOS) {
            return tracks();
        }
        SequencedMap<Integer, Track> all = new TreeMap<>(described);
        all.putAll(tracks);
        return List.copyOf(all.values());
    }

    /// Whether all tracks are there that the publisher is going to send, as far as anybody can tell: for formats that
    /// have to name them before the first frame. A publisher that did not say what it sends may bring another track
    /// until its stream is [#UNKNOWN_TRACKS_NANOS] old.
    public boolean knowsItsTracks() {
        return areAll(tracks());
    }

    /// The same of [#describedTracks].
    public boolean isDescribed() {
        return areAll(describedTracks());
    }

    private boolean areAll(List<Track> known) {
        boolean video = false;
        boolean audio = false;
        for (Track track : known) {
            video |= track.isVideo();
            audio |= track.isAudio();
        }
        Publisher.Expects expects = publisher.expects();
        if (expects == Publisher.Expects.UNKNOWN) {
            Statistics now = statistics();
            return video && audio || now.ended() || (video || audio) && now.mediaNanos() >= UNKNOWN_TRACKS_NANOS;
        }
        return (!expects.video() || video) && (!expects.audio() || audio);
    }

    /// The tracks as soon as [#knowsItsTracks], or those that there are after [#MAX_TRACK_WAIT_NANOS]. Blocks.
    public List<Track> awaitTracks() throws InterruptedException {
        long deadline = System.nanoTime() + MAX_TRACK_WAIT_NANOS;
        while (!knowsItsTracks() && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(TRACK_POLL_MILLIS);
        }
        return tracks();
    }

    void refuse() {
        refused = true;
    }

    /// Whether its publisher is being sent away because something of what it sends cannot be carried.
    public boolean isRefused() {
        return refused;
    }

    /// Only the publisher's thread counts.
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    void missed(long count) {
        missedFrames += count;
    }

    /// Frames that got lost between the publisher and here, as far as its protocol can tell.
    public long missedFrames() {
        return missedFrames;
    }

    /// @param mediaNanos decoding time of the newest frame
    /// @param liveReaders viewers; recorders are not counted
    public record Statistics(
            long frames, long keyframes, long bytes, long mediaNanos, int readers, int liveReaders, boolean ended) {}

    public synchronized Statistics statistics() {
        return new Statistics(
                written.frames(), keyframes, written.bytes(), lastDtsNanos, readers.size(), liveReaders, ended);
    }

    /// What was said on data channels.
    ///
    /// @param dropped messages that were too many or too long
    public record Messages(long taken, long dropped) {}

    public synchronized Messages messages() {
        return new Messages(messages, droppedMessages);
    }

    /// A viewer's message, for all readers and for the publisher; from any thread. Its time is set here. False if it
    /// was dropped.
    public boolean message(Item.Message message) {
        return say(message, feedback::message);
    }

    /// @param also is told too, under the lock
    boolean say(Item.Message said, Consumer<Item.Message> also) {
        List<Reader> toWake = null;
        synchronized (this) {
            long now = nanoClock.getAsLong();
            if (ended || said.data().length() > MAX_MESSAGE_BYTES || !messageRate.take(now)) {
                droppedMessages++;
                return false;
            }
            messages++;
            Item.Message message = said.at(now - startedNanos);
            for (Reader reader : readers) {
                toWake = offered(reader.offer(message), reader, toWake);
            }
            also.accept(message);
        }
        wake(toWake);
        return true;
    }

    /// A reader from the last entry point or the next one on, as `options` say. On a stream that has ended it gets
    /// [Item.End] at once.
    public Reader subscribe(ReaderOptions options) {
        return subscribe(options, 0);
    }

    /// A reader that begins so far in the past, as far as [Streams#keepPast] lets the stream remember.
    ///
    /// @param agoNanos 0 for the last entry point
    public Reader subscribe(ReaderOptions options, long agoNanos) {
        Reader reader = new Reader(this, options);
        boolean wake = false;
        synchronized (this) {
            if (ended) {
                wake = reader.end("ended") == Reader.Offered.WAKE;
            } else {
                if (options.fromCache()) {
                    wake = reader.begin(cache.since(agoNanos));
                }
                if (videoSeen && (!options.fromCache() || cache.items().isEmpty())) {
                    requestKeyframe();
                }
                readers.add(reader);
                opened(reader.session());
                if (options.live() && liveReaders++ == 0) {
                    feedback.watched(true);
                }
            }
        }
        if (wake) {
            options.wake().run();
        }
        return reader;
    }

    /// Ends the stream from this side: the publisher's connection closes, and all readers get [Item.End].
    public void terminate(String reason) {
        feedback.terminate(reason);
    }

    /// Asks the publisher for an entry point, at most [#MAX_KEYFRAME_REQUESTS_PER_SECOND] times a second.
    public synchronized void requestKeyframe() {
        long now = nanoClock.getAsLong();
        if (keyframeRequested && now - lastKeyframeRequestNanos < 1_000_000_000L / MAX_KEYFRAME_REQUESTS_PER_SECOND) {
            return;
        }
        keyframeRequested = true;
        lastKeyframeRequestNanos = now;
        feedback.requestKeyframe();
    }

    void write(Frame frame) {
        List<Reader> toWake = null;
        synchronized (this) {
            if (ended) {
                return;
            }
            Item.Media item = admit(frame);
            for (int i = 0; i < readers.size(); i++) {
                Reader reader = readers.get(i);
                toWake = offered(reader.offer(item), reader, toWake);
            }
        }
        wake(toWake);
    }

    private @Nullable List<Reader> offered(Reader.Offered result, Reader reader, @Nullable List<Reader> toWake) {
        switch (result) {
            case QUEUED -> {}
            case WAKE -> {
                List<Reader> more = toWake == null ? new ArrayList<>() : toWake;
                more.add(reader);
                return more;
            }
            case OVERFLOW -> requestKeyframe();
        }
        return toWake;
    }

    void expect(Publisher.Expects expects) {
        publisher = publisher.expecting(expects);
    }

    void announce(Track track) {
        synchronized (this) {
            tracks.put(track.id(), track);
        }
    }

    void describe(Track track) {
        synchronized (this) {
            described.put(track.id(), track);
        }
    }

    void end(String reason) {
        List<Reader> toWake = new ArrayList<>();
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            cache.clear();
            for (Reader reader : readers) {
                if (reader.end(reason) == Reader.Offered.WAKE) {
                    toWake.add(reader);
                }
            }
            readers.forEach(reader -> closed(reader.session()));
            readers.clear();
        }
        wake(toWake);
    }

    void leave(Reader reader) {
        synchronized (this) {
            closed(reader.session());
            if (readers.remove(reader) && reader.options().live() && --liveReaders == 0) {
                feedback.watched(false);
            }
        }
    }

    private void opened(@Nullable Session session) {
        if (session != null) {
            sessions.add(session);
        }
    }

    private void closed(@Nullable Session session) {
        if (session != null) {
            sessions.remove(session);
        }
    }

    /// Its publisher's conversation, for protocols that know no more of it than what comes.
    Session publishing() {
        return new CountedSession(
                new CountedSession.Identity(
                        publisher.sessionId(),
                        SessionReport.Direction.PUBLISHES,
                        name,
                        publisher.protocol(),
                        "tcp",
                        publisher.address()),
                this::reports,
                this::terminate);
    }

    private synchronized List<SessionReport.TrackReport> reports() {
        return written.reports(List.copyOf(tracks.values()), new Tally());
    }

    private Item.Media admit(Frame frame) {
        Track track = frame.track();
        tracks.put(track.id(), track);
        boolean video = track.codec() instanceof Codec.Video;
        videoSeen |= video;
        written.add(frame);
        arrivals.arrived(nanoClock.getAsLong(), frame.ptsNanos());
        lastDtsNanos = Math.max(lastDtsNanos, frame.dtsNanos());
        boolean entryPoint = video ? frame.keyframe() : !videoSeen;
        if (video && frame.keyframe()) {
            keyframes++;
        }
        Item.Media item = new Item.Media(frame, entryPoint);
        cache.add(item);
        return item;
    }

    private static void wake(@Nullable List<Reader> readers) {
        if (readers != null) {
            for (Reader reader : readers) {
                reader.options().wake().run();
            }
        }
    }
}
