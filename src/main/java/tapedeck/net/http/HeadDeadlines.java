package tapedeck.net.http;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// HTTP/1.1 whose requests have a deadline for their head, from its first byte on. The idle timeout of Jetty is renewed
/// by each byte: a peer that sends one now and then would keep its connection for ever.
///
/// Only a head that does not come in one piece costs a timer.
final class HeadDeadlines extends HttpConnectionFactory {
    private static final Logger log = LoggerFactory.getLogger(HeadDeadlines.class);

    private final Duration limit;

    HeadDeadlines(HttpConfiguration configuration, Duration limit) {
        super(configuration);
        this.limit = limit;
    }

    @Override
    public Connection newConnection(Connector connector, EndPoint endPoint) {
        HttpConnection connection = new Watched(getHttpConfiguration(), connector, endPoint, limit);
        connection.setTransferEncodingChunkMaxLength(getTransferEncodingChunkMaxLength());
        return configure(connection, connector, endPoint);
    }

    private static final class Watched extends HttpConnection {
        private final EndPoint endPoint;
        private final Scheduler scheduler;
        private final long limitNanos;

        // Guarded by this: bytes, answers and timers come on different threads.
        private long heads;
        private long beganNanos;
        private boolean waiting;
        private boolean over;
        private Scheduler.@Nullable Task timer;

        Watched(HttpConfiguration configuration, Connector connector, EndPoint endPoint, Duration limit) {
            super(configuration, connector, endPoint);
            this.endPoint = endPoint;
            this.scheduler = connector.getScheduler();
            this.limitNanos = limit.toNanos();
        }

        @Override
        protected RequestHandler newRequestHandler() {
            return new RequestHandler() {
                @Override
                public boolean headerComplete() {
                    complete();
                    return super.headerComplete();
                }
            };
        }

        /// Bytes are there; of a new request, of the one that waits for more of its head, or of TLS alone.
        @Override
        public void onFillable() {
            long before = heads();
            long bytes = getBytesIn();
            boolean open = isOpenForRequests();
            super.onFillable();
            if (open || getBytesIn() > bytes) {
                began(before);
            }
        }

        /// Behind the handshake of TLS, which has a deadline of its own, a part of a record counts as well.
        private boolean isOpenForRequests() {
            return endPoint instanceof SslConnection.SslEndPoint tls
                    && HandshakeDeadlines.isDone(tls.getSslConnection().getSSLEngine());
        }

        private synchronized long heads() {
            return heads;
        }

        private synchronized void complete() {
            heads++;
            waiting = false;
            cancel();
        }

        /// @param before the heads that were complete before these bytes
        private synchronized void began(long before) {
            if (heads == before && !waiting && !over) {
                waiting = true;
                beganNanos = System.nanoTime();
                timer = scheduler.schedule(this::look, limitNanos, TimeUnit.NANOSECONDS);
            }
        }

        private void look() {
            synchronized (this) {
                if (!waiting || over || System.nanoTime() - beganNanos < limitNanos) {
                    return;
                }
                over = true;
            }
            log.info(
                    "http {}: ended: no whole head of a request within {} s",
                    HttpServer.name(endPoint),
                    TimeUnit.NANOSECONDS.toSeconds(limitNanos));
            endPoint.close();
        }

        private synchronized void cancel() {
            Scheduler.Task running = timer;
            timer = null;
            if (running != null) {
                running.cancel();
            }
        }

        @Override
        public void onClose(@Nullable Throwable cause) {
            synchronized (this) {
                over = true;
                cancel();
            }
            super.onClose(cause);
        }
    }
}
