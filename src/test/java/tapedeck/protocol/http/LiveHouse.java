package tapedeck.protocol.http;

import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.media.Frame;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A server with nothing but live streams over HTTP, and publishers without a protocol.
final class LiveHouse implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 60;

    final Streams streams = new Streams();
    final HttpRoutes routes = new HttpRoutes();
    final HttpClient client = HttpClient.newHttpClient();
    private final LiveHttp live;
    private final HlsHttp hls;
    private final Rights rights;
    private final HttpServer server;

    LiveHouse() throws Exception {
        this(Settings.Rights.NONE);
    }

    LiveHouse(Settings.Rights rights) throws Exception {
        this(rights, KeptBytes.ofHeap());
    }

    LiveHouse(Settings.Rights rights, KeptBytes kept) throws Exception {
        this(rights, kept, HlsHttp.Past.NONE);
    }

    LiveHouse(Settings.Rights rights, KeptBytes kept, HlsHttp.Past past) throws Exception {
        this.rights = new Rights(rights);
        live = new LiveHttp(this.rights, streams, routes, kept);
        hls = new HlsHttp(this.rights, streams, routes, kept, past);
        server = new HttpServer(0, routes);
    }

    int port() {
        return server.port();
    }

    String url(String path) {
        return "http://127.0.0.1:%d%s".formatted(port(), path);
    }

    Publication publish(String name, Feedback feedback) throws NameTakenException {
        return streams.publish(
                new StreamName(name),
                new Publisher(
                        Publisher.Protocol.RTMP,
                        "test",
                        "test",
                        "test",
                        Publisher.RecordWish.NO,
                        Publisher.Expects.UNKNOWN),
                feedback);
    }

    Publication publish(String name) throws NameTakenException {
        return publish(name, Feedback.NONE);
    }

    HttpResponse<InputStream> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url(path))).build(), HttpResponse.BodyHandlers.ofInputStream());
    }

    HttpResponse<String> text(String method, String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url(path)))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// A connection that has asked for `path` and reads only what the test reads.
    Socket raw(String path, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(receiveBufferBytes);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()));
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
        socket.getOutputStream().write("GET %s HTTP/1.0\r\n\r\n".formatted(path).getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /// Those who play, not those who publish.
    List<Session> players() {
        return streams.sessions().stream()
                .filter(session -> session.report().direction() == SessionReport.Direction.PLAYS)
                .toList();
    }

    void awaitPlayers(int count) {
        await("%d players".formatted(count), () -> players().size() == count);
    }

    static void write(Publication publication, List<Frame> frames) {
        frames.forEach(publication::write);
    }

    @Override
    public void close() {
        server.close();
        live.close();
        hls.close();
        rights.close();
    }
}
