package tapedeck.protocol.rtsp;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;

/// A session whose peer speaks by `POST` and hears by `GET`. Both are connections of their own, so that the end of the
/// one may be heard before the last words of the other: a peer that closes both at once, or whose `GET` is reset
/// because it did not read the last answer, has still said everything.
final class HttpTunnel {
    private static final Logger log = LoggerFactory.getLogger(HttpTunnel.class);

    private final String cookie;
    private final Connection back;
    private final RtspSession session;
    // These two on the loop of the GET alone.
    private int posts;
    private @Nullable String gone;
    private volatile long goneNanos;
    private volatile boolean over;

    /// @param back the connection of the `GET`
    HttpTunnel(String cookie, Connection back, RtspSession session) {
        this.cookie = cookie;
        this.back = back;
        this.session = session;
    }

    String cookie() {
        return cookie;
    }

    Connection back() {
        return back;
    }

    /// One more `POST`: there may be one after the other.
    void joined() {
        onLoop(() -> posts++);
    }

    /// What was said by a `POST`.
    void say(ByteBuf words) {
        onLoop(() -> {
            if (gone == null) {
                back.run(() -> hear(words));
            } else if (!over) {
                lastWords(words);
            }
        });
    }

    private void hear(ByteBuf words) {
        session.received(words);
        session.receivedAll();
    }

    /// There is nobody left to hear what is wrong with them.
    private void lastWords(ByteBuf words) {
        try {
            hear(words);
        } catch (MalformedException e) {
            end(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            log.error("rtsp {}: a bug ends this tunnel", back.peer(), e);
            end("internal error");
        }
    }

    /// Everything that a `POST` said was heard.
    void left() {
        onLoop(() -> {
            posts--;
            String reason = gone;
            if (posts == 0 && reason != null) {
                end(reason);
            }
        });
    }

    /// The `GET` has ended. On its loop.
    void ended(String reason) {
        if (posts == 0 || !back.isGone()) {
            end(reason);
            return;
        }
        gone = reason;
        // Not 0, which says that it is there.
        goneNanos = System.nanoTime() | 1;
    }

    private void end(String reason) {
        if (!over) {
            over = true;
            session.ended(reason);
        }
    }

    /// Whether nobody hears a `POST` any more, by any thread.
    boolean isOver(long nowNanos) {
        long since = goneNanos;
        return over || since != 0 && nowNanos - since > RtspLimits.LAST_WORDS_NANOS;
    }

    private void onLoop(Runnable step) {
        try {
            back.loop().execute(step);
        } catch (RejectedExecutionException e) {
            // The event loops have ended, and so has this.
            log.debug("{}", back.peer(), e);
        }
    }
}
