package tapedeck.peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Measures lips and sound on a test picture that flashes and beeps at the same moments, from decoded pictures and
/// samples and not from headers.
///
/// @param flashSeconds when the picture turned bright
/// @param darkSeconds when it turned dark
/// @param beepSeconds when the sound began
public record FlashAndBeep(List<Double> flashSeconds, List<Double> darkSeconds, List<Double> beepSeconds) {
    /// Length of the audio frames whose level is measured.
    private static final int SAMPLES = 240;

    private static final double BRIGHT = 128;
    private static final double LOUD_DB = -40;
    /// A beep belongs to a flash that is no farther away than this.
    private static final double PAIRED_SECONDS = 0.4;

    private static final Pattern TIME = Pattern.compile("pts_time:([-0-9.]+)");

    /// Decodes `file` and finds all onsets.
    public static FlashAndBeep measure(Path file) {
        return measure(file, 0, 0);
    }

    /// The same of one of its pictures and one of its sounds, in the time of the file.
    public static FlashAndBeep measure(Path file, int video, int audio) {
        return of(
                Ffmpeg.ffmpeg(
                                "-v",
                                "error",
                                "-i",
                                file.toString(),
                                "-map",
                                "0:v:" + video,
                                "-vf",
                                pictureFilter("-"),
                                "-fps_mode",
                                "passthrough",
                                "-f",
                                "null",
                                "-")
                        .text(),
                Ffmpeg.ffmpeg(
                                "-v",
                                "error",
                                "-i",
                                file.toString(),
                                "-map",
                                "0:a:" + audio,
                                "-af",
                                soundFilter("-"),
                                "-f",
                                "null",
                                "-")
                        .text());
    }

    /// ffmpeg's filter that writes how bright each picture is.
    ///
    /// @param to a file, or `-`
    public static String pictureFilter(String to) {
        return "scale=64:36,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=" + to;
    }

    /// ffmpeg's filter that writes how loud each moment is.
    ///
    /// @param to a file, or `-`
    public static String soundFilter(String to) {
        return "aresample=48000,asetnsamples=n=" + SAMPLES
                + ",astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level"
                + ",ametadata=print:key=lavfi.astats.Overall.RMS_level:file=" + to;
    }

    /// @param pictures what [#pictureFilter] wrote
    /// @param sound what [#soundFilter] wrote
    public static FlashAndBeep of(String pictures, String sound) {
        return new FlashAndBeep(
                turns(pictures, BRIGHT, true), turns(pictures, BRIGHT, false), turns(sound, LOUD_DB, true));
    }

    /// The test picture and tone for ffmpeg: arguments up to the encoders. Flashes and beeps 100 ms long, once a
    /// second.
    public static String[] source(String size, int framesPerSecond, int seconds) {
        String period = "lt(mod(t\\,1)\\,0.1)";
        return new String[] {
            "-f",
            "lavfi",
            "-i",
            "color=c=black:s=%s:r=%d,drawbox=c=white:t=fill:enable='%s'".formatted(size, framesPerSecond, period),
            "-f",
            "lavfi",
            "-i",
            "aevalsrc='0.5*sin(2*PI*1000*t)*%s':s=48000:c=stereo".formatted(period),
            "-t",
            Integer.toString(seconds)
        };
    }

    /// The same without the flashes before this time.
    public FlashAndBeep from(double seconds) {
        List<Double> later =
                flashSeconds.stream().filter(flash -> flash >= seconds).toList();
        return new FlashAndBeep(later, darkSeconds, beepSeconds);
    }

    /// How much later than its flash each beep came, in seconds; beeps without a flash are left out.
    public List<Double> beepDelays() {
        List<Double> delays = new ArrayList<>();
        for (double flash : flashSeconds) {
            beepSeconds.stream()
                    .map(beep -> beep - flash)
                    .filter(delay -> Math.abs(delay) < PAIRED_SECONDS)
                    .min((a, b) -> Double.compare(Math.abs(a), Math.abs(b)))
                    .ifPresent(delays::add);
        }
        return delays;
    }

    /// The middle one of [#beepDelays].
    public double medianDelay() {
        List<Double> sorted = beepDelays().stream().sorted().toList();
        if (sorted.isEmpty()) {
            throw new AssertionError("no flash has a beep: " + this);
        }
        return sorted.get(sorted.size() / 2);
    }

    /// How long the flash that begins then lasts, in seconds; of the last one, whose end may not be there, as long as
    /// can be.
    public double flashLasts(double flash) {
        return darkSeconds.stream()
                .mapToDouble(dark -> dark - flash)
                .filter(lasts -> lasts > 0)
                .min()
                .orElse(Double.MAX_VALUE);
    }

    private static List<Double> turns(String metadata, double threshold, boolean up) {
        List<Double> turns = new ArrayList<>();
        double time = 0;
        boolean before = up;
        for (String line : metadata.split("\n")) {
            Matcher matcher = TIME.matcher(line);
            if (matcher.find()) {
                time = Double.parseDouble(matcher.group(1));
            } else if (line.contains("=")) {
                String value = line.substring(line.indexOf('=') + 1).strip();
                boolean now = !value.contains("inf") && !value.contains("nan") && Double.parseDouble(value) > threshold;
                if (now == up && before != up) {
                    turns.add(time);
                }
                before = now;
            }
        }
        return turns;
    }
}
