package tapedeck.protocol.fetch;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// One GET over HTTP/1.1 (RFC 9112), on a connection of its own: to the address that was checked, not to where the name
/// points a moment later. Redirects are followed as far as the target allows. Blocks; an interrupt closes the socket.
final class HttpGet implements AutoCloseable {
    static final int CONNECT_MILLIS = 10_000;
    /// A server that sends nothing for so long is gone.
    static final int READ_MILLIS = 10_000;

    static final int MAX_HEAD_BYTES = 32 * 1024;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final RelayTarget target;
    private final Socket socket;
    private final InputStream in;
    private final int status;
    private final Map<String, String> headers;
    private final boolean chunked;
    private long left;

    private HttpGet(RelayTarget target, Socket socket, InputStream in, int status, Map<String, String> headers) {
        this.target = target;
        this.socket = socket;
        this.in = in;
        this.status = status;
        this.headers = headers;
        chunked = headers.getOrDefault("transfer-encoding", "")
                .toLowerCase(Locale.ROOT)
                .contains("chunked");
        left = chunked ? 0 : length(headers.get("content-length"));
    }

    private static long length(@org.jspecify.annotations.Nullable String header) {
        if (header == null) {
            return Long.MAX_VALUE;
        }
        if (!header.matches("\\d{1,18}")) {
            throw new MalformedException("HTTP: Content-Length %s".formatted(header));
        }
        return Long.parseLong(header);
    }

    /// @param range as in a `Range` header, "" for the whole
    /// @throws RelayRefusedException for 401, 403 and an address that may not be
    /// @throws IOException for any other answer than 200 and 206
    static HttpGet open(RelayTarget first, String range) throws IOException {
        RelayTarget target = first;
        while (true) {
            HttpGet get = ask(target, range);
            switch (get.status) {
                case 200, 206 -> {
                    return get;
                }
                case 301, 302, 303, 307, 308 -> {
                    String location = get.headers.get("location");
                    get.close();
                    if (location == null) {
                        throw new IOException("HTTP %d without a Location".formatted(get.status));
                    }
                    target = target.redirected(location);
                }
                case 401, 403 -> {
                    get.close();
                    throw new RelayRefusedException("HTTP %d".formatted(get.status));
                }
                default -> {
                    get.close();
                    throw new IOException("HTTP %d".formatted(get.status));
                }
            }
        }
    }

    private static HttpGet ask(RelayTarget target, String range) throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(target.address(), CONNECT_MILLIS);
            socket.setSoTimeout(READ_MILLIS);
            socket.setTcpNoDelay(true);
            Socket spoken = target.scheme().equals("https") ? secured(target, socket) : socket;
            String path = target.uri().getRawPath() == null
                            || target.uri().getRawPath().isEmpty()
                    ? "/"
                    : target.uri().getRawPath();
            String query = target.uri().getRawQuery();
            StringBuilder request = new StringBuilder("GET ")
                    .append(path)
                    .append(query == null ? "" : "?" + query)
                    .append(" HTTP/1.1\r\nHost: ")
                    .append(target.hostAndPort())
                    .append("\r\nUser-Agent: Tapedeck\r\nAccept: */*\r\nConnection: close\r\n");
            if (!range.isEmpty()) {
                request.append("Range: ").append(range).append("\r\n");
            }
            target.login()
                    .ifPresent(login -> request.append("Authorization: Basic ")
                            .append(Base64.getEncoder()
                                    .encodeToString(
                                            (login.user() + ":" + login.password()).getBytes(StandardCharsets.UTF_8)))
                            .append("\r\n"));
            spoken.getOutputStream().write(request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
            return answered(target, spoken);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static Socket secured(RelayTarget target, Socket plain) throws IOException {
        SSLSocket tls = (SSLSocket) target.tls()
                .getSocketFactory()
                .createSocket(plain, target.host(), target.address().getPort(), true);
        // As the relay's own connections check names, `relay_tls_ca=none` included.
        SSLParameters parameters = target.tlsEngine().getSSLParameters();
        SSLParameters own = tls.getSSLParameters();
        own.setEndpointIdentificationAlgorithm(parameters.getEndpointIdentificationAlgorithm());
        tls.setSSLParameters(own);
        tls.startHandshake();
        return tls;
    }

    private static HttpGet answered(RelayTarget target, Socket socket) throws IOException {
        InputStream in = new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES);
        int[] room = {MAX_HEAD_BYTES};
        String status = line(in, room);
        if (!status.matches("(?:HTTP/1\\.[01]|ICY) \\d{3}(?: .*)?")) {
            throw new MalformedException(
                    "HTTP: no answer in \"%s\"".formatted(status.substring(0, Math.min(40, status.length()))));
        }
        Map<String, String> headers = new HashMap<>();
        for (String line = line(in, room); !line.isEmpty(); line = line(in, room)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).strip().toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
        }
        int code = Integer.parseInt(status.substring(status.indexOf(' ') + 1, status.indexOf(' ') + 4));
        return new HttpGet(target, socket, in, code, headers);
    }

    private static String line(InputStream in, int[] room) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("HTTP: the answer ended in its head");
            }
            if (--room[0] < 0) {
                throw new MalformedException("HTTP: a head of more than %d bytes".formatted(MAX_HEAD_BYTES));
            }
            line.append((char) c);
        }
        return line.toString().stripTrailing();
    }

    /// Where it was found in the end.
    RelayTarget target() {
        return target;
    }

    int status() {
        return status;
    }

    String contentType() {
        return headers.getOrDefault("content-type", "").toLowerCase(Locale.ROOT);
    }

    /// The next bytes, at least one; empty at the end.
    ///
    /// @throws IOException if it ends before it should, or nothing comes for [#READ_MILLIS]
    Bytes read(int most) throws IOException {
        if (chunked && left == 0) {
            nextChunk();
        }
        if (left <= 0) {
            return Bytes.EMPTY;
        }
        byte[] array = new byte[(int) Math.min(left, most)];
        int count = in.read(array);
        if (count < 0) {
            if (left == Long.MAX_VALUE) {
                left = 0;
                return Bytes.EMPTY;
            }
            throw new EOFException("HTTP: the body ended early");
        }
        left -= left == Long.MAX_VALUE ? 0 : count;
        if (chunked && left == 0) {
            line(in, new int[] {2});
        }
        return Bytes.wrap(array, 0, count);
    }

    /// RFC 9112 7.1. The last one has no bytes.
    private void nextChunk() throws IOException {
        String line = line(in, new int[] {1_024});
        String size = line.split(";", 2)[0].strip();
        if (!size.matches("[0-9a-fA-F]{1,8}")) {
            throw new MalformedException("HTTP: a chunk of size \"%s\"".formatted(size));
        }
        left = Long.parseLong(size, 16);
        if (left == 0) {
            left = -1;
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException _) {
            // It is given up.
        }
    }
}
