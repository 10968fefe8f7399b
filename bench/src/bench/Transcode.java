package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Loader;

/// `bench/transcode N [SECONDS]`: N real-time stereo Opus streams become AAC in MP4, by N ffmpeg processes (their `aac`
/// encoder at its defaults, and with its fast coder) and then by Tapedeck, in one run.
final class Transcode {
    /// Everybody gets so long before the window that is measured.
    private static final int WARM_UP_SECONDS = 10;
    /// The window ends so long before the streams do.
    private static final int RUN_OUT_SECONDS = 3;
    /// Fifty processes do not start at once: their streams are longer, and the window ends before the first of them.
    private static final int SPARE_SECONDS = 60;

    private static final int DEFAULT_SECONDS = 45;
    private static final Path WORK = Path.of("target", "bench-transcode").toAbsolutePath();

    private record Result(double cpuPerStreamMinute, double residentMib, int wholeFiles) {}

    public static void main(String[] arguments) throws Exception {
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 50;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : DEFAULT_SECONDS;
        delete(WORK);
        Files.createDirectories(WORK);
        Path clip = makeClip(seconds + SPARE_SECONDS);
        System.out.printf(
                "%d streams of stereo Opus at 64 kbit/s; %d s, measured after %d s%n",
                streams, seconds, WARM_UP_SECONDS);
        Result plain = ffmpeg("ffmpeg-default", clip, streams, seconds);
        print("ffmpeg -c:a aac -b:a 112k", plain, streams);
        Result fast = ffmpeg("ffmpeg-fast", clip, streams, seconds, "-aac_coder", "fast");
        print("ffmpeg … -aac_coder fast", fast, streams);
        Result tapedeck = tapedeck(clip, streams, seconds);
        print("tapedeck", tapedeck, streams);
        System.out.printf(
                Locale.ROOT,
                "CPU: tapedeck / ffmpeg = %.2f, / ffmpeg with its fast coder = %.2f%n",
                tapedeck.cpuPerStreamMinute() / plain.cpuPerStreamMinute(),
                tapedeck.cpuPerStreamMinute() / fast.cpuPerStreamMinute());
        System.exit(tapedeck.wholeFiles() == streams ? 0 : 1);
    }

    private static Result ffmpeg(String name, Path clip, int streams, int seconds, String... options)
            throws Exception {
        Path folder = Files.createDirectories(WORK.resolve(name));
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            List<String> command = new ArrayList<>(List.of(
                    Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-y", "-threads", "1",
                    "-re", "-i", clip.toString(), "-threads", "1", "-c:a", "aac", "-b:a", "112k", "-ar", "44100"));
            command.addAll(List.of(options));
            command.add(folder.resolve(i + ".mp4").toString());
            processes.add(new ProcessBuilder(command).inheritIO().start());
        }
        Result result = window(processes, streams, seconds);
        // It ends its file when it is asked to.
        processes.forEach(Process::destroy);
        for (Process process : processes) {
            process.waitFor();
        }
        return judged(result, folder, streams, WARM_UP_SECONDS, seconds + SPARE_SECONDS);
    }

    private static Result tapedeck(Path clip, int streams, int seconds) throws Exception {
        Path folder = Files.createDirectories(WORK.resolve("tapedeck"));
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@conf/jvm.options",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "bench.TranscodeLoad",
                        clip.toString(),
                        Integer.toString(streams),
                        Integer.toString(seconds),
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(WORK.resolve("tapedeck.log").toFile())
                .start();
        Result result = window(List.of(server), streams, seconds);
        if (server.waitFor() != 0) {
            throw new IOException("see " + WORK.resolve("tapedeck.log"));
        }
        return judged(result, folder.resolve("records"), streams, seconds - 0.1, seconds + 0.1);
    }

    /// What the processes and their children use between the warm-up and shortly before the end.
    private static Result window(List<Process> processes, int streams, int seconds) throws Exception {
        TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
        ProcFs before = sum(processes);
        long startNanos = System.nanoTime();
        TimeUnit.SECONDS.sleep(seconds - WARM_UP_SECONDS - RUN_OUT_SECONDS);
        ProcFs after = sum(processes);
        double minutes = (System.nanoTime() - startNanos) / 60e9;
        return new Result(after.minus(before).cpuSeconds() / minutes / streams, after.residentKib() / 1024.0, 0);
    }

    private static ProcFs sum(List<Process> processes) throws IOException {
        ProcFs sum = new ProcFs(0, 0, 0, 0);
        for (Process process : processes) {
            sum = sum.plus(ProcFs.of(process.pid()));
        }
        return sum;
    }

    /// How many files hold AAC of that length.
    private static Result judged(Result result, Path folder, int streams, double atLeast, double atMost)
            throws Exception {
        int whole = 0;
        for (int i = 0; i < streams; i++) {
            Process probe = new ProcessBuilder(
                            Loader.load(org.bytedeco.ffmpeg.ffprobe.class), "-v", "error", "-show_entries",
                            "stream=codec_name,duration", "-of", "csv=p=0", folder.resolve(i + ".mp4").toString())
                    .redirectErrorStream(true)
                    .start();
            String[] found = new String(probe.getInputStream().readAllBytes()).trim().split(",");
            whole += found.length == 2
                            && found[0].equals("aac")
                            && Double.parseDouble(found[1]) > atLeast
                            && Double.parseDouble(found[1]) < atMost
                    ? 1
                    : 0;
        }
        return new Result(result.cpuPerStreamMinute(), result.residentMib(), whole);
    }

    private static void print(String name, Result result, int streams) {
        System.out.printf(
                Locale.ROOT,
                "%-27s CPU s/stream-minute %.3f   resident %.0f MiB   whole files %d of %d%n",
                name,
                result.cpuPerStreamMinute(),
                result.residentMib(),
                result.wholeFiles(),
                streams);
    }

    /// Noise that differs left and right, and tones that rise and fall: something to do for an encoder.
    private static Path makeClip(int seconds) throws Exception {
        Path clip = WORK.resolve("clip.ogg");
        String tones = "aevalsrc='0.2*sin(2*PI*220*t)*(0.6+0.4*sin(3*t))+0.1*sin(2*PI*(440+100*sin(t))*t)"
                + "|0.2*sin(2*PI*330*t)*(0.6+0.4*cos(2*t))+0.1*sin(2*PI*2640*t)*lt(mod(t+0.25,0.5),0.1)':s=48000";
        Process process = new ProcessBuilder(
                        Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-y",
                        "-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.15:r=48000:seed=1",
                        "-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.15:r=48000:seed=2",
                        "-f", "lavfi", "-i", tones,
                        "-filter_complex",
                        "[0][1]join=inputs=2:channel_layout=stereo[n];[n][2]amix=inputs=2:normalize=0[o]",
                        "-map", "[o]", "-t", Integer.toString(seconds), "-c:a", "libopus", "-b:a", "64k",
                        clip.toString())
                .inheritIO()
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("the bundled ffmpeg could not make the clip");
        }
        return clip;
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
