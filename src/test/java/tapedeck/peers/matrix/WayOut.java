package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Listening;
import tapedeck.stream.Stream;
import tools.jackson.databind.JsonNode;

/// Every way out, with the program that was found to know most codecs on it.
enum WayOut implements Out {
    RTMP("RTMP", WayOut::rtmp),
    RTSP_TCP("RTSP over TCP", WayOut::rtspTcp),
    RTSP_UDP("RTSP over UDP", WayOut::rtspUdp),
    HTTP_FLV("HTTP, FLV", WayOut::httpFlv),
    HTTP_TS("HTTP, TS", WayOut::httpTs),
    HTTP_MP4("HTTP, MP4", WayOut::httpMp4),
    WEBSOCKET_MP4("WebSocket, MP4 (Chromium)", WayOut::websocketMp4),
    HLS("HLS, MP4", WayOut::hls),
    HLS_TS("HLS, TS", WayOut::hlsTs),
    WHEP("WHEP (GStreamer)", WayOut::whep),
    RTP("RTP", WayOut::rtp),
    PUSH_RTMP("push, RTMP", WayOut::pushRtmp),
    PUSH_RTSP("push, RTSP", WayOut::pushRtsp),
    PUSH_TS("push, TS", WayOut::pushTs),
    PUSH_WHIP("push, WHIP", WayOut::pushWhip);

    /// From RTSP, of any server, ffmpeg loses the time of the first picture where pictures come out of order (it is 0),
    /// and does not know keyframes of VP9.
    private static final List<String> OF_RTP =
            List.of("-copyinkf:v", "-bsf:v", "setts=pts=if(eq(PTS\\,NOPTS)\\,0\\,PTS)");

    /// That no program here writes to a file as WebRTC brings it.
    private static final Set<Clip.Codecs> UNSAVED = EnumSet.of(Clip.Codecs.AV1_OPUS, Clip.Codecs.H264_G722);

    private final String title;
    private final Start start;

    WayOut(String title, Start start) {
        this.title = title;
        this.start = start;
    }

    @Override
    public Player start(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return start.start(scene, stream, codecs, file);
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public boolean takes(Clip.Codecs codecs) {
        return switch (this) {
            case WHEP -> !UNSAVED.contains(codecs);
            // No file has it.
            case PUSH_WHIP -> codecs != Clip.Codecs.H264_G722;
            default -> true;
        };
    }

    static List<String> ofRtp() {
        return OF_RTP;
    }

    private static Player rtsp(Scene scene, Stream stream, Path file, String transport) throws IOException {
        String url = scene.server().rtspUrl("live/" + stream.name());
        return Program.ffmpeg(Ffmpeg.ffmpeg(), stream, file, List.of("-rtsp_transport", transport, "-i", url), ofRtp());
    }

    private static Player live(Scene scene, Stream stream, Path file, String extension) throws IOException {
        return Program.ffmpeg(
                stream, file, List.of("-i", scene.live(stream.name().value(), extension)));
    }

    private static Player hls(Scene scene, Stream stream, Path file, String playlist) throws IOException {
        String url = scene.hls(stream.name().value(), playlist);
        return Program.ffmpeg(stream, file, List.of("-live_start_index", "0", "-i", url));
    }

    /// ffmpeg as the server that a stream is pushed to.
    private static Player toFfmpeg(
            Scene scene,
            Stream stream,
            Path file,
            String scheme,
            String path,
            List<String> listens,
            Map<String, String> options)
            throws Exception {
        int port = Listening.freePort();
        String address = Scene.local(scheme, port, path);
        List<String> input = new ArrayList<>(listens);
        input.addAll(List.of("-i", address));
        List<String> repair = scheme.equals("rtsp") ? OF_RTP : List.of();
        Program listener = Program.ffmpeg(Ffmpeg.ffmpeg(), stream, file, input, repair);
        Listening.await("tcp", port, listener.process());
        return Pushed.start(scene.server(), stream, address, options, listener.askedAt(Moment.of(stream)));
    }

    private static Player rtmp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().rtmpUrl(stream.name().value());
        return Program.ffmpeg(stream, file, List.of("-rtmp_enhanced_codecs", "hvc1,av01,vp09", "-i", url));
    }

    private static Player rtspTcp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return rtsp(scene, stream, file, "tcp");
    }

    private static Player rtspUdp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return rtsp(scene, stream, file, "udp");
    }

    private static Player httpFlv(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return live(scene, stream, file, ".flv");
    }

    private static Player httpTs(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return live(scene, stream, file, ".ts");
    }

    private static Player httpMp4(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return live(scene, stream, file, ".mp4");
    }

    private static Player websocketMp4(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.live(stream.name().value(), ".mp4").replace("http:", "ws:");
        return scene.chromium().play(stream, file, "socket", url, Map.of());
    }

    private static Player hls(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return hls(scene, stream, file, "index.m3u8");
    }

    private static Player hlsTs(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return hls(scene, stream, file, "ts.m3u8");
    }

    /// A webrtcbin waits for every track of the file: one that the server refuses would never come.
    private static Player whep(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().httpUrl("/whep/" + stream.name());
        String sound = switch (codecs) {
            case H264_PCMA -> "PCMA";
            case H264_PCMU -> "PCMU";
            // An offer has to have something.
            case AAC -> "OPUS";
            default -> codecs.audio.equals("Opus") ? "OPUS" : "-";
        };
        String picture = codecs.video.isEmpty() ? "-" : codecs.video.replace(".", "");
        Path offer = file.resolveSibling("offer.sdp");
        List<String> command = new ArrayList<>(List.of("bin/webrtcbin.py", "play", url, picture, sound));
        command.addAll(List.of("--save", file.toString(), "--offer", offer.toString()));
        // What waits for its turn when the session ends, here and in its jitter buffer, is left out.
        return Program.start(stream, file, command, Optional.of(offer)).losingLast(Clip.FRAMES_PER_SECOND);
    }

    private static Player rtp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return rtp(
                scene,
                stream,
                file,
                description -> Program.ffmpeg(
                        Ffmpeg.ffmpeg(),
                        stream,
                        file,
                        List.of("-protocol_whitelist", "file,udp,rtp", "-i", description.toString()),
                        ofRtp()));
    }

    /// A program that opens a description.
    interface OfDescription {
        Program open(Path description) throws IOException;
    }

    /// The description is asked for first: whoever plays has to listen before anything is sent.
    static Player rtp(Scene scene, Stream stream, Path file, OfDescription opens) throws Exception {
        int port = Listening.freePort();
        String name = stream.name().value();
        Map<String, String> order = Map.of("streamName", name, "address", "127.0.0.1:" + port);
        JsonNode first = Rest.post(scene.server(), "rtp/startup", order);
        Path description = file.resolveSibling(file.getFileName() + ".sdp");
        Files.writeString(description, first.get("sdp").asString());
        String id = first.get("mediaSessionId").asString();
        Rest.post(scene.server(), "rtp/terminate", Map.of("mediaSessionId", id));
        while (!Rest.relay(scene.server(), "push", id).get("status").asString().equals("ENDED")) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        Program player = opens.open(description);
        // Each track two ports behind the one before.
        long tracks = first.get("sdp")
                .asString()
                .lines()
                .filter(line -> line.startsWith("m="))
                .count();
        Listening.await("udp", port + 2 * ((int) tracks - 1), player.process());
        Moment asked = Moment.of(stream);
        Rest.post(scene.server(), "rtp/startup", order);
        return player.askedAt(asked);
    }

    /// ffmpeg does not name the FourCCs that it knows when it is the server. Told that it is FLV, it does not wait for
    /// the
    /// first 2048 bytes to find that out, which are two seconds of dark pictures without sound.
    private static Player pushRtmp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        List<String> listens = List.of("-listen", "1", "-f", "flv");
        return toFfmpeg(scene, stream, file, "rtmp", "/live/far", listens, Map.of("fourcc", "all"));
    }

    private static Player pushRtsp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return toFfmpeg(scene, stream, file, "rtsp", "/live/far", List.of("-rtsp_flags", "listen"), Map.of());
    }

    private static Player pushTs(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return toFfmpeg(scene, stream, file, "tcp", "", List.of("-listen", "1"), Map.of());
    }

    private static Player pushWhip(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String name = stream.name() + "-whip";
        Player there = Recorded.at(scene.far(), name, stream);
        return Pushed.start(scene.server(), stream, scene.far().httpUrl("/whip/" + name), Map.of(), there);
    }
}
