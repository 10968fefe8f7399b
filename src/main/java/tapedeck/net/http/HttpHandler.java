package tapedeck.net.http;

/// Answers one request, on a virtual thread: it may block.
@FunctionalInterface
public interface HttpHandler {
    /// @throws HttpProblem for an answer other than success; any other exception becomes a 500 and a stack in the log
    void handle(HttpExchange exchange) throws Exception;
}
