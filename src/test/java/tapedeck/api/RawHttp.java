package tapedeck.api;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// Requests that a proper client refuses to send: odd paths, foreign Host headers.
final class RawHttp {
    private static final int TIMEOUT_MILLIS = 60_000;

    record Response(int status, String head, String body) {}

    private RawHttp() {}

    static Response get(int port, String path, String... headerLines) throws IOException {
        String host = "Host: 127.0.0.1:" + port;
        StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\n");
        boolean ownHost = false;
        for (String line : headerLines) {
            request.append(line).append("\r\n");
            ownHost |= line.startsWith("Host:");
        }
        if (!ownHost) {
            request.append(host).append("\r\n");
        }
        return exchange(InetAddress.getLoopbackAddress(), port, request + "Connection: close\r\n\r\n");
    }

    static Response exchange(InetAddress address, int port, String request) throws IOException {
        try (Socket socket = open(address, port, request)) {
            String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            int end = text.indexOf("\r\n\r\n");
            return new Response(
                    Integer.parseInt(text.substring(9, 12)), text.substring(0, end), text.substring(end + 4));
        }
    }

    /// How many bytes come, heads included, without keeping them.
    static long count(int port, String path) throws IOException {
        try (Socket socket = open(port, path)) {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[16 * 1024];
            long total = 0;
            for (int read; (read = in.read(buffer)) >= 0; ) {
                total += read;
            }
            return total;
        }
    }

    static void hangUpAfterFirstBytes(int port, String path) throws IOException {
        try (Socket socket = open(port, path)) {
            socket.getInputStream().readNBytes(1000);
            socket.setSoLinger(true, 0);
        }
    }

    private static Socket open(int port, String path) throws IOException {
        return open(
                InetAddress.getLoopbackAddress(),
                port,
                "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }

    private static Socket open(InetAddress address, int port, String request) throws IOException {
        Socket socket = new Socket(address, port);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }
}
