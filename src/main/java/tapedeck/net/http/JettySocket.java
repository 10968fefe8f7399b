package tapedeck.net.http;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;

/// [HttpSocket] over Jetty's session. Public because Jetty calls only such.
public final class JettySocket implements HttpSocket, Session.Listener {
    /// RFC 6455 5.5: the reason of a close stands in a control frame.
    private static final int MAX_REASON_CHARACTERS = 100;

    /// Words are few: what is large is binary.
    private static final int MAX_TEXT_BYTES = 4096;

    private static final Logger log = LoggerFactory.getLogger(JettySocket.class);

    private final Function<HttpSocket, Listener> opened;
    private final Duration idle;
    private final AtomicBoolean told = new AtomicBoolean();
    private @Nullable Session session;
    private Listener listener = Listener.NONE;

    /// @param opened called when messages can go
    /// @param idle for so long the peer may say nothing and take nothing
    JettySocket(Function<HttpSocket, Listener> opened, Duration idle) {
        this.opened = opened;
        this.idle = idle;
    }

    private Session session() {
        Session open = session;
        if (open == null) {
            throw new IllegalStateException("it is not open yet");
        }
        return open;
    }

    @Override
    public void onWebSocketOpen(Session open) {
        open.setIdleTimeout(idle);
        open.setMaxTextMessageSize(MAX_TEXT_BYTES);
        session = open;
        listener = opened.apply(this);
        open.demand();
    }

    @Override
    public void onWebSocketPartialBinary(ByteBuffer payload, boolean last, Callback callback) {
        Bytes part = Bytes.copyOf(payload);
        callback.succeed();
        listener.received(part, last);
        session().demand();
    }

    @Override
    public void onWebSocketText(String text) {
        listener.said(text);
        session().demand();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        log.debug("WebSocket: {}", cause.toString());
    }

    @Override
    public void onWebSocketClose(int statusCode, String reason, Callback callback) {
        callback.succeed();
        if (told.compareAndSet(false, true)) {
            listener.closed(statusCode == StatusCode.NORMAL || statusCode == StatusCode.SHUTDOWN);
        }
    }

    @Override
    public void write(Bytes part, Taken taken) {
        session().sendBinary(part.asByteBuffer(), Callback.from(taken::taken, _ -> taken.gone()));
    }

    @Override
    public void say(String text) {
        session().sendText(text, Callback.NOOP);
    }

    @Override
    public void end() {
        close(StatusCode.NORMAL, "");
    }

    @Override
    public void close(int code, String reason) {
        String said = reason.substring(0, Math.min(reason.length(), MAX_REASON_CHARACTERS));
        session().close(code, said, Callback.NOOP);
    }

    @Override
    public void cut() {
        session().disconnect();
    }
}
