package tapedeck.protocol.rtsp;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import tapedeck.bytes.Bytes;

/// An RTSP server that says what a test tells it to, whatever that is.
final class ScriptedServer implements AutoCloseable {
    record Request(String method, String uri, Map<String, String> headers, String body) {
        String header(String name) {
            return headers.getOrDefault(name, "");
        }

        /// An answer with the request's number.
        String answer(String status, String body, String... headers) {
            StringBuilder text = new StringBuilder("RTSP/1.0 %s\r\nCSeq: %s\r\n".formatted(status, header("cseq")));
            for (String header : headers) {
                text.append(header).append("\r\n");
            }
            if (!body.isEmpty()) {
                text.append("Content-Length: ").append(body.length()).append("\r\n");
            }
            return text.append("\r\n").append(body).toString();
        }
    }

    /// What it says to one peer.
    interface Script {
        /// @param wire to the peer
        void request(Request request, Wire wire) throws IOException;
    }

    record Wire(Socket socket) {
        void say(String text) throws IOException {
            raw(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        void raw(byte[] bytes) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
        }

        void packet(int channel, Bytes packet) throws IOException {
            byte[] framed = new byte[4 + packet.length()];
            framed[0] = '$';
            framed[1] = (byte) channel;
            framed[2] = (byte) (packet.length() >> 8);
            framed[3] = (byte) packet.length();
            packet.copyTo(0, framed, 4, packet.length());
            raw(framed);
        }

        void close() throws IOException {
            socket.close();
        }
    }

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Script script;
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    ScriptedServer(Script script) throws IOException {
        this.script = script;
        Thread.ofVirtual().start(this::accept);
    }

    String url(String path) {
        return "rtsp://127.0.0.1:%d/%s".formatted(server.getLocalPort(), path);
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    int connections() {
        return open.size();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException _) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (Request request = read(in); request != null; request = read(in)) {
                requests.add(request);
                script.request(request, new Wire(socket));
            }
        } catch (IOException _) {
            // The peer went away.
        }
    }

    private static Request read(InputStream in) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
            if (line.startsWith("$")) {
                continue;
            }
            lines.add(line);
        }
        if (lines.isEmpty()) {
            return null;
        }
        Map<String, String> headers = new HashMap<>();
        for (String line : lines.subList(1, lines.size())) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        String[] words = lines.getFirst().split(" ", 3);
        return new Request(words[0], words[1], headers, new String(body, StandardCharsets.UTF_8));
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                return null;
            }
            line.append((char) next);
        }
        return line.toString().strip();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
