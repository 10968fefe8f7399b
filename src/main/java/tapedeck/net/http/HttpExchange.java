package tapedeck.net.http;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tapedeck.bytes.Bytes;

/// One request and its answer.
public interface HttpExchange {
    String method();

    /// The decoded path.
    String path();

    /// The decoded part of the path behind the route's prefix; empty for an exact route.
    String pathRest();

    /// The first value of a query parameter.
    Optional<String> query(String name);

    /// The first value of every query parameter.
    Map<String, String> query();

    /// The first value of a request header.
    Optional<String> header(String name);

    /// Every value of a request header that may come in several lines.
    List<String> headers(String name);

    /// Whether the request came over TLS.
    boolean secure();

    /// The TCP peer; no header is believed.
    InetSocketAddress peer();

    /// The whole body.
    ///
    /// @throws HttpProblem 413 if it is longer than `maxBytes`
    Bytes body(int maxBytes) throws Exception;

    InputStream bodyStream();

    /// Gives this request up when nothing of it comes for so long; usually it is as long as any connection may be idle.
    void limitSilence(Duration silence);

    /// Sets a header of the answer; before the first `respond` or `start`.
    HttpExchange set(String name, String value);

    /// Answers with a whole body.
    void respond(int status, String contentType, Bytes body) throws Exception;

    /// Answers without a body.
    void respond(int status) throws Exception;

    /// Starts an answer of `length` bytes (-1: unknown) that the handler then writes.
    OutputStream start(int status, String contentType, long length) throws Exception;

    /// Whether a WebSocket is asked for.
    boolean wantsSocket();

    /// Makes the connection a WebSocket, which goes on after the handler has returned.
    ///
    /// @param opened called when messages can go
    /// @throws HttpProblem 400 if the request cannot be answered so
    void upgrade(Function<HttpSocket, HttpSocket.Listener> opened) throws Exception;

    /// Starts an answer without an end, which goes on after the handler has returned and needs no thread.
    HttpStream open(int status, String contentType) throws Exception;
}
