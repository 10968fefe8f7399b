package tapedeck.protocol.http;

import java.net.InetSocketAddress;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.net.http.HttpStream;
import tapedeck.stream.CountedSession;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;

/// One answer that goes on: it gets the next piece of the log whenever it has taken the one before.
final class Player implements HttpStream.Taken {
    private final Stream stream;
    private final HttpStream answer;
    private final Session session;
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
        this.log = log;
        this.left = () -> left.accept(this);
        this.session = new CountedSession(
                new CountedSession.Identity(
                        UUID.randomUUID().toString(),
                        SessionReport.Direction.PLAYS,
                        stream.name(),
                        Publisher.Protocol.HTTP,
                        "tcp",
                        address(peer)),
                () -> log.reports(cursor, stream.tracks()),
                this::terminate);
        log.join(cursor);
    }

    static String address(InetSocketAddress peer) {
        return peer.toString().replace("/", "");
    }

    Session session() {
        return session;
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

    void terminate(String reason) {
        over = true;
        answer.cut();
        left.run();
    }
}
