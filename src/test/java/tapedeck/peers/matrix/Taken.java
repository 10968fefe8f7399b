package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;

/// What came out of one way, judged by what went in.
///
/// @param fits `yes`, `picture`, `sound`, `no`, `?` or `failed`
/// @param firstPicture number of the first picture that came, in the clip; -1 where none came
/// @param faults what should not be
record Taken(String fits, int firstPicture, List<String> faults) {
    /// Between a flash and its beep.
    private static final double MAX_APART_SECONDS = 0.040;
    /// The flashes at both ends may be cut.
    private static final int CUT_FLASHES = 2;

    /// The server has said which codec this way does not carry.
    static final Taken REFUSED = new Taken("no", -1, List.of());

    /// It came, and ffmpeg does not know it.
    static final Taken UNREADABLE = new Taken("?", -1, List.of());

    static Taken failed(String how) {
        return new Taken("failed", -1, new ArrayList<>(List.of(how)));
    }

    static Taken judge(Clip clip, Path file) throws IOException {
        if (!Files.exists(file) || Files.size(file) == 0) {
            return failed("nothing came");
        }
        List<String> kinds = Ffmpeg.ffprobe(
                        "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", file.toString())
                .text()
                .lines()
                .map(String::strip)
                .toList();
        boolean video = kinds.contains("video");
        boolean audio = kinds.contains("audio");
        List<String> faults = new ArrayList<>();
        String errors = Ffmpeg.decodeErrors(file);
        if (!errors.isBlank()) {
            faults.add("does not decode: " + errors.strip());
        }
        List<String> pictures = video ? Clip.pictures(file, clip.codecs()) : List.of();
        if (video) {
            compare(clip, pictures, faults);
        }
        if (audio && !pictures.isEmpty()) {
            FlashAndBeep measured = FlashAndBeep.measure(file);
            List<Double> delays = measured.beepDelays();
            int fewest = pictures.size() / Clip.FRAMES_PER_SECOND - CUT_FLASHES;
            if (delays.size() < Math.max(2, fewest) || Math.abs(measured.medianDelay()) > MAX_APART_SECONDS) {
                faults.add("beeps behind flashes " + delays);
            }
        }
        int first = pictures.isEmpty() ? -1 : clip.pictures().indexOf(pictures.getFirst());
        return new Taken(video ? audio ? "yes" : "picture" : audio ? "sound" : "no", first, faults);
    }

    /// How long after `askedNanos` of the stream's time the first picture was that came, in seconds: less than none
    /// where the player began in the past.
    double secondsToFirstPicture(long askedNanos) {
        return firstPicture / (double) Clip.FRAMES_PER_SECOND - askedNanos / 1e9;
    }

    /// From a keyframe on to the last, none missing, none changed.
    private static void compare(Clip clip, List<String> got, List<String> faults) {
        List<String> sent = clip.pictures();
        if (got.isEmpty()) {
            faults.add("a picture without pictures");
            return;
        }
        int from = sent.size() - got.size();
        if (from < 0 || !sent.subList(from, sent.size()).equals(got)) {
            long known = got.stream().filter(sent::contains).count();
            faults.add("%d pictures of %d, of them %d as sent, the first is number %d, the last %d"
                    .formatted(
                            got.size(), sent.size(), known, sent.indexOf(got.getFirst()), sent.indexOf(got.getLast())));
        }
    }
}
