package tapedeck.api;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import tapedeck.bytes.Bytes;
import tapedeck.database.Database;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.mix.EncoderCheck;
import tapedeck.mix.LiveMixers;
import tapedeck.mix.MixJobs;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.net.http.TrustedProxies;
import tapedeck.protocol.webrtc.WebRtcServer;
import tapedeck.record.Recordings;
import tapedeck.relay.Relays;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsSource;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;
import tapedeck.transcode.Transcodes;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The real server around the API, on a free port, with a clock that tests move.
final class ApiServer implements AutoCloseable {
    static final JsonMapper JSON = new JsonMapper();

    final Path dir;
    final Streams streams = new Streams();
    final BoundPorts ports = new BoundPorts();
    final Recordings recordings;
    final Database database;
    final HttpRoutes routes = new HttpRoutes();
    final HttpServer http;
    final Settings settings;
    final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    final AtomicLong nanos = new AtomicLong(1);
    final HttpClient client = HttpClient.newHttpClient();
    private final Transcodes transcodes;
    private final MixJobs jobs;
    private final LiveMixers mixers;
    final Relays relays;
    private final Api api;
    private EventLoops loops;
    private WebRtcServer webRtc;

    /// @param assignments settings as on the command line
    ApiServer(Path dir, String... assignments) throws Exception {
        this.dir = dir;
        List<String> all = new ArrayList<>(List.of(
                "data_dir=" + dir,
                "http_port=0",
                "webrtc_port=0",
                "webrtc_pre_init=false",
                "record_dir=" + dir.resolve("records"),
                "file_recorder_min_space=1m",
                "on_record_hook_script="));
        all.addAll(List.of(assignments));
        settings = SettingsSource.read(dir.resolve("none.properties"), Map.of(), all);
        recordings = new Recordings(settings, streams);
        database = new Database(settings.database(), settings.dataDir());
        recordings.keepCatalogue(database);
        transcodes = new Transcodes(settings.recording().aac());
        relays = new Relays(settings.relays(), streams);
        api = new Api(
                routes,
                settings,
                streams,
                recordings,
                transcodes,
                relays,
                ports,
                "1.2.3",
                new Api.Clocks(now::get, nanos::get));
        jobs = new MixJobs(database, dir.resolve("offline_mixer.json"), new EncoderCheck(), 1);
        api.serve(jobs, List.of(settings.recording().dir()));
        mixers = new LiveMixers(streams, dir.resolve("mixer.json"), new EncoderCheck());
        api.serve(mixers);
        http = new HttpServer(0, routes);
        ports.add("HTTP", "tcp", http.port());
    }

    String url(String path) {
        return "http://127.0.0.1:" + http.port() + path;
    }

    String token() throws IOException {
        return Files.readString(dir.resolve(AdminToken.FILE_NAME)).strip();
    }

    Path record(String fileName, byte[] content) throws IOException {
        return Files.write(settings.recording().dir().resolve(fileName), content);
    }

    /// @param headers names and values by turns
    HttpResponse<byte[]> send(String method, String path, String body, String... headers) throws Exception {
        return sendTo(url(path), method, body, headers);
    }

    HttpResponse<byte[]> sendTo(String url, String method, String body, String... headers) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url)).method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    HttpResponse<byte[]> get(String path, String... headers) throws Exception {
        return send("GET", path, "", headers);
    }

    HttpResponse<byte[]> post(String path, String body, String... headers) throws Exception {
        return send("POST", path, body, headers);
    }

    static String text(HttpResponse<byte[]> response) {
        return Bytes.wrap(response.body()).toUtf8();
    }

    static JsonNode json(HttpResponse<byte[]> response) {
        return JSON.readTree(response.body());
    }

    Publication publish(String name, Feedback feedback) throws Exception {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP,
                "127.0.0.1:50000",
                "session-" + name,
                "somebody",
                Publisher.RecordWish.NO,
                Publisher.Expects.BOTH);
        return streams.publish(new StreamName(name), publisher, feedback);
    }

    static final Track VIDEO = new Track(
            Track.VIDEO, new Codec.H264(List.of(Bytes.ofHex("67420029")), List.of(Bytes.ofHex("68ce")), 1280, 720));
    static final Track AUDIO = new Track(Track.AUDIO, new Codec.Aac(Bytes.ofHex("1210"), 44_100, 2));

    static Frame frame(Track track, long millis, int sizeBytes) {
        return new Frame(track, millis * 1_000_000, millis * 1_000_000, true, Bytes.wrap(new byte[sizeBytes]));
    }

    CommandLine commandLine() throws IOException {
        return api.commandLine(0);
    }

    CommandLine commandLine(ServerSocket listening) {
        return api.commandLine(listening);
    }

    /// Streams from browsers too.
    void openWebRtc() {
        EventLoops opened = new EventLoops(1);
        loops = opened;
        webRtc = new WebRtcServer(
                settings.webrtc(), new Rights(settings.rights(), TrustedProxies.NONE), opened, streams, routes, ports);
    }

    Access access() throws Exception {
        return new Access(settings.http(), AdminToken.open(settings.dataDir()), now::get, nanos::get);
    }

    @Override
    public void close() throws Exception {
        if (webRtc != null) {
            webRtc.close();
            loops.close();
        }
        http.close();
        relays.close();
        api.close();
        mixers.close();
        jobs.close();
        recordings.close();
        transcodes.close();
        database.close();
        client.close();
    }
}
