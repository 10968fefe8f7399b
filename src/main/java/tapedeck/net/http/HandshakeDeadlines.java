package tapedeck.net.http;

import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.io.ssl.SslHandshakeListener;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Handshakes of TLS have a deadline from the connection on, as at the other ports with TLS.
final class HandshakeDeadlines implements Connection.Listener {
    private static final Logger log = LoggerFactory.getLogger(HandshakeDeadlines.class);

    private final Scheduler scheduler;
    private final long limitMillis;

    HandshakeDeadlines(Scheduler scheduler, long limitMillis) {
        this.scheduler = scheduler;
        this.limitMillis = limitMillis;
    }

    /// The session of an engine without one is called `NONE`; with TLS 1.3 it has one before the peer's last message.
    static boolean isDone(SSLEngine engine) {
        return engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
                && !engine.getSession().getProtocol().equals("NONE");
    }

    @Override
    public void onOpened(Connection connection) {
        if (connection instanceof SslConnection tls) {
            Scheduler.Task timer = scheduler.schedule(() -> look(tls), limitMillis, TimeUnit.MILLISECONDS);
            tls.addHandshakeListener(new SslHandshakeListener() {
                @Override
                public void handshakeSucceeded(Event event) {
                    timer.cancel();
                }

                @Override
                public void handshakeFailed(Event event, @Nullable Throwable failure) {
                    timer.cancel();
                    if (tls.getEndPoint().isOpen()) {
                        // Not its message: it may quote what came.
                        log.info(
                                "https {}: ended: no TLS, or none that is spoken here",
                                HttpServer.name(tls.getEndPoint()));
                    }
                }
            });
        }
    }

    private void look(SslConnection tls) {
        if (!isDone(tls.getSSLEngine()) && tls.getEndPoint().isOpen()) {
            log.info(
                    "https {}: ended: no handshake of TLS within {} s",
                    HttpServer.name(tls.getEndPoint()),
                    TimeUnit.MILLISECONDS.toSeconds(limitMillis));
            tls.getEndPoint().close();
        }
    }
}
