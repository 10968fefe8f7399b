package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;

/// `bench/ingest N [SECONDS]`: N real-time RTMP streams, recorded by nginx-rtmp and then by Tapedeck, in one run.
/// `bench/ingest N SECONDS ts` or `rtsp`: N transport streams over TCP, or RTSP publishers, beside the same media over
/// RTMP, both recorded by Tapedeck.
final class Ingest {
    /// Both servers get so long to warm up before the window in which they are measured.
    private static final int WARM_UP_SECONDS = 15;
    private static final int DEFAULT_SECONDS = 100;
    private static final double MOST_OF_RTMP = 1.3;

    /// @param threads CPU s per stream-minute, by what the threads do
    private record Result(
            double cpuPerStreamMinute,
            Map<String, Double> threads,
            double residentMib,
            double writesPerStreamSecond,
            double writtenPerReceived,
            int files,
            int wholeFiles,
            String load) {}

    public static void main(String[] arguments) throws Exception {
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 200;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : DEFAULT_SECONDS;
        Peer.delete(Peer.WORK);
        Files.createDirectories(Peer.WORK);
        Path clip = Peer.makeClip("1280x720", 2500, 96);
        System.out.printf(
                "%d streams of 720p, %.0f kB/s each, 2 s GOP, AAC; %d s, measured after %d s%n",
                streams, Files.size(clip) / 20_000.0, seconds, WARM_UP_SECONDS);
        if (arguments.length > 2) {
            boolean good = besideRtmp(arguments[2], streams, seconds, clip);
            System.exit(good ? 0 : 1);
        }
        Result nginx = measure(new Peer.NginxRtmp(true), streams, seconds, clip);
        print("nginx-rtmp", nginx);
        Result tapedeck = measure(Peer.RTMP, streams, seconds, clip);
        print("tapedeck", tapedeck);
        System.out.printf(
                Locale.ROOT,
                "CPU: tapedeck / nginx-rtmp = %.2f%n",
                tapedeck.cpuPerStreamMinute() / nginx.cpuPerStreamMinute());
        System.exit(tapedeck.wholeFiles() == streams && nginx.wholeFiles() == streams ? 0 : 1);
    }

    /// The same media by another protocol. Whether every file of both holds all of it, and the other costs no more than
    /// is promised.
    private static boolean besideRtmp(String protocol, int streams, int seconds, Path clip) throws Exception {
        Path media = Peer.WORK.resolve(protocol.equals("ts") ? "media.ts" : "media.flv");
        Process process = new ProcessBuilder(
                        Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-y",
                        "-stream_loop", "-1", "-i", clip.toString(), "-t", Integer.toString(seconds), "-c", "copy",
                        media.toString())
                .inheritIO()
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("the bundled ffmpeg could not make the media");
        }
        String ffprobe = Loader.load(org.bytedeco.ffmpeg.ffprobe.class);
        long video = packets(ffprobe, media, "v");
        long audio = packets(ffprobe, media, "a");
        Result rtmp = measure(Peer.RTMP, streams, seconds, clip);
        print("rtmp", rtmp);
        Result other = switch (protocol) {
            case "ts" ->
                measure(
                        Peer.TS,
                        streams,
                        seconds,
                        port -> Peer.load("all publishing", "bench.TsLoad", port, streams, media, video, audio));
            case "rtsp" -> {
                Path description = Peer.WORK.resolve("media.sdp");
                Path packets = Peer.WORK.resolve("media.rtp");
                RtspCapture.Sent sent = RtspCapture.capture(media, description, packets);
                yield measure(
                        Peer.RTSP,
                        streams,
                        seconds,
                        port -> Peer.load(
                                "all publishing",
                                "bench.RtspLoad",
                                port,
                                streams,
                                description,
                                packets,
                                sent.video(),
                                sent.audio()));
            }
            default -> throw new IllegalArgumentException(protocol + ": ts or rtsp");
        };
        print(protocol, other);
        boolean held = Bound.atMost(
                "CPU: %s / rtmp".formatted(protocol),
                other.cpuPerStreamMinute() / rtmp.cpuPerStreamMinute(),
                MOST_OF_RTMP);
        return held && other.wholeFiles() == streams && rtmp.wholeFiles() == streams;
    }

    /// Starts what sends to this port.
    private interface Load {
        Process to(int port) throws Exception;
    }

    private static Result measure(Peer peer, int streams, int seconds, Path clip) throws Exception {
        return measure(
                peer,
                streams,
                seconds,
                port -> Peer.load("all publishing", "bench.RtmpLoad", port, streams, seconds, clip));
    }

    private static Result measure(Peer peer, int streams, int seconds, Load sender) throws Exception {
        Path folder = Peer.WORK.resolve(peer.name());
        Files.createDirectories(folder);
        Peer.Ports ports = Peer.Ports.free();
        Process server = peer.start(ports, folder);
        try {
            Peer.awaitPort(ports.rtmp(), server);
            Process load = sender.to(ports.rtmp());
            TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
            ProcFs before = ProcFs.of(server.pid());
            Map<String, Double> threads = ProcFs.threads(server.pid());
            long from = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds - WARM_UP_SECONDS - streams / 200 - 3);
            ProcFs used = ProcFs.of(server.pid()).minus(before);
            double windowSeconds = (System.nanoTime() - from) / 1e9;
            Map<String, Double> threadsUsed = new TreeMap<>();
            ProcFs.threads(server.pid()).forEach((kind, cpu) -> threadsUsed.put(
                    kind, (cpu - threads.getOrDefault(kind, 0.0)) / windowSeconds / streams * 60));
            String report = Peer.report(load);
            Peer.stop(server);
            return judge(peer, folder, streams, windowSeconds, used, threadsUsed, report);
        } finally {
            server.destroyForcibly();
            Peer.delete(folder);
        }
    }

    private static Result judge(
            Peer peer,
            Path folder,
            int streams,
            double windowSeconds,
            ProcFs used,
            Map<String, Double> threads,
            String load)
            throws Exception {
        long sentBytes = Peer.number(load, "bytes");
        List<Path> files;
        try (var walk = Files.walk(folder)) {
            files = walk.filter(file -> file.toString().endsWith(peer.extension()))
                    .sorted()
                    .toList();
        }
        double perSecond = sentBytes / (double) Peer.number(load, "video") * 30;
        int whole = wholeFiles(files, Peer.number(load, "video"), Peer.number(load, "audio"));
        return new Result(
                used.cpuSeconds() / windowSeconds / streams * 60,
                threads,
                used.residentKib() / 1024.0,
                used.writeCalls() / windowSeconds / streams,
                used.writtenBytes() / (windowSeconds * perSecond),
                files.size(),
                whole,
                load);
    }

    /// How many files hold as many video and audio packets as were sent, by ffprobe's count.
    private static int wholeFiles(List<Path> files, long video, long audio) throws Exception {
        String ffprobe = Loader.load(org.bytedeco.ffmpeg.ffprobe.class);
        try (var pool = Executors.newFixedThreadPool(2)) {
            List<Future<Boolean>> checks = new ArrayList<>();
            for (Path file : files) {
                checks.add(pool.submit(() -> isWhole(ffprobe, file, video, audio)));
            }
            int whole = 0;
            for (Future<Boolean> check : checks) {
                whole += check.get() ? 1 : 0;
            }
            return whole;
        }
    }

    private static boolean isWhole(String ffprobe, Path file, long video, long audio) throws Exception {
        long pictures = packets(ffprobe, file, "v");
        long sounds = packets(ffprobe, file, "a");
        if (pictures != video || sounds != audio) {
            System.out.printf("%s: %d pictures of %d, %d packets of sound of %d%n",
                    file.getFileName(), pictures, video, sounds, audio);
        }
        return pictures == video && sounds == audio;
    }

    private static long packets(String ffprobe, Path file, String kind) throws Exception {
        Process process = new ProcessBuilder(
                        ffprobe, "-v", "error", "-count_packets", "-select_streams", kind, "-show_entries",
                        "stream=nb_read_packets", "-of", "csv=p=0", file.toString())
                .redirectErrorStream(true)
                .start();
        // Of a transport stream it is said twice: in the program, too.
        String text = new String(process.getInputStream().readAllBytes()).lines().findFirst().orElse("");
        process.waitFor();
        return text.matches("\\d+") ? Long.parseLong(text) : -1;
    }

    private static void print(String name, Result result) {
        System.out.printf(
                Locale.ROOT,
                "%-10s  CPU s/stream-minute %.4f   resident %.0f MiB   writes/stream-second %.2f   "
                        + "written/received %.3f   whole files %d of %d   (%s)%n",
                name,
                result.cpuPerStreamMinute(),
                result.residentMib(),
                result.writesPerStreamSecond(),
                result.writtenPerReceived(),
                result.wholeFiles(),
                result.files(),
                result.load());
        if (result.threads().containsKey("loops")) {
            String threads = result.threads().entrySet().stream()
                    .map(each -> String.format(Locale.ROOT, "%s %.4f", each.getKey(), each.getValue()))
                    .collect(Collectors.joining(", "));
            System.out.printf("%-10s  of it: %s%n", "", threads);
        }
    }
}
