package tapedeck.net.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// [HttpExchange] over Jetty's request and response.
final class JettyExchange implements HttpExchange {
    /// A body that is not longer is read also where nobody asks for it.
    static final int SHORT_BODY_BYTES = 4 * 1024;

    private static final int PART_BYTES = 16 * 1024;

    private final Request request;
    private final Response response;
    private final String path;
    private final String pathRest;
    private final Callback completion;
    private final ServerWebSocketContainer sockets;
    private @Nullable Fields query;
    private boolean opened;
    private Rest rest = Rest.AWAITED;

    /// What becomes of a body that is still on its way when the answer begins.
    enum Rest {
        /// If it is short it is read first.
        AWAITED,
        /// It is read behind the answer.
        DRAINED,
        /// The connection ends with it.
        LEFT
    }

    /// @param completion of the whole answer, which an opened stream takes over
    /// @param sockets makes WebSockets of requests
    JettyExchange(
            Request request,
            Response response,
            Callback completion,
            ServerWebSocketContainer sockets,
            String path,
            String pathRest) {
        this.sockets = sockets;
        this.completion = completion;
        this.request = request;
        this.response = response;
        this.path = path;
        this.pathRest = pathRest;
    }

    @Override
    public String method() {
        return request.getMethod();
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public String pathRest() {
        return pathRest;
    }

    @Override
    public Optional<String> query(String name) {
        return Optional.ofNullable(fields().getValue(name));
    }

    @Override
    public Map<String, String> query() {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (Fields.Field field : fields()) {
            parameters.put(field.getName(), field.getValue());
        }
        return parameters;
    }

    private Fields fields() {
        Fields fields = query;
        if (fields == null) {
            fields = Request.extractQueryParameters(request);
            query = fields;
        }
        return fields;
    }

    @Override
    public Optional<String> header(String name) {
        return Optional.ofNullable(request.getHeaders().getField(name)).map(HttpField::getValue);
    }

    @Override
    public List<String> headers(String name) {
        return request.getHeaders().getValuesList(name);
    }

    @Override
    public boolean secure() {
        return request.isSecure();
    }

    @Override
    public InetSocketAddress peer() {
        return (InetSocketAddress) request.getConnectionMetaData().getRemoteSocketAddress();
    }

    @Override
    public Bytes body(int maxBytes) throws IOException, HttpProblem {
        // What the peer claims is refused before a byte of it is read; what it sends is counted all the same.
        if (request.getLength() > maxBytes) {
            throw new HttpProblem(413, "the body may have at most %d bytes".formatted(maxBytes));
        }
        InputStream in = bodyStream();
        PaceOfBody pace = new PaceOfBody();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        byte[] part = new byte[PART_BYTES];
        for (int count = in.read(part); count >= 0; count = in.read(part)) {
            body.write(part, 0, count);
            if (body.size() > maxBytes) {
                throw new HttpProblem(413, "the body may have at most %d bytes".formatted(maxBytes));
            }
            pace.came(count);
        }
        return Bytes.wrap(body.toByteArray());
    }

    @Override
    public InputStream bodyStream() {
        return Content.Source.asInputStream(request);
    }

    /// The limit is the connection's, which may serve other requests afterwards.
    @Override
    public void limitSilence(Duration silence) {
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        endPoint.setIdleTimeout(silence.toMillis());
        Request.addCompletionListener(request, _ -> endPoint.setIdleTimeout(HttpServer.IDLE_MILLIS));
    }

    @Override
    public HttpExchange set(String name, String value) {
        response.getHeaders().put(name, value);
        return this;
    }

    void rest(Rest becomes) {
        rest = becomes;
    }

    @Override
    public void respond(int status, String contentType, Bytes body) throws IOException {
        begin(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length());
        Content.Sink.write(response, true, method().equals("HEAD") ? ByteBuffer.allocate(0) : body.asByteBuffer());
    }

    @Override
    public void respond(int status) throws IOException {
        begin(status);
        Content.Sink.write(response, true, ByteBuffer.allocate(0));
    }

    /// Where a body is still on its way that nobody reads, the connection ends behind the answer, which says so
    /// (RFC 9112 9.6): or the next request meets a closed connection.
    private void begin(int status) {
        response.setStatus(status);
        boolean over = rest == Rest.DRAINED || rest == Rest.AWAITED && comesWhole() || request.consumeAvailable();
        if (!over) {
            response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
        }
    }

    /// A short body that comes behind its head is worth waiting for: to ffmpeg's RTMPT a connection that ends is the
    /// end.
    private boolean comesWhole() {
        if (request.getLength() < 0 || request.getLength() > SHORT_BODY_BYTES || expectsToBeAsked()) {
            return false;
        }
        try {
            drain(SHORT_BODY_BYTES);
            return true;
        } catch (IOException | HttpProblem _) {
            return false;
        }
    }

    /// RFC 9110 10.1.1: it sends its body when it hears that it is wanted.
    boolean expectsToBeAsked() {
        return request.getHeaders().contains(HttpHeader.EXPECT);
    }

    /// A peer that is still sending would get a reset instead of the answer that is on its way: what is not much too
    /// long is read and forgotten.
    void drain(int mostBytes) throws IOException, HttpProblem {
        InputStream body = bodyStream();
        PaceOfBody pace = new PaceOfBody();
        byte[] part = new byte[PART_BYTES];
        int left = mostBytes;
        for (int count = body.read(part); count >= 0 && left > count; count = body.read(part)) {
            left -= count;
            pace.came(count);
        }
    }

    @Override
    public OutputStream start(int status, String contentType, long length) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        if (length >= 0) {
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, length);
        }
        return Content.Sink.asOutputStream(response);
    }

    /// RFC 6455 4.1.
    @Override
    public boolean wantsSocket() {
        return header("Upgrade").map("websocket"::equalsIgnoreCase).orElse(false);
    }

    @Override
    public void upgrade(Function<HttpSocket, HttpSocket.Listener> whenOpen) throws HttpProblem {
        JettySocket socket = new JettySocket(whenOpen, Duration.ofMillis(HttpServer.IDLE_MILLIS));
        // Afterwards it belongs to another connection.
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        boolean upgraded = sockets.upgrade(
                (_, answer, _) -> {
                    // Media is compressed already.
                    answer.setExtensions(List.of());
                    return socket;
                },
                request,
                response,
                completion);
        if (!upgraded) {
            throw new HttpProblem(400, "this is no handshake of a WebSocket");
        }
        opened = true;
        JettyStream.limitSendBuffer(endPoint);
    }

    @Override
    public HttpStream open(int status, String contentType) throws IOException {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        if (request.getConnectionMetaData().getHttpVersion() == HttpVersion.HTTP_1_1) {
            // Also on a connection that is closed afterwards: without chunks nobody could tell an end from a cut.
            response.getHeaders().put(HttpHeader.TRANSFER_ENCODING, "chunked");
        }
        // The head goes out now: what follows may have to be waited for.
        Content.Sink.write(response, false, ByteBuffer.allocate(0));
        opened = true;
        return new JettyStream(request, response, completion);
    }

    /// Whether the answer or the connection goes on without the handler.
    boolean isOpened() {
        return opened;
    }
}
