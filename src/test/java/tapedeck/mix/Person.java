package tapedeck.mix;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Ffmpeg;

/// Somebody in a recording of many: a black picture that flashes white and a tone that sounds with it, a tenth of a
/// second long, once a second.
///
/// @param from when the tracks begin in the file; times are whole pictures of all rates if they are multiples of 0.2
/// @param seconds how long they last
/// @param phase when in each second of the tracks it flashes
/// @param hz of the tone; 0 without sound
/// @param size of the picture; empty without one
public record Person(String name, String size, int fps, double from, double seconds, double phase, int hz) {
    /// All of them in one MP4, each with tracks of his own.
    public static void record(Path file, List<Person> people) {
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        List<String> maps = new ArrayList<>();
        int inputs = 0;
        int videos = 0;
        int audios = 0;
        for (Person person : people) {
            // A millisecond more: times of pictures are rounded.
            String on = "lt(mod(t+%.3f\\,1)\\,0.1)".formatted(1.001 - person.phase);
            String seconds = "%.3f".formatted(person.seconds);
            if (!person.size.isEmpty()) {
                input(
                        arguments,
                        person,
                        "color=c=black:s=%s:r=%d:d=%s,drawbox=c=white:t=fill:enable='%s'"
                                .formatted(person.size, person.fps, seconds, on));
                maps.addAll(List.of("-map", inputs++ + ":v", "-metadata:s:v:" + videos++, "title=" + person.name));
            }
            if (person.hz > 0) {
                input(
                        arguments,
                        person,
                        "aevalsrc='0.3*sin(2*PI*%d*t)*%s':s=44100:c=stereo:d=%s".formatted(person.hz, on, seconds));
                maps.addAll(List.of("-map", inputs++ + ":a", "-metadata:s:a:" + audios++, "title=" + person.name));
            }
        }
        arguments.addAll(maps);
        arguments.addAll(List.of("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "40", "-c:a", "aac"));
        arguments.add(file.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
    }

    private static void input(List<String> arguments, Person person, String source) {
        arguments.addAll(List.of("-itsoffset", "%.3f".formatted(person.from), "-f", "lavfi", "-i", source));
    }

    /// When it flashes and sounds, in the time of the file.
    public List<Double> moments() {
        List<Double> moments = new ArrayList<>();
        for (double at = phase; at < seconds - 0.05; at++) {
            moments.add(from + at);
        }
        return moments;
    }
}
