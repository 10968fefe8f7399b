package tapedeck.protocol.fetch;

import java.nio.file.Files;
import java.nio.file.Path;
import tapedeck.peers.Ffmpeg;

/// The same clip in other containers, by ffmpeg. WebM takes other codecs, with keyframes at the same places.
final class Remade {
    private Remade() {}

    static void of(Path clip, Path file) {
        String name = file.getFileName().toString();
        if (Files.exists(file)) {
            return;
        }
        String options = switch (name) {
            case String webm
            when webm.endsWith(".webm") ->
                "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -auto-alt-ref 0 -b:v 500k -c:a libopus";
            case "fragmented.mp4" -> "-c copy -movflags +frag_keyframe+empty_moov+default_base_moof";
            case "first.mp4" -> "-c copy -movflags +faststart";
            case String list when list.endsWith(".m3u8") -> "-c copy -hls_time 2 -hls_list_size 0";
            default -> "-c copy";
        };
        Ffmpeg.ffmpeg(("-v error -i " + clip + " " + options + " " + file).split(" "));
    }
}
