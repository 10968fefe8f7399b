package tapedeck.peers.matrix;

import static tapedeck.peers.matrix.Clip.Codecs.AV1_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.H264_AAC;
import static tapedeck.peers.matrix.Clip.Codecs.H264_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.H264_PCMA;
import static tapedeck.peers.matrix.Clip.Codecs.H264_PCMU;
import static tapedeck.peers.matrix.Clip.Codecs.H265_AAC;
import static tapedeck.peers.matrix.Clip.Codecs.VP8_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.VP9_OPUS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.NotRoot;
import tapedeck.stream.Stream;

/// Programs beside the ffmpeg that plays most of [WayOut].
enum OtherPlayer implements Out {
    FFMPEG_RTMPS("ffmpeg 8", "RTMPS", EnumSet.of(H264_AAC), OtherPlayer::ffmpegRtmps),
    FFMPEG_RTMPT("ffmpeg 8", "RTMPT", EnumSet.of(H264_AAC), OtherPlayer::ffmpegRtmpt),
    FFMPEG_RTSPS("ffmpeg 8", "RTSPS", EnumSet.of(H264_AAC), OtherPlayer::ffmpegRtsps),
    FFMPEG_RTSP_HTTP("ffmpeg 8", "RTSP through HTTP", EnumSet.of(H264_AAC), OtherPlayer::ffmpegRtspHttp),
    RTMPDUMP("rtmpdump", "RTMP", EnumSet.of(H264_AAC), OtherPlayer::rtmpdump),
    FFMPEG5_RTMP("ffmpeg 5.1", "RTMP", EnumSet.of(H264_AAC), OtherPlayer::ffmpeg5Rtmp),
    FFMPEG5_RTSP(
            "ffmpeg 5.1",
            "RTSP over TCP",
            EnumSet.of(H264_AAC, H264_OPUS, H265_AAC, VP8_OPUS, VP9_OPUS),
            OtherPlayer::ffmpeg5Rtsp),
    FFMPEG5_HLS(
            "ffmpeg 5.1",
            "HLS, MP4",
            EnumSet.of(H264_AAC, H264_OPUS, H265_AAC, VP9_OPUS, AV1_OPUS),
            OtherPlayer::ffmpeg5Hls),
    GSTREAMER_RTMP("GStreamer", "RTMP", EnumSet.of(H264_AAC), OtherPlayer::gstreamerRtmp),
    GSTREAMER_RTSP(
            "GStreamer",
            "RTSP over TCP",
            EnumSet.of(H264_OPUS, H265_AAC, VP8_OPUS, VP9_OPUS),
            OtherPlayer::gstreamerRtsp),
    /// Its jitter buffer gives packets times of its own. Without H.265 + AAC: of the past, which comes at once, its
    /// jitter buffer (200 ms) drops pictures.
    GSTREAMER_RTP("GStreamer", "RTP, SDP file", EnumSet.of(H264_OPUS, VP8_OPUS, VP9_OPUS), OtherPlayer::gstreamerRtp),
    GSTREAMER_TS("GStreamer", "HTTP, TS", EnumSet.of(H264_AAC, H264_OPUS, H265_AAC), OtherPlayer::gstreamerTs),
    GSTREAMER_MP4(
            "GStreamer",
            "HTTP, MP4",
            EnumSet.of(H264_AAC, H264_OPUS, H265_AAC, VP8_OPUS, VP9_OPUS),
            OtherPlayer::gstreamerMp4),
    GSTREAMER_HLS("GStreamer", "HLS, TS", EnumSet.of(H264_AAC), OtherPlayer::gstreamerHls),
    VLC_RTMP("VLC", "RTMP", EnumSet.of(H264_AAC), OtherPlayer::vlcRtmp),
    VLC_FLV("VLC", "HTTP, FLV", EnumSet.of(H264_AAC), OtherPlayer::vlcFlv),
    VLC_TS("VLC", "HTTP, TS", EnumSet.of(H264_AAC, H265_AAC), OtherPlayer::vlcTs),
    VLC_HLS("VLC", "HLS, MP4", EnumSet.of(H264_AAC, H265_AAC), OtherPlayer::vlcHls),
    CHROMIUM_HLS(
            "Chromium, hls.js",
            "HLS, low latency",
            EnumSet.of(H264_AAC, H264_OPUS, VP9_OPUS, AV1_OPUS),
            OtherPlayer::chromiumHls),
    CHROMIUM_HLS_TS("Chromium, hls.js", "HLS, TS", EnumSet.of(H264_AAC), OtherPlayer::chromiumHlsTs),
    CHROMIUM_MP4(
            "Chromium, MediaSource",
            "HTTP, MP4",
            EnumSet.of(H264_AAC, H264_OPUS, VP8_OPUS, VP9_OPUS, AV1_OPUS),
            OtherPlayer::chromiumMp4),
    FIREFOX_SOCKET(
            "Firefox, MediaSource", "WebSocket, MP4", EnumSet.of(VP9_OPUS, AV1_OPUS), OtherPlayer::firefoxSocket),
    FIREFOX_HLS("Firefox, hls.js", "HLS, low latency", EnumSet.of(VP9_OPUS, AV1_OPUS), OtherPlayer::firefoxHls),
    CHROMIUM_WHEP(
            "Chromium",
            "WHEP",
            EnumSet.of(H264_OPUS, VP8_OPUS, VP9_OPUS, AV1_OPUS, H264_PCMA, H264_PCMU),
            OtherPlayer::chromiumWhep),
    /// Its H.264 is a program of its own, which it fetches from the net.
    FIREFOX_WHEP("Firefox", "WHEP", EnumSet.of(VP8_OPUS, VP9_OPUS, AV1_OPUS), OtherPlayer::firefoxWhep);

    /// Which VLC holds back when it ends.
    private static final int LAST_OF_VLC = 12;

    final String program;
    private final String way;
    /// That the program knows on this way.
    private final Set<Clip.Codecs> codecs;

    private final Start start;

    OtherPlayer(String program, String way, Set<Clip.Codecs> codecs, Start start) {
        this.start = start;
        this.program = program;
        this.way = way;
        this.codecs = codecs;
    }

    @Override
    public Player start(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return start.start(scene, stream, codecs, file);
    }

    @Override
    public String title() {
        return program + " | " + way;
    }

    @Override
    public boolean takes(Clip.Codecs codecs) {
        return this.codecs.contains(codecs);
    }

    /// Debian's.
    private static Player ffmpeg5(Stream stream, Path file, List<String> input) throws IOException {
        List<String> repair = input.contains("-rtsp_transport") ? WayOut.ofRtp() : List.of();
        return Program.ffmpeg("/usr/bin/ffmpeg", stream, file, input, repair);
    }

    /// @param source and demultiplexer of a pipeline; it goes on to a file
    private static Program gstreamer(Stream stream, Clip.Codecs codecs, Path file, String source) throws IOException {
        boolean rtp = source.startsWith("rtspsrc") || source.contains("sdpdemux");
        String video = switch (codecs) {
            case H264_AAC, H264_OPUS, H264_MP3, H264_PCMA, H264_PCMU, H264_G722, H264_AC3, H264 ->
                (rtp ? "rtph264depay ! " : "") + "h264parse ! video/x-h264,stream-format=avc,alignment=au"
                        + rate("x-h264");
            case H265_AAC, H265_OPUS ->
                (rtp ? "rtph265depay ! " : "") + "h265parse ! video/x-h265,stream-format=hvc1,alignment=au"
                        + rate("x-h265");
            case VP8_OPUS -> (rtp ? "rtpvp8depay" : "video/x-vp8") + rate("x-vp8");
            case VP9_OPUS -> (rtp ? "rtpvp9depay ! " : "") + "vp9parse" + rate("x-vp9");
            case AAC -> throw new IllegalArgumentException(codecs.toString());
            case AV1_OPUS -> "av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu" + rate("x-av1");
        };
        String audio = codecs.audio.equals("AAC")
                ? (rtp ? "rtpmp4gdepay ! " : "") + "aacparse ! audio/mpeg,stream-format=raw"
                : rtp ? "rtpopusdepay ! opusparse" : "opusparse";
        String unlimited = "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0";
        String pipeline =
                "%s name=in matroskamux name=out ! filesink buffer-mode=unbuffered location=%s in. ! %s ! %s ! out. in. ! %s ! %s ! out."
                        .formatted(source, file, unlimited, video, unlimited, audio);
        List<String> command = new ArrayList<>(List.of("gst-launch-1.0", "-q"));
        command.addAll(List.of(pipeline.split(" ")));
        return Program.start(stream, file, command);
    }

    /// A file does not allow that a demultiplexer finds another rate as it goes.
    private static String rate(String type) {
        return " ! capssetter join=true caps=video/%s,framerate=25/1".formatted(type);
    }

    private static Player vlc(Stream stream, Path file, String url) throws IOException {
        List<String> command = NotRoot.command(file.getParent());
        String to = "#std{access=file,mux=avformat{mux=matroska},dst=%s}".formatted(file);
        command.addAll(List.of("cvlc", "--sout", to, url, "vlc://quit"));
        return Program.start(stream, file, command).losingLast(LAST_OF_VLC).withTimesOfItsOwn();
    }

    private static Player ffmpegRtmps(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = Scene.local("rtmps", scene.server().port("RTMPS"), "/live/" + stream.name());
        return Program.ffmpeg(stream, file, List.of("-i", url));
    }

    private static Player ffmpegRtmpt(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = Scene.local("rtmpt", scene.server().port("HTTP"), "/live/" + stream.name());
        return Program.ffmpeg(stream, file, List.of("-i", url));
    }

    private static Player ffmpegRtsps(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = Scene.local("rtsps", scene.server().port("RTSPS"), "/live/" + stream.name());
        return Program.ffmpeg(Ffmpeg.ffmpeg(), stream, file, List.of("-i", url), WayOut.ofRtp());
    }

    private static Player ffmpegRtspHttp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().rtspUrl("live/" + stream.name());
        return Program.ffmpeg(
                Ffmpeg.ffmpeg(), stream, file, List.of("-rtsp_transport", "http", "-i", url), WayOut.ofRtp());
    }

    private static Player rtmpdump(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().rtmpUrl(stream.name().value());
        return Program.start(stream, file, List.of("rtmpdump", "-q", "--live", "-r", url, "-o", file.toString()));
    }

    private static Player ffmpeg5Rtmp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return ffmpeg5(
                stream, file, List.of("-i", scene.server().rtmpUrl(stream.name().value())));
    }

    private static Player ffmpeg5Rtsp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().rtspUrl("live/" + stream.name());
        return ffmpeg5(stream, file, List.of("-rtsp_transport", "tcp", "-i", url));
    }

    private static Player ffmpeg5Hls(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.hls(stream.name().value(), "index.m3u8");
        return ffmpeg5(stream, file, List.of("-live_start_index", "0", "-i", url));
    }

    private static Player gstreamerRtmp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().rtmpUrl(stream.name().value());
        return gstreamer(stream, codecs, file, "rtmp2src location=" + url + " ! flvdemux");
    }

    /// Of pictures that come out of order it writes two with one time.
    private static Player gstreamerRtsp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.server().rtspUrl("live/" + stream.name());
        return gstreamer(stream, codecs, file, "rtspsrc protocols=tcp buffer-mode=none location=" + url);
    }

    private static Player gstreamerRtp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return WayOut.rtp(
                scene,
                stream,
                file,
                description -> gstreamer(stream, codecs, file, "filesrc location=" + description + " ! sdpdemux")
                        .withTimesOfItsOwn());
    }

    private static Player gstreamerTs(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.live(stream.name().value(), ".ts");
        return gstreamer(stream, codecs, file, "souphttpsrc location=" + url + " ! tsdemux");
    }

    /// What it writes of AV1 does not decode.
    private static Player gstreamerMp4(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.live(stream.name().value(), ".mp4");
        return gstreamer(stream, codecs, file, "souphttpsrc location=" + url + " ! qtdemux");
    }

    private static Player gstreamerHls(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.hls(stream.name().value(), "ts.m3u8");
        return gstreamer(stream, codecs, file, "souphttpsrc location=" + url + " ! hlsdemux ! tsdemux");
    }

    private static Player vlcRtmp(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return vlc(stream, file, scene.server().rtmpUrl(stream.name().value()));
    }

    private static Player vlcFlv(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return vlc(stream, file, scene.live(stream.name().value(), ".flv"));
    }

    private static Player vlcTs(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return vlc(stream, file, scene.live(stream.name().value(), ".ts"));
    }

    private static Player vlcHls(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return vlc(stream, file, scene.hls(stream.name().value(), "index.m3u8"));
    }

    private static Player chromiumHls(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.hls(stream.name().value(), "index.m3u8");
        return scene.chromium().play(stream, file, "hls", url, Map.of("lowLatencyMode", true));
    }

    private static Player chromiumHlsTs(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.hls(stream.name().value(), "ts.m3u8");
        return scene.chromium().play(stream, file, "hls", url, Map.of());
    }

    private static Player chromiumMp4(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.live(stream.name().value(), ".mp4");
        return scene.chromium().play(stream, file, "http", url, Map.of());
    }

    private static Player firefoxSocket(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.live(stream.name().value(), ".mp4").replace("http:", "ws:");
        return scene.firefox().play(stream, file, "socket", url, Map.of());
    }

    private static Player chromiumWhep(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return scene.chromium().play(stream, file, "whep", scene.server().httpUrl("/whep/" + stream.name()), Map.of());
    }

    private static Player firefoxWhep(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        return scene.firefox().play(stream, file, "whep", scene.server().httpUrl("/whep/" + stream.name()), Map.of());
    }

    private static Player firefoxHls(Scene scene, Stream stream, Clip.Codecs codecs, Path file) throws Exception {
        String url = scene.hls(stream.name().value(), "index.m3u8");
        return scene.firefox().play(stream, file, "hls", url, Map.of("lowLatencyMode", true));
    }
}
