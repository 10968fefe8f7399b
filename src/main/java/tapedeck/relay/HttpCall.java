package tapedeck.relay;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One request over HTTP/1.1 (RFC 9112), on a connection of its own: to the address that was checked, not to where the
/// name points a moment later. Blocks; an interrupt closes the socket. Redirects are for the caller to follow, by
/// [RelayTarget#redirected].
public final class HttpCall implements AutoCloseable {
    static final int CONNECT_MILLIS = 10_000;
    /// A server that sends nothing for so long is gone.
    static final int READ_MILLIS = 10_000;

    public static final int MAX_HEAD_BYTES = 32 * 1024;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final Socket socket;
    private final InputStream in;
    private final int status;
    private final Map<String, String> headers;
    private final boolean chunked;
    private long left;

    private HttpCall(Socket socket, InputStream in, int status, Map<String, String> headers) {
        this.socket = socket;
        this.in = in;
        this.status = status;
        this.headers = headers;
        chunked = headers.getOrDefault("transfer-encoding", "")
                .toLowerCase(Locale.ROOT)
                .contains("chunked");
        left = chunked ? 0 : length(headers.get("content-length"));
    }

    private static long length(@Nullable String header) {
        if (header == null) {
            return Long.MAX_VALUE;
        }
        if (!header.matches("\\d{1,18}")) {
            throw new MalformedException("HTTP: Content-Length %s".formatted(header));
        }
        return Long.parseLong(header);
    }

    /// Asks, and reads the head of the answer, whatever its status.
    ///
    /// @param headers beside those that every request has. User and password of the target are given as Basic
    ///     where there is no `Authorization` among them
    /// @param body empty where the method has none
    public static HttpCall send(RelayTarget target, String method, Map<String, String> headers, Bytes body)
            throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(target.address(), CONNECT_MILLIS);
            socket.setSoTimeout(READ_MILLIS);
            socket.setTcpNoDelay(true);
            Socket spoken = target.isEncrypted() ? secured(target, socket) : socket;
            OutputStream out = spoken.getOutputStream();
            out.write(new ByteWriter()
                    .utf8(head(target, method, headers, body.length()))
                    .bytes(body)
                    .toByteArray());
            return answered(spoken);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static String head(RelayTarget target, String method, Map<String, String> headers, int bodyBytes)
            throws IOException {
        String path = target.uri().getRawPath();
        String query = target.uri().getRawQuery();
        Map<String, String> all = new LinkedHashMap<>();
        all.put("Host", target.hostAndPort());
        all.put("User-Agent", "Tapedeck");
        all.put("Accept", "*/*");
        all.put("Connection", "close");
        if (bodyBytes > 0) {
            all.put("Content-Length", String.valueOf(bodyBytes));
        }
        target.login().ifPresent(login -> all.put("Authorization", basic(login)));
        all.putAll(headers);
        StringBuilder text = new StringBuilder(method)
                .append(' ')
                .append(path == null || path.isEmpty() ? "/" : path)
                .append(query == null ? "" : "?" + query)
                .append(" HTTP/1.1\r\n");
        for (Map.Entry<String, String> header : all.entrySet()) {
            if (header.getValue().chars().anyMatch(Character::isISOControl)) {
                throw new IOException("%s: control characters are not allowed".formatted(header.getKey()));
            }
            text.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        return text.append("\r\n").toString();
    }

    private static String basic(RelayTarget.Login login) {
        String both = login.user() + ":" + login.password();
        return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
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

    private static HttpCall answered(Socket socket) throws IOException {
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
        return new HttpCall(socket, in, code, headers);
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

    public int status() {
        return status;
    }

    /// "" where there is none.
    ///
    /// @param name in small letters
    public String header(String name) {
        return headers.getOrDefault(name, "");
    }

    /// The next bytes of the answer's body, at least one; empty at the end.
    ///
    /// @throws IOException if it ends before it should, or nothing comes for [#READ_MILLIS]
    public Bytes read(int most) throws IOException {
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

    /// The whole body.
    ///
    /// @throws MalformedException if it is longer
    public Bytes body(int most) throws IOException {
        ByteWriter whole = new ByteWriter();
        for (Bytes some = read(most + 1); !some.isEmpty(); some = read(most + 1)) {
            whole.bytes(some);
            if (whole.length() > most) {
                throw new MalformedException("HTTP: an answer of more than %d bytes".formatted(most));
            }
        }
        return whole.toBytes();
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
