package tapedeck.protocol.rtsp;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.net.Connection;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.Viewer;

/// One player: what its [Reader] holds goes out whenever the way takes it. A player that is too slow overflows the
/// reader's queue, never the connection's, and goes on at the next entry point.
final class RtspPlaying {
    static final long REPORT_NANOS = 5_000_000_000L;
    /// Between two bursts where nothing says when the peer can take more: 6 MB/s.
    static final long PACE_NANOS = 5_000_000L;
    /// Between the last datagram and the end of the connection, which may overtake it.
    static final long LAST_DATAGRAMS_NANOS = 300_000_000L;
    /// GStreamer's player says TEARDOWN when it has heard the goodbye and shown what it has; a connection that is
    /// closed before is an error to it. On a busy machine half a second was too short.
    static final long TEARDOWN_WAIT_NANOS = 2_000_000_000L;

    private final Connection connection;
    private final Stream stream;
    private final List<OfferedTrack> tracks;
    private final Function<Runnable, Reader> subscription;
    private final Runnable streamEnded;
    private final Deque<Item> batch = new ArrayDeque<>();
    private @Nullable Reader reader;
    private final long teardownWaitNanos;
    private boolean ended;
    private boolean paced;
    private boolean timerRuns;
    private long reportedNanos;
    private long unwritableSinceNanos;
    private long droppedFrames;

    /// @param subscription makes the reader, given what wakes this up
    /// @param streamEnded called when the stream has ended and everything of it was sent
    /// @param teardownWaitNanos so long after the goodbye
    RtspPlaying(
            Connection connection,
            Stream stream,
            List<OfferedTrack> tracks,
            Function<Runnable, Reader> subscription,
            Runnable streamEnded,
            long teardownWaitNanos) {
        this.connection = connection;
        this.stream = stream;
        this.tracks = tracks;
        this.subscription = subscription;
        this.streamEnded = streamEnded;
        this.teardownWaitNanos = teardownWaitNanos;
    }

    /// For one more viewer of the stream, whose connection ends with it.
    static RtspPlaying viewer(Connection connection, Stream stream, List<OfferedTrack> tracks) {
        return new RtspPlaying(
                connection,
                stream,
                tracks,
                wake -> stream.subscribe(ReaderOptions.viewer("rtsp " + connection.peer(), wake)
                        .soundWaiting()
                        .of(new Viewer(
                                Publisher.Protocol.RTSP,
                                "tcp",
                                connection.peer(),
                                reason -> connection.execute(() -> connection.end(reason))))),
                () -> connection.end("\"%s\" ended".formatted(stream.name())),
                TEARDOWN_WAIT_NANOS);
    }

    /// The answer to `DESCRIBE`.
    RtspReply described(String base) {
        return RtspReply.ok()
                .with("Content-Base", base + "/")
                .body("application/sdp", description(connection.localAddress().getHostAddress()));
    }

    Stream stream() {
        return stream;
    }

    List<OfferedTrack> tracks() {
        return tracks;
    }

    boolean isSetUp() {
        return tracks.stream().anyMatch(OfferedTrack::isSetUp);
    }

    /// RFC 2326 C.1. No end is named: it is live.
    String description(String host) {
        return new SessionDescription(
                        "- 1 1 IN %s %s".formatted(host.indexOf(':') < 0 ? "IP4" : "IP6", host),
                        stream.name().value(),
                        "IN IP4 0.0.0.0",
                        "0 0",
                        List.of(
                                new Attribute("tool", "Tapedeck"),
                                new Attribute("control", "*"),
                                new Attribute("range", "npt=now-")),
                        tracks.stream().map(OfferedTrack::section).toList())
                .toString();
    }

    /// Begins with the last keyframe. Nothing is sent before [#drain()].
    ///
    /// @return `RTP-Info`
    String play(String base) {
        Reader old = reader;
        if (old == null) {
            // Under the lock of the stream: the batch is taken when the publisher's turn is over.
            Reader fresh = subscription.apply(() -> connection.execute(this::drain));
            reader = fresh;
            fresh.drainTo(batch);
            paced = tracks.stream().map(OfferedTrack::path).anyMatch(path -> path != null && path.isPaced());
        }
        OptionalLong origin = batch.stream()
                .filter(Item.Media.class::isInstance)
                .mapToLong(item -> ((Item.Media) item).frame().ptsNanos())
                .findFirst();
        return String.join(
                ",",
                tracks.stream()
                        .filter(OfferedTrack::isSetUp)
                        .map(track -> track.position(base, origin))
                        .toList());
    }

    /// Whether nothing but the peer's own signs shows that it is there.
    boolean isByDatagrams() {
        return paced;
    }

    boolean isPlaying() {
        return reader != null;
    }

    void pause() {
        leave();
        batch.clear();
    }

    private void leave() {
        Reader current = reader;
        if (current != null) {
            droppedFrames += current.droppedFrames();
            current.close();
            reader = null;
        }
    }

    /// Sends what waits, as far as the way takes it; else it is called again when it does.
    void drain() {
        Reader current = reader;
        if (current == null || timerRuns) {
            return;
        }
        long nowNanos = System.nanoTime();
        long sent = 0;
        while (isWritable()) {
            Item item = batch.poll();
            if (item == null && current.drainTo(batch) > 0) {
                item = batch.poll();
            }
            if (item == null) {
                flush();
                return;
            }
            if (item instanceof Item.End end) {
                over(end.reason());
                return;
            }
            if (item instanceof Item.Media media) {
                sent += send(media.frame(), nowNanos);
            }
            if (sent > burstBytes()) {
                flush();
                sent = 0;
                if (paced) {
                    break;
                }
            }
        }
        flush();
        if (paced) {
            timerRuns = true;
            connection.executeAfter(PACE_NANOS, () -> {
                timerRuns = false;
                drain();
            });
        }
    }

    /// Everything was sent. What is ended before says goodbye at once.
    private void over(String reason) {
        flush();
        leave();
        if (paced) {
            long waitNanos = Math.max(LAST_DATAGRAMS_NANOS, teardownWaitNanos);
            connection.executeAfter(Rtcp.GOODBYE_NANOS, () -> sayGoodbye(reason, waitNanos));
        } else {
            sayGoodbye(reason, teardownWaitNanos);
        }
    }

    private void sayGoodbye(String reason, long waitNanos) {
        if (ended) {
            return;
        }
        goodbye(reason);
        connection.executeAfter(waitNanos, () -> {
            if (!ended) {
                streamEnded.run();
            }
        });
    }

    private void goodbye(String reason) {
        tracks.forEach(track -> track.goodbye(reason));
    }

    private int send(Frame frame, long nowNanos) {
        for (OfferedTrack track : tracks) {
            if (track.id() == frame.track().id() && track.isSetUp()) {
                if (!track.decodes(frame.track().codec())) {
                    connection.end("the stream's " + frame.track().codec().name() + " is not what was described");
                    return 0;
                }
                return track.send(frame, stream, nowNanos);
            }
        }
        // Not wanted, or it came after the description.
        return 0;
    }

    private boolean isWritable() {
        for (OfferedTrack track : tracks) {
            MediaPath path = track.path();
            if (path != null && !path.isWritable()) {
                return false;
            }
        }
        return reader != null;
    }

    private int burstBytes() {
        int least = Integer.MAX_VALUE;
        for (OfferedTrack track : tracks) {
            MediaPath path = track.path();
            least = path == null ? least : Math.min(least, path.burstBytes());
        }
        return least;
    }

    private void flush() {
        for (OfferedTrack track : tracks) {
            MediaPath path = track.path();
            if (path != null) {
                path.flush();
            }
        }
    }

    /// Reports, and ends a player that takes nothing any more.
    void swept(long nowNanos) {
        if (!isPlaying()) {
            return;
        }
        if (nowNanos - reportedNanos > REPORT_NANOS) {
            reportedNanos = nowNanos;
            for (OfferedTrack track : tracks) {
                if (track.hasSent() && isWritable()) {
                    track.report(stream);
                }
            }
            flush();
        }
        if (isWritable()) {
            unwritableSinceNanos = nowNanos;
        } else if (unwritableSinceNanos == 0) {
            unwritableSinceNanos = nowNanos;
        } else if (nowNanos - unwritableSinceNanos > RtspLimits.PLAYER_STALL_NANOS) {
            connection.end("the player takes nothing");
        }
    }

    void end(String reason) {
        ended = true;
        leave();
        goodbye(reason);
        tracks.forEach(OfferedTrack::close);
    }

    /// What it was, with a space in front, for the line in the log when it is over.
    String summary() {
        long unsendable = tracks.stream().mapToLong(OfferedTrack::unsendable).sum();
        long strangers = tracks.stream()
                .map(OfferedTrack::path)
                .mapToLong(path -> path == null ? 0 : path.strangers())
                .sum();
        return " playing \"%s\" (%d frames dropped, %d that no packet carries; %d datagrams of strangers)"
                .formatted(stream.name(), droppedFrames(), unsendable, strangers);
    }

    private long droppedFrames() {
        Reader current = reader;
        return droppedFrames + (current == null ? 0 : current.droppedFrames());
    }
}
