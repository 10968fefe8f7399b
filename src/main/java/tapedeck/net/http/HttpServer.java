package tapedeck.net.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.tls.ServerTls;

/// HTTP and WebSockets on one port. Every request runs its handler on a virtual thread.
public final class HttpServer implements AutoCloseable {
    /// Longest request line and headers, in bytes; Jetty answers 431 beyond.
    static final int MAX_HEADER_BYTES = 16 * 1024;
    /// A connection that says nothing for so long is closed. Longer than clients and proxies keep theirs (Java 30 s,
    /// nginx 60 s): who closes first must not be the one who does not ask, or a request meets a closed connection.
    static final int IDLE_MILLIS = 65_000;
    /// Further connections wait in the kernel's queue until others close.
    static final int MAX_CONNECTIONS = 8_192;

    /// From the first byte of a request to the end of its head: nobody who wants an answer takes as long.
    static final Duration HEAD_LIMIT = Duration.ofSeconds(10);

    /// How much of the body of a request that is refused is still read.
    static final int MAX_DRAINED_BYTES = 4 << 20;

    /// Connections that come at once and are not yet accepted; the JDK's default of 50 resets the others.
    private static final int ACCEPT_QUEUE = 1_024;

    private static final Logger log = LoggerFactory.getLogger(HttpServer.class);
    private static final int PLATFORM_THREADS = 16;
    private static final String JSON = "application/json";
    private static final String PROBLEM_JSON = "application/problem+json";

    private final Server server;
    private final ServerConnector connector;
    private final HttpRoutes routes;
    private final boolean secure;
    private final ServerWebSocketContainer sockets;

    /// @param port 0 takes a free one
    public HttpServer(int port, HttpRoutes routes) throws Exception {
        this(port, Optional.empty(), routes);
    }

    /// @param tls empty for none
    public HttpServer(int port, Optional<ServerTls> tls, HttpRoutes routes) throws Exception {
        this.routes = routes;
        this.secure = tls.isPresent();
        QueuedThreadPool threads = new QueuedThreadPool(PLATFORM_THREADS);
        threads.setName("http");
        threads.setDaemon(true);
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server = new Server(threads);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        configuration.setRequestHeaderSize(MAX_HEADER_BYTES);
        // A percent sign may stand in a name (`%25`): paths are decoded exactly once here, so it reads in one way.
        configuration.setUriCompliance(UriCompliance.DEFAULT.with("tapedeck", Violation.AMBIGUOUS_PATH_ENCODING));
        HeadDeadlines http = new HeadDeadlines(configuration, HEAD_LIMIT);
        connector = new Doors(
                server, tls.map(shown -> factories(shown, configuration, http)).orElse(List.of(http)));
        connector.setPort(port);
        connector.setIdleTimeout(IDLE_MILLIS);
        connector.setAcceptQueueSize(ACCEPT_QUEUE);
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, connector));
        connector.addBean(new HandshakeDeadlines(connector.getScheduler(), ServerTls.HANDSHAKE_MILLIS));
        sockets = ServerWebSocketContainer.ensure(server);
        server.setErrorHandler(this::refuse);
        server.setHandler(new Routed());
        server.start();
    }

    private static List<ConnectionFactory> factories(
            ServerTls shown, HttpConfiguration configuration, HeadDeadlines http) {
        // Whoever reaches this server may call it by any name: there is one certificate.
        configuration.addCustomizer(new SecureRequestCustomizer(false));
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setRenegotiationAllowed(false);
        tls.setSslContext(shown.context());
        tls.setIncludeProtocols(shown.protocols().toArray(String[]::new));
        return List.of(new SslConnectionFactory(tls, http.getProtocol()), http);
    }

    /// Address and port of the peer.
    static String name(EndPoint endPoint) {
        return endPoint.getRemoteSocketAddress() instanceof InetSocketAddress peer
                ? peer.getAddress().getHostAddress() + ":" + peer.getPort()
                : "unknown";
    }

    private final class Doors extends ServerConnector {
        Doors(Server server, List<ConnectionFactory> factories) {
            super(server, factories.toArray(ConnectionFactory[]::new));
        }

        @Override
        protected SocketChannelEndPoint newEndPoint(SocketChannel socket, ManagedSelector selector, SelectionKey key) {
            Door door = new Door(socket, selector, key, getScheduler(), secure);
            door.setIdleTimeout(getIdleTimeout());
            return door;
        }
    }

    public int port() {
        return connector.getLocalPort();
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            log.warn("HTTP server: {}", e.toString());
        }
    }

    /// Blocking, so Jetty calls it on a virtual thread.
    private final class Routed extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            // Jetty refuses what would decode to another path: `%2F`, `..;` and the like (UriCompliance.DEFAULT).
            String path = request.getHttpURI().getDecodedPath();
            routes.headers().forEach(response.getHeaders()::put);
            JettyExchange plain = new JettyExchange(request, response, callback, sockets, path, "");
            try {
                if (answer(request, response, callback, path, plain)) {
                    callback.succeeded();
                }
            } catch (Throwable failure) {
                fail(plain, response, callback, failure);
            }
            return true;
        }

        /// Returns whether that was all.
        private boolean answer(Request request, Response response, Callback callback, String path, JettyExchange plain)
                throws Exception {
            String method = request.getMethod();
            var found = routes.find(method, path);
            if (found.isEmpty() && method.equals("HEAD")) {
                found = routes.find("GET", path);
            }
            if (found.isPresent()) {
                HttpRoutes.Route route = found.get();
                String rest = route.prefix() ? path.substring(route.stem().length()) : "";
                JettyExchange exchange = new JettyExchange(request, response, callback, sockets, path, rest);
                route.handler().handle(exchange);
                return !exchange.isOpened();
            }
            var methods = routes.methods(path);
            if (methods.isEmpty()) {
                throw new HttpProblem(404, "nothing is here");
            }
            plain.set("Allow", String.join(", ", methods));
            throw new HttpProblem(405, "%s is not possible here".formatted(method));
        }

        private void fail(JettyExchange exchange, Response response, Callback callback, Throwable failure) {
            if (response.isCommitted() || failure instanceof EofException) {
                // Most often a client that went away in the middle of a download.
                log.debug("{} {} ended early: {}", exchange.method(), exchange.path(), failure.toString());
                callback.failed(failure);
                return;
            }
            HttpProblem problem = switch (failure) {
                case HttpProblem p -> p;
                case MalformedException m -> new HttpProblem(400, String.valueOf(m.getMessage()));
                case HttpException h -> new HttpProblem(h.getCode(), String.valueOf(h.getReason()));
                case TimeoutException _ -> tooSlow();
                case IOException e when e.getCause() instanceof TimeoutException -> tooSlow();
                default -> {
                    log.error("{} {} failed", exchange.method(), exchange.path(), failure);
                    yield new HttpProblem(500, "internal error");
                }
            };
            boolean stillComing = isStillComing(exchange, problem);
            exchange.rest(stillComing ? JettyExchange.Rest.DRAINED : JettyExchange.Rest.LEFT);
            try {
                String message = String.valueOf(problem.getMessage());
                if (routes.wantsProblemDetails(exchange.path())) {
                    exchange.respond(problem.status(), PROBLEM_JSON, problemBody(problem.status(), message));
                } else {
                    exchange.respond(problem.status(), JSON, errorBody(message));
                }
                if (stillComing) {
                    exchange.drain(MAX_DRAINED_BYTES);
                }
                callback.succeeded();
            } catch (Exception e) {
                callback.failed(e);
            }
        }
    }

    private static HttpProblem tooSlow() {
        return new HttpProblem(408, "the request came too slowly");
    }

    /// Who asked first whether to send a body has heard that it is not wanted.
    private static boolean isStillComing(JettyExchange exchange, HttpProblem problem) {
        return problem.status() != HttpStatus.REQUEST_TIMEOUT_408 && !exchange.expectsToBeAsked();
    }

    /// Requests that never reach a handler: bad syntax, headers too long, a path that reads in two ways.
    private boolean refuse(Request request, Response response, Callback callback) {
        routes.headers().forEach(response.getHeaders()::put);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, JSON);
        String reason = HttpStatus.getMessage(response.getStatus());
        if (request.getAttribute(ErrorHandler.ERROR_EXCEPTION) instanceof HttpException malformed) {
            EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
            if (endPoint.isOpen()) {
                log.info("http {}: refused: {} {}", name(endPoint), malformed.getCode(), malformed.getReason());
            }
        }
        Bytes body = errorBody(reason == null ? "refused" : reason.toLowerCase(Locale.ROOT));
        boolean head = request.getMethod().equals("HEAD");
        response.write(true, head ? ByteBuffer.allocate(0) : body.asByteBuffer(), callback);
        return true;
    }

    private static Bytes errorBody(String message) {
        return Bytes.ofUtf8("{\"error\": \"" + quoted(message) + "\"}");
    }

    /// RFC 9457 3.1; the type is `about:blank`, for which title and status say the same.
    private static Bytes problemBody(int status, String message) {
        String title = HttpStatus.getMessage(status);
        return Bytes.ofUtf8("{\"title\": \"%s\", \"status\": %d, \"detail\": \"%s\"}"
                .formatted(quoted(title == null ? "Error" : title), status, quoted(message)));
    }

    private static String quoted(String message) {
        return message.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
    }
}
