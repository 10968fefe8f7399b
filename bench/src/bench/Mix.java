package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.Loader;

/// `bench/mix [SECONDS] [ROUNDS]`: twelve people in one picture, by ffmpeg and by Tapedeck.
final class Mix {
    private static final int SMALL = 4;
    private static final int PEOPLE = 12;
    private static final int COLUMNS = 4;
    private static final double LEAST_GAIN = 1.3;
    private static final double LEAST_THREADS_GAIN = 1.7;
    /// Samples in a frame of AAC, and how many a second.
    private static final int FRAME_SAMPLES = 1024;
    private static final Path WORK = Path.of("target", "bench-mix").toAbsolutePath();

    private enum Way {
        FFMPEG("ffmpeg scale, xstack, amix"),
        ZSCALE("ffmpeg zscale, xstack, amix"),
        ONE("tapedeck"),
        ALL("tapedeck, multithreading");

        private final String title;

        Way(String title) {
            this.title = title;
        }
    }

    private record Cost(double cpuSeconds, double wallSeconds) {}

    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 60;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
        Files.createDirectories(WORK);
        Path room = room(seconds);
        System.out.printf("%d × 640x360 and %d × 1280x720, %d s, into 1280x720 at 30 pictures a second, libopenh264"
                + " 2000 kbit/s; the median of %d rounds%n", SMALL, PEOPLE - SMALL, seconds, rounds);
        boolean whole = true;
        List<List<Cost>> costs = new ArrayList<>();
        for (Way _ : Way.values()) {
            costs.add(new ArrayList<>());
        }
        for (int round = 0; round < rounds; round++) {
            for (Way way : Way.values()) {
                costs.get(way.ordinal()).add(run(way, command(way, room)));
                whole &= isWhole(target(way), seconds);
            }
        }
        double[] cpu = new double[Way.values().length];
        double[] wall = new double[cpu.length];
        for (Way way : Way.values()) {
            cpu[way.ordinal()] = median(costs.get(way.ordinal()).stream().mapToDouble(Cost::cpuSeconds).toArray());
            wall[way.ordinal()] = median(costs.get(way.ordinal()).stream().mapToDouble(Cost::wallSeconds).toArray());
            System.out.printf(Locale.ROOT, "%-28s %6.2f CPU s  %6.2f s%n", way.title, cpu[way.ordinal()],
                    wall[way.ordinal()]);
        }
        boolean held = Bound.atLeast(
                "CPU: ffmpeg / tapedeck", cpu[Way.FFMPEG.ordinal()] / cpu[Way.ONE.ordinal()], LEAST_GAIN);
        System.out.printf(Locale.ROOT, "CPU: ffmpeg with zscale / tapedeck = %.2f%n",
                cpu[Way.ZSCALE.ordinal()] / cpu[Way.ONE.ordinal()]);
        held &= Bound.atLeast(
                "time on %d cores: one thread / multithreading".formatted(Runtime.getRuntime().availableProcessors()),
                wall[Way.ONE.ordinal()] / wall[Way.ALL.ordinal()], LEAST_THREADS_GAIN);
        System.exit(whole && held ? 0 : 1);
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    /// Moving pictures with some noise, as cameras have it, in H.264 as browsers send it.
    private static Path room(int seconds) throws Exception {
        Path small = clip("640x360", "600k", seconds);
        Path large = clip("1280x720", "1500k", seconds);
        List<String> command = new ArrayList<>(List.of(ffmpeg(), "-v", "error", "-nostdin", "-y"));
        List<String> maps = new ArrayList<>();
        for (int i = 0; i < PEOPLE; i++) {
            command.addAll(List.of("-i", (i < SMALL ? small : large).toString()));
            command.addAll(List.of("-f", "lavfi", "-i", "sine=f=%d:d=%d".formatted(200 + 97 * i, seconds)));
            maps.addAll(List.of("-map", 2 * i + ":v", "-map", 2 * i + 1 + ":a"));
        }
        command.addAll(maps);
        Path room = WORK.resolve("room.mp4");
        command.addAll(List.of("-c:v", "copy", "-c:a", "aac", "-b:a", "64k", room.toString()));
        end(command);
        return room;
    }

    private static Path clip(String size, String bitrate, int seconds) throws Exception {
        Path clip = WORK.resolve(size + ".mp4");
        end(List.of(
                // The installed one: the bundled one has no x264.
                "ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
                "testsrc2=s=%s:r=30:d=%d,noise=alls=6:allf=t".formatted(size, seconds),
                "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "baseline", "-g", "60", "-b:v", bitrate,
                clip.toString()));
        return clip;
    }

    private static Path target(Way way) {
        return switch (way) {
            case FFMPEG, ZSCALE -> WORK.resolve(way + ".mp4");
            case ONE, ALL -> WORK.resolve("room_mixed.mp4");
        };
    }

    private static List<String> command(Way way, Path room) throws IOException {
        return switch (way) {
            case FFMPEG -> ffmpeg(room, "scale=320:180:flags=bilinear", target(way));
            case ZSCALE -> ffmpeg(room, "zscale=320:180:filter=bilinear", target(way));
            case ONE, ALL -> {
                Path config = WORK.resolve(way + ".json");
                Files.writeString(config, "{\"mixerDisplayStreamName\": false, \"multithreading\": %b}"
                        .formatted(way == Way.ALL));
                yield List.of("./run", "mix", room.toString(), "--config", config.toString());
            }
        };
    }

    private static List<String> ffmpeg(Path room, String scale, Path target) {
        StringBuilder graph = new StringBuilder();
        StringBuilder stack = new StringBuilder();
        StringBuilder places = new StringBuilder();
        for (int i = 0; i < PEOPLE; i++) {
            graph.append("[0:v:%d]fps=30,%s,pad=320:240:0:30[t%d];".formatted(i, scale, i));
            stack.append("[t%d]".formatted(i));
            places.append("%s%d_%d".formatted(i == 0 ? "" : "|", i % COLUMNS * 320, i / COLUMNS * 240));
        }
        graph.append(stack).append("xstack=inputs=%d:layout=%s[v];".formatted(PEOPLE, places));
        for (int i = 0; i < PEOPLE; i++) {
            graph.append("[0:a:%d]".formatted(i));
        }
        graph.append("amix=inputs=%d:normalize=0,alimiter[a]".formatted(PEOPLE));
        return List.of(
                ffmpeg(), "-v", "error", "-nostdin", "-y", "-i", room.toString(), "-filter_complex", graph.toString(),
                "-map", "[v]", "-map", "[a]", "-c:v", "libopenh264", "-b:v", "2000k", "-g", "60",
                "-c:a", "aac", "-b:a", "112k", "-aac_coder", "fast", "-ar", "48000", target.toString());
    }

    private static String ffmpeg() {
        System.setProperty("org.bytedeco.javacpp.platform.extension", "-gpl");
        return Loader.load(org.bytedeco.ffmpeg.ffmpeg.class);
    }

    /// What the process and all that it started cost, as the shell's `times` says it.
    private static Cost run(Way way, List<String> command) throws Exception {
        List<String> timed = new ArrayList<>(List.of("bash", "-c", "TIMEFORMAT='%U %S'; time \"$@\" >/dev/null", "-"));
        timed.addAll(command);
        long began = System.nanoTime();
        Process process = new ProcessBuilder(timed).redirectInput(Path.of("/dev/null").toFile()).start();
        String said = new String(process.getErrorStream().readAllBytes()).strip();
        if (process.waitFor() != 0) {
            throw new IOException(way.title + ": " + said);
        }
        double wall = (System.nanoTime() - began) / 1e9;
        String[] times = said.substring(said.lastIndexOf('\n') + 1).split(" ");
        return new Cost(Double.parseDouble(times[0]) + Double.parseDouble(times[1]), wall);
    }

    /// All pictures and all sound.
    private static boolean isWhole(Path file, int seconds) throws Exception {
        String rate = ffprobe(file, "a", "sample_rate");
        String sounds = ffprobe(file, "a", "nb_read_packets");
        String pictures = ffprobe(file, "v", "nb_read_packets");
        boolean whole = isAbout(pictures, 30 * seconds)
                && rate.matches("\\d+")
                && isAbout(sounds, seconds * Integer.parseInt(rate) / FRAME_SAMPLES);
        if (!whole) {
            System.out.println(file + ": " + pictures + " pictures, " + sounds + " frames of sound at " + rate);
        }
        return whole;
    }

    private static boolean isAbout(String packets, int expected) {
        return packets.matches("\\d+") && Math.abs(Integer.parseInt(packets) - expected) <= 3;
    }

    private static String ffprobe(Path file, String kind, String entry) throws Exception {
        Process process = new ProcessBuilder(
                        Loader.load(org.bytedeco.ffmpeg.ffprobe.class), "-v", "error", "-count_packets", "-show_entries",
                        "stream=" + entry, "-of", "csv=p=0", "-select_streams", kind, file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes()).strip();
        process.waitFor();
        return said;
    }

    private static void end(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command));
        }
    }
}
