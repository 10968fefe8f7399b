package tapedeck.api;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import tapedeck.bytes.Bytes;
import tapedeck.mix.LiveMixers;
import tapedeck.mix.MixJobs;
import tapedeck.net.BoundPorts;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpHandler;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.RestCalls;
import tapedeck.record.Recordings;
import tapedeck.relay.PullControls;
import tapedeck.relay.Relays;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;
import tapedeck.transcode.Transcodes;

/// REST, console, recordings, health and metrics: adds its routes to the HTTP server's.
public final class Api implements AutoCloseable {
    /// What a page of this server may load: its own files, and pictures of its own camera. Nothing may frame it.
    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                    + "media-src 'self' blob: mediastream:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
                    + "frame-ancestors 'none'";

    /// Where the time comes from.
    record Clocks(InstantSource wall, LongSupplier nanos) {
        static final Clocks SYSTEM = new Clocks(InstantSource.system(), System::nanoTime);
    }

    private final Metrics metrics;
    private final Access access;
    private final CallLimit limit;
    private final RecordedHls hls;
    private final HttpRoutes routes;
    private final Commands commands;

    /// @param version of the server, for `/health`
    /// @param ports filled while the server opens them; read when somebody asks
    /// @throws IOException if the admin token can be neither read nor made
    /// @throws SettingsException if `http_trusted_proxies` names something that is no address
    public Api(
            HttpRoutes routes,
            Settings settings,
            Streams streams,
            Recordings recordings,
            Transcodes transcodes,
            Relays relays,
            BoundPorts ports,
            String version)
            throws IOException, SettingsException {
        this(routes, settings, streams, recordings, transcodes, relays, ports, version, Clocks.SYSTEM);
    }

    /// Where the admin token is.
    public static Path tokenFile(Path dataDir) {
        return dataDir.resolve(AdminToken.FILE_NAME);
    }

    Api(
            HttpRoutes routes,
            Settings settings,
            Streams streams,
            Recordings recordings,
            Transcodes transcodes,
            Relays relays,
            BoundPorts ports,
            String version,
            Clocks clocks)
            throws IOException, SettingsException {
        this.routes = routes;
        AdminToken token = AdminToken.open(settings.dataDir());
        access = new Access(settings.http(), token, clocks.wall(), clocks.nanos());
        limit = new CallLimit(access, settings.http().callsPerSecond(), clocks.nanos());
        SignedLinks links = new SignedLinks(token, clocks.wall());
        Bitrates bitrates = new Bitrates(clocks.nanos());
        streams.addListener(bitrates);
        metrics = new Metrics(streams, recordings, transcodes, limit, ports);
        streams.addListener(metrics);

        addSecurityHeaders();
        routes.add("GET", "/health", new Health(version, ports, access, clocks.wall())::handle);
        routes.add("GET", "/metrics", access.guarded(metrics::handle));
        Bytes description = resource("/openapi.json");
        routes.add("GET", "/openapi.json", exchange -> exchange.respond(200, "application/json", description));
        StreamCalls streamCalls = new StreamCalls(streams, recordings, bitrates, clocks.wall());
        addStreamCalls(streamCalls);
        SessionCalls sessions = new SessionCalls(streams, clocks.wall());
        routes.add("GET", SessionCalls.PATH, access.guarded(sessions::list));
        routes.add("GET", SessionCalls.PATH + "/*", access.guarded(sessions::one));
        routes.add("DELETE", SessionCalls.PATH + "/*", access.guarded(sessions::terminate));
        CatalogueCalls catalogue = new CatalogueCalls(recordings);
        routes.add("GET", CatalogueCalls.PATH, access.guarded(limit.query(catalogue::list)));
        routes.add("GET", CatalogueCalls.PATH + "/*", access.guarded(limit.query(catalogue::one)));
        routes.add("DELETE", CatalogueCalls.PATH + "/*", access.guarded(limit.command(catalogue::delete)));
        RecorderCalls recorderCalls = new RecorderCalls(recordings, links);
        addRecorderCalls(recorderCalls);
        addMultiRecorderCalls(new MultiRecorderCalls(recordings.multi()));
        hls = new RecordedHls(recordings, streams, settings.http().rewindSeconds(), clocks.nanos());
        RelayCalls relayCalls = new RelayCalls(relays);
        addRelayCalls(relayCalls);
        commands = new Commands(version, streamCalls, recorderCalls, relayCalls);
        routes.add("GET", Downloads.PREFIX + "*", new Downloads(recordings, settings, access, links, hls)::handle);
        new Console(access).addTo(routes);
    }

    /// Answers for what is recorded of a live stream: whoever calls this has asked whether the peer may play it.
    ///
    /// @param query goes behind the addresses in a playlist
    public void rewind(HttpExchange exchange, StreamName name, String file, String query) throws Exception {
        hls.rewind(exchange, name, file, query);
    }

    /// The same calls over the JSON command line, for whoever is on this machine.
    ///
    /// @param port 0 takes a free one
    public CommandLine commandLine(int port) throws IOException {
        return new CommandLine(port, commands);
    }

    CommandLine commandLine(ServerSocket listening) {
        return new CommandLine(listening, commands);
    }

    private void addSecurityHeaders() {
        routes.header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                .header("X-Content-Type-Options", "nosniff")
                .header("X-Frame-Options", "DENY")
                .header("Referrer-Policy", "no-referrer")
                .header("Cross-Origin-Resource-Policy", "same-origin")
                .header("Permissions-Policy", "camera=(self), microphone=(self)");
    }

    private void addStreamCalls(StreamCalls calls) {
        query("stream/find_all", calls::findAll);
        query("stream/find", calls::find);
        command("stream/terminate", calls::terminate);
    }

    private void addRecorderCalls(RecorderCalls calls) {
        command("stream/startRecording", calls::start);
        command("recorder/startup", calls::start);
        command("stream/stopRecording", calls::terminate);
        command("recorder/terminate", calls::terminate);
        query("recorder/find_all", calls::findActive);
        query("recording/find_all", limit.query(calls::findFinished));
        post("recording/sign", calls::sign);
    }

    private void addMultiRecorderCalls(MultiRecorderCalls calls) {
        command("multipleRecorder/startup", calls::start);
        command("multipleRecorder/add", calls::add);
        command("multipleRecorder/remove", calls::remove);
        command("multipleRecorder/terminate", calls::terminate);
        query("multipleRecorder/find_all", calls::findAll);
    }

    private void addRelayCalls(RelayCalls calls) {
        start("pull/startup", calls::pull);
        start("pull/pull", calls::pull);
        start("pull/push", calls::pushTo);
        start("push/startup", calls::push);
        start("rtsp/startup", calls::pullRtsp);
        control("pull/pause", body -> calls.control(body, PullControls::pause));
        control("pull/play", body -> calls.control(body, PullControls::play));
        control("pull/seek", body -> {
            long nanos = RelayCalls.positionNanos(body);
            calls.control(body, controls -> controls.seek(nanos));
        });
        addFinds("pull", calls, () -> {
            List<RelayCalls.Entry> all = new ArrayList<>(calls.allPulls());
            all.addAll(calls.allPushes());
            return all;
        });
        addFinds("push", calls, calls::allPushes);
        addFinds("rtsp", calls, calls::allRtsp);
    }

    /// The queue of mixes.
    ///
    /// @param folders in which recordings are looked for
    public void serve(MixJobs jobs, List<Path> folders) {
        MixCalls calls = new MixCalls(jobs, folders);
        command("offlineMixer/startup", calls::start);
        command("offlineMixer/terminate", calls::terminate);
        query("offlineMixer/find_all", calls::findAll);
    }

    /// The live mixers.
    public void serve(LiveMixers mixers) {
        MixerCalls calls = new MixerCalls(mixers);
        command("mixer/startup", calls::start);
        command("mixer/add", calls::add);
        command("mixer/remove", calls::remove);
        command("mixer/terminate", calls::terminate);
        query("mixer/find_all", calls::findAll);
    }

    /// What a protocol brings itself.
    public void serve(RestCalls calls) {
        String group = calls.group();
        command(
                group + "/startup",
                exchange ->
                        Json.respond(exchange, calls.startup(Json.body(exchange).texts())));
        query(group + "/find_all", exchange -> {
            Json.body(exchange);
            Json.respond(exchange, calls.all());
        });
        query(group + "/find", exchange -> Json.respond(exchange, found(calls, Json.body(exchange))));
        command(group + "/terminate", exchange -> {
            for (Map<String, Object> one : found(calls, Json.body(exchange))) {
                boolean _ = calls.terminate(String.valueOf(one.get("mediaSessionId")));
            }
            exchange.respond(200);
        });
    }

    /// Those with this `mediaSessionId`, or of this `streamName`.
    private static List<Map<String, Object>> found(RestCalls calls, Json.Body body) throws HttpProblem {
        Map<String, String> wanted = body.texts();
        List<Map<String, Object>> found = calls.all().stream()
                .filter(one -> List.of("mediaSessionId", "streamName").stream()
                        .anyMatch(key -> one.get(key) != null && one.get(key).equals(wanted.get(key))))
                .toList();
        if (found.isEmpty()) {
            throw new HttpProblem(404, "there is nothing of this mediaSessionId or streamName");
        }
        return found;
    }

    /// A call without an answer.
    private interface Control {
        void run(Json.Body body) throws HttpProblem;
    }

    private void control(String path, Control control) {
        command(path, exchange -> {
            control.run(Json.body(exchange));
            Json.respond(exchange, Map.of());
        });
    }

    private void start(String path, RelayCalls.Call call) {
        command(path, exchange -> Json.respond(exchange, call.answer(Json.body(exchange))));
    }

    private void addFinds(String group, RelayCalls calls, Supplier<List<RelayCalls.Entry>> all) {
        query(group + "/find_all", exchange -> {
            Json.body(exchange);
            Json.respond(exchange, all.get());
        });
        query(group + "/find", exchange -> Json.respond(exchange, calls.found(all.get(), Json.body(exchange))));
        command(group + "/terminate", exchange -> {
            calls.terminate(all.get(), Json.body(exchange));
            exchange.respond(200);
        });
    }

    /// A call that changes nothing: `@flashphoner/websdk` sends those without a body as GET.
    private void query(String path, HttpHandler handler) {
        post(path, handler);
        routes.add("GET", "/rest-api/" + path, access.guarded(handler));
    }

    private void command(String path, HttpHandler handler) {
        post(path, limit.command(handler));
    }

    private void post(String path, HttpHandler handler) {
        routes.add("POST", "/rest-api/" + path, access.guarded(handler));
    }

    private static Bytes resource(String name) throws IOException {
        try (InputStream in = Api.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is not in the build");
            }
            return Bytes.wrap(in.readAllBytes());
        }
    }

    @Override
    public void close() {
        metrics.close();
    }
}
