package tapedeck.peers.matrix;

import static tapedeck.peers.matrix.Clip.Codecs.AV1_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.H264_AAC;
import static tapedeck.peers.matrix.Clip.Codecs.H264_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.H265_AAC;
import static tapedeck.peers.matrix.Clip.Codecs.VP8_OPUS;
import static tapedeck.peers.matrix.Clip.Codecs.VP9_OPUS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestServer;

/// How a publisher comes, played by a real program that sends a clip in real time as it is.
enum WayIn {
    RTMP("RTMP", EnumSet.of(H264_AAC, H265_AAC, VP9_OPUS, AV1_OPUS)),
    RTSP_TCP("RTSP over TCP", EnumSet.allOf(Clip.Codecs.class)),
    RTSP_UDP("RTSP over UDP", EnumSet.allOf(Clip.Codecs.class)),
    TS_TCP("MPEG-TS over TCP", EnumSet.of(H264_AAC, H264_OPUS, H265_AAC)),
    TS_UDP("MPEG-TS over UDP", EnumSet.of(H264_AAC, H265_AAC)),
    LIVE_FLV("LiveFLV", EnumSet.of(H264_AAC, H265_AAC, VP9_OPUS, AV1_OPUS)),
    HTTP_WEBM("HTTP, WebM", EnumSet.of(VP8_OPUS, VP9_OPUS, AV1_OPUS)),
    HTTP_MP4("HTTP, MP4", EnumSet.of(H264_AAC, H264_OPUS, H265_AAC)),
    WHIP_FFMPEG("WHIP (ffmpeg)", EnumSet.of(H264_OPUS)),
    WHIP_GSTREAMER("WHIP (GStreamer)", EnumSet.of(VP8_OPUS, VP9_OPUS, H264_OPUS));

    private static final String MP4 = "-f mp4 -movflags empty_moov+default_base_moof -frag_duration 200000 -method PUT";
    private static final String WEBM = "-f webm -cluster_time_limit 200 -method PUT";

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

    private List<String> command(TestServer server, Clip clip, String name) {
        return switch (this) {
            case RTMP -> ffmpeg(clip, "-f flv", server.rtmpUrl(name));
            case RTSP_TCP ->
                ffmpeg(clip, "-strict experimental -f rtsp -rtsp_transport tcp", server.rtspUrl("live/" + name));
            case RTSP_UDP ->
                ffmpeg(clip, "-strict experimental -f rtsp -rtsp_transport udp", server.rtspUrl("live/" + name));
            case TS_TCP ->
                ffmpeg(clip, "-metadata service_name=" + name + " -f mpegts", address(server, "tcp", "MPEG-TS"));
            case TS_UDP -> {
                String address = address(server, "udp", "MPEG-TS") + "?pkt_size=1316";
                yield ffmpeg(clip, "-metadata service_name=" + name + " -f mpegts", address);
            }
            case LIVE_FLV ->
                ffmpeg(clip, "-metadata streamName=" + name + " -f flv", address(server, "tcp", "LiveFLV"));
            case HTTP_WEBM -> ffmpeg(clip, WEBM, ingest(server, name));
            case HTTP_MP4 -> ffmpeg(clip, MP4, ingest(server, name));
            case WHIP_FFMPEG -> ffmpeg(clip, "-f whip", server.httpUrl("/whip/" + name));
            case WHIP_GSTREAMER -> gstreamer(clip, server.httpUrl("/whip/" + name));
        };
    }

    private static List<String> gstreamer(Clip clip, String address) {
        String payloader = switch (clip.codecs()) {
            case VP8_OPUS -> "rtpvp8pay picture-id-mode=15-bit";
            case VP9_OPUS -> "rtpvp9pay picture-id-mode=15-bit";
            case H264_OPUS -> "h264parse ! rtph264pay config-interval=-1";
            case H264_AAC, H265_AAC, AV1_OPUS -> throw new IllegalArgumentException(clip.toString());
        };
        String pipeline =
                """
                filesrc location=%s ! matroskademux name=clip
                clip.video_0 ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! identity sync=true ! %s
                  ! application/x-rtp,media=video,encoding-name=%s,payload=96 ! webrtc.
                clip.audio_0 ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! identity sync=true
                  ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! webrtc.""".formatted(clip.file(), payloader, clip.codecs().video.replace(".", ""));
        return List.of("timeout", "60", "bin/webrtcbin.py", "publish", address, pipeline);
    }

    private static String address(TestServer server, String scheme, String protocol) {
        return "%s://127.0.0.1:%d".formatted(scheme, server.port(protocol));
    }

    private static String ingest(TestServer server, String name) {
        return server.httpUrl("/ingest/" + name + "?record=true");
    }

    Process start(TestServer server, Clip clip, String name, Path log) throws IOException {
        return new ProcessBuilder(command(server, clip, name))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static List<String> ffmpeg(Clip clip, String options, String to) {
        List<String> command = new ArrayList<>(List.of(
                "timeout",
                "60",
                Ffmpeg.ffmpeg(),
                "-nostdin",
                "-v",
                "warning",
                "-re",
                "-i",
                clip.file().toString(),
                "-map",
                "0",
                "-c",
                "copy"));
        command.addAll(List.of(options.split(" ")));
        command.add(to);
        return command;
    }
}
