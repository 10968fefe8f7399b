package tapedeck.mix;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.peers.Ffmpeg;

/// A mix as it looks and sounds, decoded by ffmpeg.
public final class Look {
    private static final int WIDTH = 64;
    private static final int HEIGHT = 36;
    private static final int BRIGHT = 110;
    private static final int RATE_HZ = 48_000;
    private static final int WINDOW = 240;

    private final int fps;
    private final List<byte[]> pictures = new ArrayList<>();
    private final short[] samples;
    /// By tone: minutes of sound are gone through once for each.
    private final Map<Integer, List<Double>> beeps = new HashMap<>();

    private Look(int fps, byte[] gray, short[] samples) {
        this.fps = fps;
        this.samples = samples;
        for (int at = 0; at + WIDTH * HEIGHT <= gray.length; at += WIDTH * HEIGHT) {
            pictures.add(java.util.Arrays.copyOfRange(gray, at, at + WIDTH * HEIGHT));
        }
    }

    /// The same of one whose pictures do not come evenly: what was left out stands still, and picture and sound begin
    /// together.
    static Look overTime(Path file, int fps) {
        byte[] gray = raw(
                file,
                List.of(),
                "-an",
                "-vf",
                "scale=" + WIDTH + ":" + HEIGHT + ":flags=area,format=gray,fps=" + fps + ":start_time=0:round=up",
                "-f",
                "rawvideo");
        byte[] sound = raw(
                file,
                List.of(),
                "-vn",
                "-ac",
                "1",
                "-af",
                "aresample=" + RATE_HZ + ":async=1:first_pts=0",
                "-f",
                "s16le");
        return new Look(fps, gray, samples(sound));
    }

    public static Look at(Path file, int fps) {
        return at(file, fps, List.of());
    }

    /// A part of it, with times from its beginning.
    public static Look at(Path file, int fps, int fromSecond, int seconds) {
        return at(file, fps, List.of("-ss", "" + fromSecond, "-t", "" + seconds));
    }

    private static Look at(Path file, int fps, List<String> part) {
        String kinds = Ffmpeg.ffprobe("-v", "error", "-show_entries", "stream=codec_type", file.toString())
                .text();
        byte[] gray = !kinds.contains("video")
                ? new byte[0]
                : raw(
                        file,
                        part,
                        "-an",
                        "-vf",
                        "scale=" + WIDTH + ":" + HEIGHT + ":flags=area,format=gray",
                        "-fps_mode",
                        "passthrough",
                        "-f",
                        "rawvideo");
        byte[] sound = !kinds.contains("audio")
                ? new byte[0]
                : raw(file, part, "-vn", "-ac", "1", "-ar", "" + RATE_HZ, "-f", "s16le");
        return new Look(fps, gray, samples(sound));
    }

    private static short[] samples(byte[] sound) {
        ShortBuffer buffer =
                ByteBuffer.wrap(sound).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        short[] samples = new short[buffer.remaining()];
        buffer.get(samples);
        return samples;
    }

    private static byte[] raw(Path file, List<String> part, String... form) {
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(part);
        arguments.addAll(List.of("-i", file.toString()));
        arguments.addAll(List.of(form));
        arguments.add("-");
        return Ffmpeg.ffmpeg(arguments.toArray(String[]::new)).out();
    }

    public int pictures() {
        return pictures.size();
    }

    public double soundSeconds() {
        return (double) samples.length / RATE_HZ;
    }

    /// How bright a place is, 0 to 255.
    ///
    /// @param x from 0, left, to 1
    /// @param y from 0, above, to 1
    public int brightness(int picture, double x, double y) {
        int column = (int) (x * WIDTH);
        int row = (int) (y * HEIGHT);
        return pictures.get(picture)[row * WIDTH + column] & 0xFF;
    }

    /// When this place became bright, in seconds.
    public List<Double> flashes(double x, double y) {
        List<Double> onsets = new ArrayList<>();
        boolean before = true;
        for (int i = 0; i < pictures.size(); i++) {
            boolean now = brightness(i, x, y) > BRIGHT;
            if (now && !before) {
                onsets.add((double) i / fps);
            }
            before = now;
        }
        return onsets;
    }

    /// When this tone began, in seconds.
    public List<Double> beeps(int hz) {
        return beeps.computeIfAbsent(hz, this::onsets);
    }

    private List<Double> onsets(int hz) {
        List<Double> onsets = new ArrayList<>();
        boolean before = true;
        for (int at = 0; at + WINDOW <= samples.length; at += WINDOW / 4) {
            boolean now = level(hz, at) > 0.08;
            if (now && !before) {
                onsets.add((double) (at + WINDOW / 2) / RATE_HZ);
            }
            before = now;
        }
        return onsets;
    }

    /// Amplitude of a tone around this sample.
    double level(int hz, int at) {
        double real = 0;
        double imaginary = 0;
        for (int i = 0; i < WINDOW; i++) {
            double angle = 2 * Math.PI * hz * i / RATE_HZ;
            real += samples[at + i] * Math.cos(angle);
            imaginary += samples[at + i] * Math.sin(angle);
        }
        return 2 * Math.hypot(real, imaginary) / WINDOW / 32768;
    }

    /// The loudest sample, of 32768.
    int peak() {
        int peak = 0;
        for (short sample : samples) {
            peak = Math.max(peak, Math.abs((int) sample));
        }
        return peak;
    }
}
