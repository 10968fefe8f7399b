package tapedeck.protocol.fetch;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import tapedeck.bytes.Bytes;
import tapedeck.relay.HttpCall;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// One GET, whose redirects are followed as far as the target allows. Blocks; an interrupt closes the socket.
final class HttpGet implements AutoCloseable {
    static final int MAX_HEAD_BYTES = HttpCall.MAX_HEAD_BYTES;

    private final RelayTarget target;
    private final HttpCall call;

    private HttpGet(RelayTarget target, HttpCall call) {
        this.target = target;
        this.call = call;
    }

    /// @param range as in a `Range` header, "" for the whole
    /// @throws RelayRefusedException for 401, 403 and an address that may not be
    /// @throws IOException for any other answer than 200 and 206
    static HttpGet open(RelayTarget first, String range) throws IOException {
        Map<String, String> headers = range.isEmpty() ? Map.of() : Map.of("Range", range);
        RelayTarget target = first;
        while (true) {
            HttpCall call = HttpCall.send(target, "GET", headers, Bytes.EMPTY);
            switch (call.status()) {
                case 200, 206 -> {
                    return new HttpGet(target, call);
                }
                case 301, 302, 303, 307, 308 -> {
                    String location = call.header("location");
                    call.close();
                    if (location.isEmpty()) {
                        throw new IOException("HTTP %d without a Location".formatted(call.status()));
                    }
                    target = target.redirected(location);
                }
                case 401, 403 -> {
                    call.close();
                    throw new RelayRefusedException("HTTP %d".formatted(call.status()));
                }
                default -> {
                    call.close();
                    throw new IOException("HTTP %d".formatted(call.status()));
                }
            }
        }
    }

    /// Where it was found in the end.
    RelayTarget target() {
        return target;
    }

    int status() {
        return call.status();
    }

    String contentType() {
        return header("content-type").toLowerCase(Locale.ROOT);
    }

    /// As [HttpCall#header].
    String header(String name) {
        return call.header(name);
    }

    /// As [HttpCall#read].
    Bytes read(int most) throws IOException {
        return call.read(most);
    }

    @Override
    public void close() {
        call.close();
    }
}
