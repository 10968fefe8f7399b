package tapedeck.protocol.http;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.http.HttpStream;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;

/// One answer that goes on: it gets the next piece of the log whenever it has taken the one before.
final class Player implements HttpStream.Taken, Session {
    private final String id = UUID.randomUUID().toString();
    private final Instant since = Instant.now();
    private final Stream stream;
    private final HttpStream answer;
    private final InetSocketAddress peer;
    private final PartLog log;
    private final Runnable left;
    private final PartLog.Cursor cursor = new PartLog.Cursor();
    /// How often [#pump] was called while it runs: it is never run twice at once.
    private final AtomicInteger calls = new AtomicInteger();

    private volatile boolean writing;
    private volatile boolean over;

    /// @param left called once when it is over
    Player(Stream stream, HttpStream answer, InetSocketAddress peer, PartLog log, Consumer<Player> left) {
        this.stream = stream;
        this.answer = answer;
        this.peer = peer;
        this.log = log;
        this.left = () -> left.accept(this);
        log.join(cursor);
    }

    /// Sends what there is, if the last piece was taken. From any thread; never blocks.
    void pump() {
        if (calls.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            while (!writing && !over) {
                Bytes piece = log.take(cursor);
                if (piece.isEmpty()) {
                    rest();
                    break;
                }
                writing = true;
                answer.write(piece, this);
            }
            seen = calls.addAndGet(-seen);
        } while (seen != 0);
    }

    private void rest() {
        if (log.isAtEnd(cursor)) {
            over = true;
            answer.end();
            left.run();
        } else if (log.isLost(cursor)) {
            stream.requestKeyframe();
        }
    }

    @Override
    public void taken() {
        writing = false;
        pump();
    }

    @Override
    public void gone() {
        over = true;
        left.run();
    }

    @Override
    public void terminate(String reason) {
        over = true;
        answer.cut();
        left.run();
    }

    @Override
    public SessionReport report() {
        PartLog.Counts counts = log.counts(cursor);
        List<SessionReport.TrackReport> tracks = new ArrayList<>();
        for (Track track : stream.tracks()) {
            // Frames are counted together: they stand with the picture, or with the sound where there is none.
            tracks.add(report(track, tracks.isEmpty() ? counts : new PartLog.Counts(0, 0, 0)));
        }
        SessionReport.Path path =
                new SessionReport.Path("tcp", "", peer.toString().replace("/", ""), "none", 0, 0);
        return new SessionReport(
                id,
                SessionReport.Direction.PLAYS,
                stream.name(),
                Publisher.Protocol.HTTP,
                since,
                Optional.of(path),
                tracks);
    }

    private static SessionReport.TrackReport report(Track track, PartLog.Counts counts) {
        int width = track.codec() instanceof Codec.Video video ? video.width() : 0;
        int height = track.codec() instanceof Codec.Video video ? video.height() : 0;
        String kind = track.isVideo() ? "video" : "audio";
        return new SessionReport.TrackReport(
                kind,
                track.codec().name(),
                "",
                width,
                height,
                0,
                0,
                counts.bytes(),
                0,
                0,
                0,
                0,
                counts.frames(),
                counts.dropped(),
                0,
                0,
                0);
    }
}
