package tapedeck.peers;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;

/// Makes RTMPT of RTMP: whoever connects here gets to a server over HTTP, one connection, one session.
public final class RtmptPipe implements AutoCloseable {
    private static final int POLL_MILLIS = 10;
    private static final String TYPE = "application/x-fcs";

    private final ServerSocket listening = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    private final HttpClient http = HttpClient.newHttpClient();
    private final URI server;

    /// @param httpPort of a server on this machine
    public RtmptPipe(int httpPort) throws IOException {
        server = URI.create("http://127.0.0.1:" + httpPort);
        Thread.ofVirtual().name("rtmpt-pipe").start(() -> {
            try {
                while (true) {
                    Socket socket = listening.accept();
                    Thread.ofVirtual().name("rtmpt-pipe-connection").start(() -> pipe(socket));
                }
            } catch (IOException e) {
                // Closed.
            }
        });
    }

    public int port() {
        return listening.getLocalPort();
    }

    private void pipe(Socket socket) {
        try (socket) {
            socket.setSoTimeout(POLL_MILLIS);
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[256 * 1024];
            String session = new String(post("/open/1", new byte[1]).body()).strip();
            for (long number = 0; ; number++) {
                int count;
                try {
                    count = in.read(buffer);
                } catch (SocketTimeoutException e) {
                    count = 0;
                }
                if (count < 0) {
                    post("/close/" + session + "/" + number, new byte[1]);
                    return;
                }
                HttpResponse<byte[]> answer = count == 0
                        ? post("/idle/" + session + "/" + number, new byte[1])
                        : post("/send/" + session + "/" + number, Arrays.copyOf(buffer, count));
                if (answer.statusCode() != 200) {
                    return;
                }
                socket.getOutputStream().write(answer.body(), 1, answer.body().length - 1);
            }
        } catch (IOException | InterruptedException e) {
            // One of both sides is gone.
        }
    }

    private HttpResponse<byte[]> post(String path, byte[] body) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(server.resolve(path))
                        .header("Content-Type", TYPE)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    /// Takes no more connections; those that are there say their last words.
    @Override
    public void close() throws IOException {
        listening.close();
    }
}
