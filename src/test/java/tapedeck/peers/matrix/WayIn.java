package tapedeck.peers.matrix;

import static tapedeck.peers.matrix.Clip.Codecs.AAC;
import static tapedeck.peers.matrix.Clip.Codecs.AV1_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.H264;
import static tapedeck.peers.matrix.Clip.Codecs.H264_AAC;
import static tapedeck.peers.matrix.Clip.Codecs.H264_AC3;
import static tapedeck.peers.matrix.Clip.Codecs.H264_G722;
import static tapedeck.peers.matrix.Clip.Codecs.H264_MP3;
import static tapedeck.peers.matrix.Clip.Codecs.H264_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.H264_PCMA;
import static tapedeck.peers.matrix.Clip.Codecs.H264_PCMU;
import static tapedeck.peers.matrix.Clip.Codecs.H265_AAC;
import static tapedeck.peers.matrix.Clip.Codecs.H265_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.VP8_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.VP9_OPUS;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tapedeck.peers.Await;
import tapedeck.peers.Browser;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Listening;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;

/// How a stream comes, sent by a real program in real time as it is.
enum WayIn {
    RTMP("RTMP", EnumSet.of(H264_AAC, H265_AAC, VP9_OPUS, AV1_OPUS, H264_MP3, H264_PCMA, H264_PCMU, H264, AAC)),
    RTMP_FFMPEG5("RTMP (ffmpeg 5.1)", EnumSet.of(H264_AAC)),
    RTMPS("RTMPS", EnumSet.of(H264_AAC)),
    RTMPT("RTMPT", EnumSet.of(H264_AAC)),
    RTSP_TCP(
            "RTSP over TCP",
            EnumSet.of(
                    H264_AAC, H264_OPUS, H265_AAC, VP8_OPUS, VP9_OPUS, AV1_OPUS, H264_MP3, H264_PCMA, H264_PCMU,
                    H264_G722, H264, AAC)),
    RTSP_UDP("RTSP over UDP", EnumSet.of(H264_AAC, H264_OPUS, H265_AAC, VP8_OPUS, VP9_OPUS, AV1_OPUS)),
    RTSP_LATM("RTSP over TCP, AAC as LATM", EnumSet.of(H264_AAC)),
    RTSPS("RTSPS", EnumSet.of(H264_AAC)),
    RTSP_FFMPEG5("RTSP over TCP (ffmpeg 5.1)", EnumSet.of(H264_AAC, VP8_OPUS)),
    TS_TCP("MPEG-TS over TCP", EnumSet.of(H264_AAC, H264_OPUS, H265_AAC, H264_MP3, H264_AC3)),
    TS_LATM("MPEG-TS over TCP, AAC as LATM", EnumSet.of(H264_AAC)),
    TS_UDP("MPEG-TS over UDP", EnumSet.of(H264_AAC, H265_AAC)),
    TS_MULTICAST("MPEG-TS, multicast", EnumSet.of(H264_AAC)),
    LIVE_FLV("LiveFLV", EnumSet.of(H264_AAC, H265_AAC, VP9_OPUS, AV1_OPUS)),
    RTP("RTP", EnumSet.of(H264_OPUS, H265_AAC, VP8_OPUS, H264_PCMA)),
    SRTP("SRTP (SDES)", EnumSet.of(H264_OPUS)),
    HTTP_WEBM("HTTP, WebM", EnumSet.of(VP8_OPUS, VP9_OPUS, AV1_OPUS)),
    HTTP_MP4("HTTP, MP4", EnumSet.of(H264_AAC, H264_OPUS, H265_AAC)),
    INGEST_CHROMIUM("WebSocket, WebM (Chromium)", EnumSet.of(VP8_OPUS, H264_OPUS)),
    WHIP_FFMPEG("WHIP (ffmpeg)", EnumSet.of(H264_OPUS)),
    WHIP_GSTREAMER("WHIP (GStreamer)", EnumSet.of(VP8_OPUS, VP9_OPUS, H264_OPUS, H265_OPUS)),
    WHIP_CHROMIUM("WHIP (Chromium)", EnumSet.of(VP8_OPUS, H264_OPUS, VP9_OPUS, AV1_OPUS)),
    /// Its H.264 is a program of its own, which it fetches from the net.
    WHIP_FIREFOX("WHIP (Firefox)", EnumSet.of(VP8_OPUS)),
    PULL_RTMP("pull, RTMP", EnumSet.of(H264_AAC, AV1_OPUS, VP8_OPUS)),
    PULL_RTSP("pull, RTSP", EnumSet.of(H264_AAC, VP8_OPUS)),
    PULL_HLS("pull, HLS", EnumSet.of(H264_AAC, VP9_OPUS)),
    PULL_TS("pull, MPEG-TS over TCP", EnumSet.of(H264_AAC, H265_AAC)),
    PULL_TS_UDP("pull, MPEG-TS over UDP", EnumSet.of(H264_AAC)),
    PULL_FLV("pull, FLV over HTTP", EnumSet.of(H264_AAC)),
    PULL_MP4("pull, MP4 over HTTP", EnumSet.of(H264_AAC, VP9_OPUS)),
    PULL_FILE("pull, file", EnumSet.of(H264_AAC, H264_OPUS, VP8_OPUS));

    private static final String MP4 = "-f mp4 -movflags empty_moov+default_base_moof -frag_duration 200000 ";
    private static final String WEBM = "-f webm -cluster_time_limit 200 -method PUT";
    private static final String RTSP = "-strict experimental -f rtsp -rtsp_transport ";
    private static final String SUITE = "AES_CM_128_HMAC_SHA1_80";
    /// Of 16 bytes and its salt of 14.
    private static final String KEY = "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9mIHR3byBz";

    /// One file each second, as soon as it is there.
    private static final String SEGMENTS = "-f hls -hls_time 1 -hls_list_size 0 -hls_segment_type ";

    /// GStreamer's.
    private static final String IN_TIME =
            "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! identity sync=true";

    final String title;
    /// What the program can send on this way.
    final Set<Clip.Codecs> codecs;

    WayIn(String title, Set<Clip.Codecs> codecs) {
        this.title = title;
        this.codecs = codecs;
    }

    /// What this way is used for most.
    Clip.Codecs usual() {
        return codecs.iterator().next();
    }

    /// Whether a browser encodes what it sends: nobody else knows its packets.
    boolean encodes() {
        return this == INGEST_CHROMIUM || this == WHIP_CHROMIUM || this == WHIP_FIREFOX;
    }

    /// Whether its picture flashes when its sound beeps. Firefox without a sound card has no clock for the beeps: it
    /// sends its own fake camera and tone.
    boolean flashes() {
        return this != WHIP_FIREFOX;
    }

    /// Whether the program drops what it has not sent yet when it ends: what players get is compared with the
    /// recording, and that with the clip.
    boolean losesLast() {
        return this == RTMPT;
    }

    /// Whether whoever sends waits until it is listened to.
    boolean isWhole() {
        return !(encodes()
                || this == PULL_RTMP
                || this == PULL_RTSP
                || this == PULL_HLS
                || this == RTP
                || this == SRTP
                || this == TS_MULTICAST);
    }

    /// Sends the clip, or lets it be fetched, as stream `name`.
    Sender start(Scene scene, Clip clip, String name, Path log) throws Exception {
        return switch (this) {
            case INGEST_CHROMIUM -> {
                String type = "video/webm;codecs=%s,opus".formatted(clip.codecs() == VP8_OPUS ? "vp8" : "h264");
                String to = ingest(scene.server(), name) + "&session=one";
                yield new Sender.OfPage(
                        Browser.CHROMIUM,
                        "seconds=%d&by=socket&ingest=%s&mime=%s".formatted(Clip.SECONDS, encoded(to), encoded(type)));
            }
            case WHIP_CHROMIUM, WHIP_FIREFOX -> {
                String codec = clip.codecs().video.replace(".", "");
                String to = scene.server().httpUrl("/whip/" + name);
                String query = "seconds=%d&codec=%s&whip=%s".formatted(Clip.SECONDS, codec, encoded(to));
                yield flashes()
                        ? new Sender.OfPage(Browser.CHROMIUM, query)
                        : new Sender.OfPage(Browser.FIREFOX, query + "&camera");
            }
            case PULL_RTMP, PULL_RTSP -> fromFar(scene, clip, name, log);
            case PULL_TS -> fromListener(scene, clip, name, log, "-f mpegts", "tcp", "?listen");
            case PULL_FLV -> fromListener(scene, clip, name, log, "-f flv -listen 1", "http", "/a.flv");
            case PULL_MP4 -> fromListener(scene, clip, name, log, MP4 + "-listen 1", "http", "/a.mp4");
            case PULL_HLS -> fromPlaylist(scene, clip, name, log);
            case PULL_FILE -> {
                pull(scene, name, "file:///" + clip.file().getFileName());
                yield new Sender.Nobody();
            }
            case RTP -> byRtp(scene, clip, name, log, "");
            case SRTP -> bySrtp(scene, clip, name, log);
            case PULL_TS_UDP -> byDatagrams(scene, clip, name, log);
            case RTMP,
                    RTMP_FFMPEG5,
                    RTMPS,
                    RTMPT,
                    RTSP_LATM,
                    RTSPS,
                    TS_LATM,
                    TS_MULTICAST,
                    RTSP_TCP,
                    RTSP_UDP,
                    RTSP_FFMPEG5,
                    TS_TCP,
                    TS_UDP,
                    LIVE_FLV,
                    HTTP_WEBM,
                    HTTP_MP4,
                    WHIP_FFMPEG,
                    WHIP_GSTREAMER -> Sender.Of.start(log, command(scene.server(), clip, name));
        };
    }

    /// Of those ways that one program goes by itself.
    private List<String> command(TestServer server, Clip clip, String name) {
        String rtsp = server.rtspUrl("live/" + name);
        return switch (this) {
            case RTMP -> ffmpeg(clip, "-f flv", server.rtmpUrl(name));
            case RTMP_FFMPEG5 -> ffmpeg("/usr/bin/ffmpeg", clip, "-f flv", server.rtmpUrl(name));
            case RTMPS -> ffmpeg(clip, "-f flv", address(server, "rtmps", "RTMPS") + "/live/" + name);
            case RTMPT -> ffmpeg(clip, "-f flv", address(server, "rtmpt", "HTTP") + "/live/" + name);
            case RTSP_TCP -> ffmpeg(clip, RTSP + "tcp", rtsp);
            case RTSP_LATM -> ffmpeg(clip, "-rtpflags latm " + RTSP + "tcp", rtsp);
            case RTSPS -> ffmpeg(clip, RTSP + "tcp", address(server, "rtsps", "RTSPS") + "/live/" + name);
            case TS_LATM ->
                ffmpeg(
                        clip,
                        "-metadata service_name=" + name + " -f mpegts -mpegts_flags latm",
                        address(server, "tcp", "MPEG-TS"));
            case TS_MULTICAST ->
                ffmpeg(
                        clip,
                        "-metadata service_name=" + name + " -f mpegts",
                        "udp://" + MatrixTest.GROUP + "?pkt_size=1316&localaddr=127.0.0.1&ttl=0");
            case RTSP_UDP -> ffmpeg(clip, RTSP + "udp", rtsp);
            case RTSP_FFMPEG5 -> ffmpeg("/usr/bin/ffmpeg", clip, RTSP + "tcp", rtsp);
            case TS_TCP ->
                ffmpeg(clip, "-metadata service_name=" + name + " -f mpegts", address(server, "tcp", "MPEG-TS"));
            case TS_UDP -> {
                String address = address(server, "udp", "MPEG-TS") + "?pkt_size=1316";
                yield ffmpeg(clip, "-metadata service_name=" + name + " -f mpegts", address);
            }
            case LIVE_FLV ->
                ffmpeg(clip, "-metadata streamName=" + name + " -f flv", address(server, "tcp", "LiveFLV"));
            case HTTP_WEBM -> ffmpeg(clip, WEBM, ingest(server, name));
            case HTTP_MP4 -> ffmpeg(clip, MP4 + "-method PUT", ingest(server, name));
            case WHIP_FFMPEG -> ffmpeg(clip, "-f whip", server.httpUrl("/whip/" + name));
            case WHIP_GSTREAMER -> gstreamerByWhip(clip, server.httpUrl("/whip/" + name));
            case RTP,
                    SRTP,
                    PULL_TS_UDP,
                    INGEST_CHROMIUM,
                    WHIP_CHROMIUM,
                    WHIP_FIREFOX,
                    PULL_RTMP,
                    PULL_RTSP,
                    PULL_HLS,
                    PULL_TS,
                    PULL_FLV,
                    PULL_MP4,
                    PULL_FILE -> throw new IllegalStateException(title);
        };
    }

    /// Another server has it already.
    private Sender fromFar(Scene scene, Clip clip, String name, Path log) throws Exception {
        boolean rtmp = this == PULL_RTMP;
        TestServer far = scene.far();
        String rtsp = far.rtspUrl("live/" + name);
        String address = rtmp ? far.rtmpUrl(name) : rtsp;
        // ffmpeg does not know VP8 in RTMP.
        Sender sender = Sender.Of.start(
                log,
                rtmp && clip.codecs() != VP8_OPUS ? ffmpeg(clip, "-f flv", address) : ffmpeg(clip, RTSP + "tcp", rtsp));
        Await.await(
                name + " is there",
                () -> far.server().streams().find(new StreamName(name)).isPresent() || !sender.isAlive());
        pull(scene, name, address);
        return sender;
    }

    /// ffmpeg waits for whoever fetches.
    private static Sender fromListener(
            Scene scene, Clip clip, String name, Path log, String format, String scheme, String behind)
            throws Exception {
        int port = Listening.freePort();
        String address = Scene.local(scheme, port, behind);
        Sender.Of sender = Sender.Of.start(log, ffmpeg(clip, format, address));
        Listening.await("tcp", port, sender.process());
        pull(scene, name, address.replace("?listen", ""));
        return sender;
    }

    /// Files that become more while they are fetched.
    private static Sender fromPlaylist(Scene scene, Clip clip, String name, Path log) throws Exception {
        boolean transport = clip.codecs() == H264_AAC;
        Path folder = Files.createDirectories(scene.folder().resolve(name + "-hls"));
        Path playlist = folder.resolve("live.m3u8");
        // Its header lies beside the playlist by a name of its own.
        String options = SEGMENTS + (transport ? "mpegts" : "fmp4 -hls_fmp4_init_filename init.mp4");
        Sender sender = Sender.Of.start(log, ffmpeg(clip, options, playlist.toString()));
        Await.await("a playlist", () -> Files.exists(playlist) || !sender.isAlive());
        pull(scene, name, scene.files().url(name + "-hls/live.m3u8"));
        return sender;
    }

    /// The same, with keys in the description (RFC 4568).
    private static Sender bySrtp(Scene scene, Clip clip, String name, Path log) throws Exception {
        return byRtp(scene, clip, name, log, KEY);
    }

    /// ffmpeg describes what it is going to send; the server says where to.
    ///
    /// @param key of SRTP; "" where nothing is encrypted
    private static Sender byRtp(Scene scene, Clip clip, String name, Path log, String key) throws Exception {
        Path description = log.resolveSibling("offer.sdp");
        List<String> offer =
                new ArrayList<>(List.of("-v", "error", "-i", clip.file().toString(), "-t", "0.1"));
        offer.addAll(twice("9", "9", description, ""));
        Ffmpeg.ffmpeg(offer.toArray(String[]::new));
        JsonNode answer = Rest.post(
                scene.server(),
                "rtp/startup",
                Map.of("streamName", name, "host", "127.0.0.1", "sdp", withKey(Files.readString(description), key)));
        List<String> ports = answer.get("sdp")
                .asString()
                .lines()
                .filter(line -> line.startsWith("m="))
                .map(line -> line.split(" ")[1])
                .toList();
        List<String> command = new ArrayList<>(List.of(
                Ffmpeg.ffmpeg(),
                "-nostdin",
                "-y",
                "-v",
                "warning",
                "-re",
                "-i",
                clip.file().toString()));
        command.addAll(twice(ports.get(0), ports.get(1), description, key));
        return Sender.Of.start(log, command);
    }

    private static String withKey(String description, String key) {
        return key.isEmpty()
                ? description
                : description
                        .replace("RTP/AVP", "RTP/SAVP")
                        .replaceAll("(?m)^(a=rtpmap:.*)$", "$1\na=crypto:1 " + SUITE + " inline:" + key);
    }

    /// Picture and sound, each to its port.
    private static List<String> twice(String picturePort, String soundPort, Path description, String key) {
        String scheme = key.isEmpty() ? "rtp" : "srtp";
        String strict = "-strict experimental"
                + (key.isEmpty() ? "" : " -srtp_out_suite " + SUITE + " -srtp_out_params " + key);
        List<String> all = new ArrayList<>();
        all.addAll(List.of(("-map 0:v -c copy -payload_type 96 %s -sdp_file %s -f rtp %s://127.0.0.1:%s"
                        .formatted(strict, description, scheme, picturePort))
                .split(" ")));
        all.addAll(List.of(
                ("-map 0:a -c copy -payload_type 97 %s -f rtp %s://127.0.0.1:%s".formatted(strict, scheme, soundPort))
                        .split(" ")));
        return all;
    }

    /// Listens first, and then it is sent to.
    private static Sender byDatagrams(Scene scene, Clip clip, String name, Path log) throws Exception {
        int port = Listening.freePort();
        String address = Scene.local("udp", port, "");
        pull(scene, name, address);
        Await.await("the server listens at " + port, () -> Listening.isBound("udp", port));
        return Sender.Of.start(log, ffmpeg(clip, "-f mpegts", address + "?pkt_size=1316"));
    }

    private static void pull(Scene scene, String name, String address) throws Exception {
        JsonNode _ = Rest.post(
                scene.server(), "pull/startup", Map.of("localStreamName", name, "uri", address, "record", true));
    }

    private static List<String> gstreamerByWhip(Clip clip, String address) {
        String payloader = switch (clip.codecs()) {
            case VP8_OPUS -> "rtpvp8pay picture-id-mode=15-bit";
            case VP9_OPUS -> "rtpvp9pay picture-id-mode=15-bit";
            case H264_OPUS -> "h264parse ! rtph264pay config-interval=-1";
            case H265_OPUS -> "h265parse ! rtph265pay config-interval=-1";
            case H264_AAC, H265_AAC, AV1_OPUS, H264_MP3, H264_PCMA, H264_PCMU, H264_G722, H264_AC3, H264, AAC ->
                throw new IllegalArgumentException(clip.toString());
        };
        String pipeline = """
                filesrc location=%s ! matroskademux name=clip
                clip.video_0 ! %s ! %s
                  ! application/x-rtp,media=video,encoding-name=%s,payload=96 ! webrtc.
                clip.audio_0 ! %s ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! webrtc.""".formatted(
                        clip.file(), IN_TIME, payloader, clip.codecs().video.replace(".", ""), IN_TIME);
        return List.of("bin/webrtcbin.py", "publish", address, pipeline);
    }

    private static String address(TestServer server, String scheme, String protocol) {
        return Scene.local(scheme, server.port(protocol), "");
    }

    private static String ingest(TestServer server, String name) {
        return server.httpUrl("/ingest/" + name + "?record=true");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static List<String> ffmpeg(Clip clip, String options, String to) {
        return ffmpeg(Ffmpeg.ffmpeg(), clip, options, to);
    }

    private static List<String> ffmpeg(String program, Clip clip, String options, String to) {
        List<String> command = new ArrayList<>(List.of(
                program, "-nostdin", "-v", "warning", "-re", "-i", clip.file().toString()));
        command.addAll(List.of("-map", "0", "-c", "copy"));
        command.addAll(List.of(options.split(" ")));
        command.add(to);
        return command;
    }
}
