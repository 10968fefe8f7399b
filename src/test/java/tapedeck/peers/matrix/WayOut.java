package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestServer;

/// How a player gets the stream, played by a real program that keeps what it gets as it is.
enum WayOut {
    RTMP("RTMP") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-rtmp_enhanced_codecs", "hvc1,av01,vp09", "-i", server.rtmpUrl(name));
        }
    },
    RTSP_TCP("RTSP over TCP") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-rtsp_transport", "tcp", "-i", server.rtspUrl("live/" + name));
        }

        @Override
        List<String> repair() {
            return OF_RTSP;
        }
    },
    RTSP_UDP("RTSP over UDP") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-rtsp_transport", "udp", "-i", server.rtspUrl(name));
        }

        @Override
        List<String> repair() {
            return OF_RTSP;
        }
    },
    HTTP_FLV("HTTP, FLV") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-i", server.httpUrl("/live/" + name + ".flv"));
        }
    },
    HTTP_TS("HTTP, TS") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-i", server.httpUrl("/live/" + name + ".ts"));
        }
    },
    HTTP_MP4("HTTP, MP4") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-i", server.httpUrl("/live/" + name + ".mp4"));
        }
    },
    HLS("HLS") {
        @Override
        List<String> source(TestServer server, String name) {
            return List.of("-live_start_index", "0", "-i", server.httpUrl("/hls/" + name + "/index.m3u8"));
        }
    };

    final String title;

    WayOut(String title) {
        this.title = title;
    }

    /// Whether the server refused a codec, by what ffmpeg says of that: it keeps the reason only of RTMP, and of RTSP
    /// the status.
    final boolean isRefusal(String said) {
        return said.contains("cannot carry")
                || said.contains("HTTP error 406")
                || said.contains("method DESCRIBE failed: 415");
    }

    /// FLV has a FourCC for VP8, which ffmpeg does not know.
    final boolean isUnreadable(String said) {
        return said.contains("Video codec (76703038) is not implemented");
    }

    /// What ffmpeg needs to write what it reads.
    List<String> repair() {
        return List.of();
    }

    /// From RTSP, of any server, ffmpeg loses the time of the first picture where pictures come out of order (it is 0),
    /// and does not know keyframes of VP9.
    private static final List<String> OF_RTSP =
            List.of("-copyinkf:v", "-bsf:v", "setts=pts=if(eq(PTS\\,NOPTS)\\,0\\,PTS)");

    /// ffmpeg's input.
    abstract List<String> source(TestServer server, String name);

    /// Copies the stream to `file` until it ends.
    Process start(TestServer server, String name, Path file, Path log) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "timeout", "60", Ffmpeg.ffmpeg(), "-nostdin", "-y", "-v", "warning", "-analyzeduration", "3000000"));
        command.addAll(source(server, name));
        command.addAll(List.of("-map", "0", "-c", "copy"));
        command.addAll(repair());
        command.addAll(List.of("-f", "matroska", file.toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }
}
