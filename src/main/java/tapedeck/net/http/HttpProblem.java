package tapedeck.net.http;

/// An answer other than success. The message is for the person who sent the request.
public final class HttpProblem extends Exception {
    private final int status;

    public HttpProblem(int status, String message) {
        super(message);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
