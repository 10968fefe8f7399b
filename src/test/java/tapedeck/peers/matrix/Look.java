package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;

/// What is in a file: one look, in which every packet is read and decoded.
///
/// @param pictures in decoding order
/// @param complaints of ffmpeg; "" for a good file
/// @param moments of what is seen and heard
record Look(boolean video, boolean audio, List<Picture> pictures, String complaints, FlashAndBeep moments) {
    private static final Pattern TIME_BASE = Pattern.compile("#tb 0: (\\d+)/(\\d+)");

    /// A coded picture.
    ///
    /// @param hash of its bytes, without what each way adds of its own
    /// @param seconds when it is shown
    record Picture(String hash, double seconds) {}

    static Look at(Path file, Clip.Codecs codecs) throws IOException {
        List<String> kinds = Ffmpeg.ffprobe(
                        "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", file.toString())
                .text()
                .lines()
                .map(line -> line.replace(",", "").strip())
                .toList();
        boolean video = kinds.contains("video");
        boolean audio = kinds.contains("audio");
        if (!video && !audio) {
            return new Look(false, false, List.of(), "", new FlashAndBeep(List.of(), List.of(), List.of()));
        }
        Path folder = Files.createTempDirectory("look");
        Path coded = folder.resolve("coded");
        Path light = folder.resolve("light");
        Path level = folder.resolve("level");
        List<String> command =
                new ArrayList<>(List.of(Ffmpeg.ffmpeg(), "-nostdin", "-y", "-v", "error", "-i", file.toString()));
        if (video) {
            command.addAll(List.of("-map", "0:v:0", "-c", "copy", "-bsf:v", codecs.coded));
            command.addAll(List.of("-f", "framehash", "-hash", "md5", coded.toString()));
            command.addAll(List.of("-map", "0:v:0", "-vf", FlashAndBeep.pictureFilter(light.toString())));
            // Pictures come when they come: they are not rounded to a rate.
            command.addAll(List.of("-fps_mode", "passthrough", "-enc_time_base:v", "demux", "-f", "null", "-"));
        }
        if (audio) {
            command.addAll(List.of("-map", "0:a:0", "-af", FlashAndBeep.soundFilter(level.toString())));
            command.addAll(List.of("-f", "s16le", "/dev/null"));
        }
        try {
            Ffmpeg.Result result = Ffmpeg.run(command);
            // Cut anew for the filter, sounds that overlap by a part of one go back in time.
            String complaints = Ffmpeg.complaints(result.err())
                    .lines()
                    .filter(line -> !line.startsWith("[s16le"))
                    .collect(Collectors.joining("\n"))
                    .strip();
            if (result.exitCode() != 0 && complaints.isEmpty()) {
                complaints = "ffmpeg ends with " + result.exitCode();
            }
            FlashAndBeep moments = FlashAndBeep.of(text(light), text(level));
            return new Look(video, audio, pictures(text(coded)), complaints, moments);
        } finally {
            for (Path one : List.of(coded, light, level, folder)) {
                Files.deleteIfExists(one);
            }
        }
    }

    private static String text(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /// `stream, dts, pts, duration, size, hash` of each.
    private static List<Picture> pictures(String framehash) {
        Matcher base = TIME_BASE.matcher(framehash);
        double tick = base.find() ? Double.parseDouble(base.group(1)) / Double.parseDouble(base.group(2)) : 0;
        return framehash
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("\\s*,\\s*"))
                .map(fields -> new Picture(fields[5], Long.parseLong(fields[2]) * tick))
                .toList();
    }
}
