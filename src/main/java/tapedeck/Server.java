package tapedeck;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.api.Api;
import tapedeck.api.CommandLine;
import tapedeck.database.Database;
import tapedeck.mix.EncoderCheck;
import tapedeck.mix.LiveMixers;
import tapedeck.mix.MixJobs;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.net.http.TrustedProxies;
import tapedeck.net.tls.ServerTls;
import tapedeck.net.udp.PortPairs;
import tapedeck.protocol.fetch.FilePull;
import tapedeck.protocol.fetch.HttpPull;
import tapedeck.protocol.fetch.SocketPull;
import tapedeck.protocol.http.HlsHttp;
import tapedeck.protocol.http.KeptBytes;
import tapedeck.protocol.http.LiveHttp;
import tapedeck.protocol.ingest.IngestHttp;
import tapedeck.protocol.liveflv.LiveFlvServer;
import tapedeck.protocol.mpegts.MpegTsServer;
import tapedeck.protocol.mpegts.TsPush;
import tapedeck.protocol.rtmp.RtmpRelayClient;
import tapedeck.protocol.rtmp.RtmpServer;
import tapedeck.protocol.rtmp.RtmptServer;
import tapedeck.protocol.rtp.RtpEndpoints;
import tapedeck.protocol.rtp.RtpPush;
import tapedeck.protocol.rtsp.RtspPull;
import tapedeck.protocol.rtsp.RtspPush;
import tapedeck.protocol.rtsp.RtspServer;
import tapedeck.protocol.webrtc.WebRtcServer;
import tapedeck.protocol.webrtc.WhipPush;
import tapedeck.record.Recordings;
import tapedeck.relay.Relays;
import tapedeck.rights.PlainEntrance;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.stream.Streams;
import tapedeck.transcode.Transcodes;

/// The running server: every room opened in order, and closed in reverse.
public final class Server implements AutoCloseable {
    /// As in pom.xml.
    public static final String VERSION = "0.1.0";

    /// The settings of all ports that are bound unless they are turned off.
    static final List<String> PORTS = List.of(
            "http_port",
            "https_port",
            "ws_port",
            "rtmp_port",
            "rtsp_port",
            "rtsps_port",
            "mpegts_port",
            "liveflv_port",
            "webrtc_port",
            "cli_port",
            "rtmps_port");

    private static final Logger log = LoggerFactory.getLogger(Server.class);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final BoundPorts ports = new BoundPorts();
    private final HttpRoutes routes = new HttpRoutes();
    private final Streams streams = new Streams();
    private final Database database;
    private final Transcodes transcodes;
    private final Recordings recordings;

    private Server(Settings settings) throws SettingsException {
        // The database is closed after the recordings, which tell it their ends.
        database = opened(database(settings));
        transcodes = opened(new Transcodes(settings.recording().aac()));
        recordings = opened(folders(settings, streams, transcodes));
    }

    /// Opens everything that `settings` ask for; on a failure all that was opened is closed again.
    public static Server open(Settings settings) throws Exception {
        Server server = new Server(settings);
        try {
            server.openAll(settings);
            return server;
        } catch (Exception | Error failure) {
            server.close();
            throw failure;
        }
    }

    private static Database database(Settings settings) throws SettingsException {
        try {
            Files.createDirectories(settings.dataDir());
            return new Database(settings.database(), settings.dataDir());
        } catch (IOException e) {
            throw new SettingsException("data_dir=%s: cannot be used: %s".formatted(settings.dataDir(), e));
        }
    }

    private static Recordings folders(Settings settings, Streams streams, Transcodes transcodes)
            throws SettingsException {
        try {
            return new Recordings(settings, streams, transcodes);
        } catch (IOException e) {
            throw new SettingsException("data_dir=%s, record_dir=%s, record_tmp_dir=%s: cannot be used: %s"
                    .formatted(
                            settings.dataDir(),
                            settings.recording().dir(),
                            settings.recording().tmpDir(),
                            e));
        }
    }

    public BoundPorts ports() {
        return ports;
    }

    /// What HTTP serves.
    List<String> routes() {
        return routes.all();
    }

    public Streams streams() {
        return streams;
    }

    private void openAll(Settings settings) throws Exception {
        if (!recordings.isAlone()) {
            throw new SettingsException("data_dir=%s, record_tmp_dir=%s: another server uses this folder"
                    .formatted(settings.dataDir(), settings.recording().tmpDir()));
        }
        OptionalInt httpPort = settings.http().port().number();
        if (httpPort.isPresent() && httpPort.getAsInt() > 0) {
            // What is recovered has hooks.
            tellHooks(settings, httpPort.getAsInt());
        }
        int recovered = recordings.recover();
        if (recovered > 0) {
            log.info("{} recordings that were left open are finished", recovered);
        }
        recordings.keepCatalogue(database);
        if (settings.recording().mp4().audio() == Settings.Mp4Audio.AAC) {
            transcodes.warmUp();
        }
        EventLoops loops = opened(new EventLoops(Runtime.getRuntime().availableProcessors()));
        // Where firewalls let nothing but this through, the console need not be.
        HttpRoutes tunnelRoutes = new HttpRoutes();
        Rights rights = opened(
                new Rights(settings.rights(), TrustedProxies.of(settings.http().trustedProxies())));
        PortPairs rtpPorts =
                new PortPairs(settings.rtsp().firstRtpPort(), settings.rtsp().lastRtpPort(), loops);
        Relays relays = relays(settings, loops, rtpPorts);
        openRtmp(settings, rights, loops, List.of(routes, tunnelRoutes));
        openRtsp(settings, rights, loops, rtpPorts);
        openPlain(settings.ingest(), rights, loops);
        OptionalInt webRtcPort = settings.webrtc().port().number();
        if (webRtcPort.isPresent()) {
            bound(
                    "webrtc_port",
                    webRtcPort,
                    () -> opened(new WebRtcServer(settings.webrtc(), rights, loops, streams, routes, ports)));
        }
        KeptBytes kept = KeptBytes.ofHeap();
        opened(new LiveHttp(rights, streams, routes, kept));
        opened(new IngestHttp(rights, streams, routes));
        Api api = opened(new Api(routes, settings, streams, recordings, transcodes, relays, ports, VERSION));
        api.serve(opened(new RtpEndpoints(loops, rtpPorts, streams, relays)));
        EncoderCheck encoders = new EncoderCheck();
        api.serve(
                opened(new MixJobs(
                        database,
                        Path.of("conf", "offline_mixer.json"),
                        encoders,
                        Runtime.getRuntime().availableProcessors())),
                List.of(settings.recording().multiDir(), settings.recording().dir()));
        api.serve(opened(new LiveMixers(streams, Path.of("conf", "mixer.json"), encoders)));
        openCommandLine(settings, api);
        opened(new HlsHttp(rights, streams, routes, kept, api::rewind));
        openHttp(settings, routes, tunnelRoutes);
        relays.startConfigured();
    }

    private void openHttp(Settings settings, HttpRoutes routes, HttpRoutes tunnelRoutes) throws Exception {
        OptionalInt port = settings.http().port().number();
        if (port.isPresent()) {
            HttpServer http = bound("http_port", port, () -> opened(new HttpServer(port.getAsInt(), routes)));
            ports.add("HTTP", "tcp", http.port());
            tellHooks(settings, http.port());
        }
        OptionalInt tlsPort = settings.http().tlsPort().number();
        if (tlsPort.isPresent()) {
            Optional<ServerTls> tls = Optional.of(tls(settings));
            HttpServer https =
                    bound("https_port", tlsPort, () -> opened(new HttpServer(tlsPort.getAsInt(), tls, routes)));
            ports.add("HTTPS", "tcp", https.port());
        }
        OptionalInt tunnelPort = settings.http().tunnelPort().number();
        if (tunnelPort.isPresent() && !tunnelRoutes.all().isEmpty()) {
            HttpServer tunnel =
                    bound("ws_port", tunnelPort, () -> opened(new HttpServer(tunnelPort.getAsInt(), tunnelRoutes)));
            ports.add("RTMPT", "tcp", tunnel.port());
        }
    }

    private void tellHooks(Settings settings, int httpPort) {
        recordings.reachable(URI.create("http://127.0.0.1:" + httpPort), Api.tokenFile(settings.dataDir()));
    }

    private void openRtmp(Settings settings, Rights rights, EventLoops loops, List<HttpRoutes> routes)
            throws Exception {
        OptionalInt port = settings.rtmp().port().number();
        if (port.isPresent()) {
            RtmptServer tunnels = opened(new RtmptServer(rights, loops, streams));
            routes.forEach(tunnels::serve);
            bound("rtmp_port", port, () -> opened(new RtmpServer(port.getAsInt(), rights, loops, streams, ports)));
        }
        OptionalInt tlsPort = settings.rtmp().tlsPort().number();
        if (tlsPort.isPresent()) {
            Optional<ServerTls> tls = Optional.of(tls(settings));
            bound(
                    "rtmps_port",
                    tlsPort,
                    () -> opened(new RtmpServer(tlsPort.getAsInt(), tls, rights, loops, streams, ports)));
        }
    }

    /// The ways in that have no place for a password.
    private void openPlain(Settings.Ingest settings, Rights rights, EventLoops loops) throws Exception {
        OptionalInt mpegTsPort = settings.mpegTs().number();
        if (mpegTsPort.isPresent()) {
            bound(
                    "mpegts_port",
                    mpegTsPort,
                    () -> opened(new MpegTsServer(mpegTsPort.getAsInt(), settings, rights, loops, streams, ports)));
        }
        OptionalInt liveFlvPort = settings.liveFlv().number();
        if (liveFlvPort.isPresent()) {
            PlainEntrance entrance = new PlainEntrance(rights, settings.exempt(), "liveflv");
            bound(
                    "liveflv_port",
                    liveFlvPort,
                    () -> opened(new LiveFlvServer(liveFlvPort.getAsInt(), entrance, loops, streams, ports)));
        }
    }

    /// Who wants a token from everybody wants no way around it.
    private void openCommandLine(Settings settings, Api api) throws Exception {
        OptionalInt port = settings.cli().number();
        if (port.isPresent() && settings.http().trustLoopback()) {
            CommandLine commands = bound("cli_port", port, () -> opened(api.commandLine(port.getAsInt())));
            ports.add("CLI", "tcp", commands.port());
        }
    }

    /// Whatever can fetch streams and send them.
    private Relays relays(Settings settings, EventLoops loops, PortPairs rtpPorts) throws SettingsException {
        RtmpRelayClient rtmp = new RtmpRelayClient(loops);
        return opened(new Relays(settings.relays(), streams))
                .pullWith(rtmp)
                .pullWith(new RtspPull(loops, rtpPorts))
                .pullWith(new SocketPull(loops))
                .pullWith(new HttpPull())
                .pullWith(new FilePull(settings.ingest().files()))
                .pushWith(rtmp)
                .pushWith(new RtspPush(loops, rtpPorts))
                .pushWith(new RtpPush(loops, rtpPorts))
                .pushWith(new TsPush(loops))
                .pushWith(new WhipPush(loops, streams));
    }

    private void openRtsp(Settings settings, Rights rights, EventLoops loops, PortPairs rtpPorts) throws Exception {
        OptionalInt rtspPort = settings.rtsp().port().number();
        if (rtspPort.isPresent()) {
            int port = rtspPort.getAsInt();
            bound(
                    "rtsp_port",
                    rtspPort,
                    () -> opened(new RtspServer(port, Optional.empty(), rtpPorts, rights, loops, streams, ports)));
        }
        OptionalInt rtspsPort = settings.rtsp().securePort().number();
        if (rtspsPort.isPresent()) {
            int port = rtspsPort.getAsInt();
            Optional<ServerTls> tls = Optional.of(tls(settings));
            bound(
                    "rtsps_port",
                    rtspsPort,
                    () -> opened(new RtspServer(port, tls, rtpPorts, rights, loops, streams, ports)));
        }
    }

    private static ServerTls tls(Settings settings) throws SettingsException {
        try {
            return ServerTls.of(settings.dataDir(), settings.tls());
        } catch (IOException e) {
            throw new SettingsException("tls_certificate: " + e.getMessage());
        }
    }

    /// A port that is taken is said in one line, like any other setting that cannot be used.
    private static <T> T bound(String key, OptionalInt port, Callable<T> room) throws Exception {
        try {
            return room.call();
        } catch (Exception e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof IOException) {
                    throw new SettingsException(
                            "%s=%d: cannot be bound: %s".formatted(key, port.orElse(0), cause.getMessage()));
                }
            }
            throw e;
        }
    }

    public Transcodes transcodes() {
        return transcodes;
    }

    public Recordings recordings() {
        return recordings;
    }

    private <T extends AutoCloseable> T opened(T room) {
        open.push(room);
        return room;
    }

    /// Stops taking connections, ends the streams, finishes every open recording. Again without effect.
    @Override
    public void close() {
        while (!open.isEmpty()) {
            AutoCloseable room = open.pop();
            try {
                room.close();
            } catch (Exception e) {
                log.warn("{} did not close well", room.getClass().getSimpleName(), e);
            }
        }
    }
}
