package tapedeck.mix;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestServer;

/// A publisher over RTMP, in real time: black pictures, white for a tenth of every second, with a tone.
///
/// @param video how ffmpeg codes its pictures; empty for none
/// @param hz of the tone; 0 for no sound at all
record Flasher(String name, List<String> video, int hz) {
    static final int FPS = 25;
    private static final String ON = "lt(mod(t+0.501\\,1)\\,0.1)";
    /// Pictures that are not in the order in which they are shown.
    private static final List<String> H264 = List.of("libx264", "-preset", "ultrafast", "-bf", "2");

    /// As most of them are.
    static Flasher of(String name, int hz) {
        return new Flasher(name, H264, hz);
    }

    Process publish(TestServer server) throws IOException {
        return publish(server, List.of());
    }

    /// Ends by itself.
    Process publish(TestServer server, int seconds) throws IOException {
        return publish(server, List.of("-t", "" + seconds));
    }

    private Process publish(TestServer server, List<String> length) throws IOException {
        List<String> all = new ArrayList<>();
        if (!video.isEmpty()) {
            input(all, "color=c=black:s=320x180:r=%d,drawbox=c=white:t=fill:enable='%s'".formatted(FPS, ON));
        }
        if (hz > 0) {
            input(all, "aevalsrc='0.3*sin(2*PI*%d*t)*%s':s=44100:c=stereo".formatted(hz, ON));
        }
        all.addAll(length);
        if (!video.isEmpty()) {
            all.add("-c:v");
            all.addAll(video);
            all.addAll(List.of("-pix_fmt", "yuv420p", "-g", "" + FPS, "-keyint_min", "" + FPS));
        }
        all.addAll(List.of("-c:a", "aac", "-f", "flv", server.rtmpUrl(name)));
        return Ffmpeg.start(all.toArray(String[]::new));
    }

    private static void input(List<String> all, String source) {
        all.addAll(List.of("-re", "-f", "lavfi", "-i", source));
    }
}
