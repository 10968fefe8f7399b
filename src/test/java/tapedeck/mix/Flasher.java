package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertTrue;

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
    /// A flash and its beep are that near: 40 ms of sound, a picture of the source and one of the mix.
    private static final double TOGETHER_SECONDS = 0.040 + 2.0 / FPS;
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

    /// Most flashes have their beep: a picture that the machine had no time for shows one late, a dead worker none.
    static void assertTogether(String who, List<Double> flashes, List<Double> beeps, int least) {
        List<Double> delays = new ArrayList<>();
        for (double flash : flashes) {
            beeps.stream()
                    .map(beep -> beep - flash)
                    .filter(delay -> Math.abs(delay) < 0.4)
                    .min((a, b) -> Double.compare(Math.abs(a), Math.abs(b)))
                    .ifPresent(delays::add);
        }
        List<Double> sorted = delays.stream().map(Math::abs).sorted().toList();
        System.out.println(who + " in the live mix, flashes at " + flashes + ", beeps later by "
                + delays.stream().map("%.3f"::formatted).toList());
        assertTrue(delays.size() >= least, who + ": flashes with a beep: " + delays.size());
        double middle = sorted.get(sorted.size() * 3 / 4);
        assertTrue(middle <= TOGETHER_SECONDS, who + ": three of four are at most %.3f s apart".formatted(middle));
    }
}
