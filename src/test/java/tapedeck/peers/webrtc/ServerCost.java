package tapedeck.peers.webrtc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tapedeck.peers.Ffmpeg;

/// What Linux knows of a server process.
///
/// @param cpuSeconds user and system time so far
/// @param byThread the same by kind of thread: names without their numbers, as Linux cuts them
/// @param socketDrops datagrams that its UDP socket could not hold
public record ServerCost(double cpuSeconds, Map<String, Double> byThread, double residentMib, long socketDrops) {
    private static final double TICKS_PER_SECOND = 100;
    private static final Pattern HEAP_USED = Pattern.compile("(?:total|used) +(\\d+)K, used (\\d+)K");

    public static ServerCost of(long pid, int udpPort) throws IOException {
        Path folder = Path.of("/proc", Long.toString(pid));
        double cpu = cpuSeconds(Files.readString(folder.resolve("stat")));
        double resident = Files.readAllLines(folder.resolve("status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
        return new ServerCost(cpu, byThread(folder.resolve("task")), resident / 1024, drops(udpPort));
    }

    private static double cpuSeconds(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    private static Map<String, Double> byThread(Path tasks) throws IOException {
        Map<String, Double> seconds = new HashMap<>();
        try (var threads = Files.list(tasks)) {
            for (Path thread : threads.toList()) {
                try {
                    String stat = Files.readString(thread.resolve("stat"));
                    String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
                    seconds.merge(name.replaceAll("[-#]?\\d+", ""), cpuSeconds(stat), Double::sum);
                } catch (IOException e) {
                    // It ended meanwhile.
                }
            }
        }
        return seconds;
    }

    /// The kinds of threads that used most since `before`, in parts of all.
    public String threadsSince(ServerCost before) {
        double all = Math.max(0.01, cpuSeconds - before.cpuSeconds);
        return byThread.entrySet().stream()
                .map(entry -> Map.entry(
                        entry.getKey(), (entry.getValue() - before.byThread.getOrDefault(entry.getKey(), 0.0)) / all))
                .filter(entry -> entry.getValue() >= 0.01)
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .map(entry -> "%s %.0f %%".formatted(entry.getKey(), 100 * entry.getValue()))
                .collect(Collectors.joining(", "));
    }

    /// The last column of the lines whose local port is this one.
    private static long drops(int udpPort) throws IOException {
        String port = String.format(Locale.ROOT, ":%04X", udpPort);
        long drops = 0;
        for (String table : List.of("/proc/net/udp", "/proc/net/udp6")) {
            if (!Files.exists(Path.of(table))) {
                continue;
            }
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] words = line.strip().split(" +");
                if (words.length > 12 && words[1].endsWith(port)) {
                    drops += Long.parseLong(words[words.length - 1]);
                }
            }
        }
        return drops;
    }

    /// Used heap after a full collection.
    public static double liveHeapMib(long pid) {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        Ffmpeg.run(List.of(jcmd, Long.toString(pid), "GC.run"));
        Matcher used = HEAP_USED.matcher(
                Ffmpeg.run(List.of(jcmd, Long.toString(pid), "GC.heap_info")).text());
        double kib = 0;
        while (used.find()) {
            kib += Double.parseDouble(used.group(2));
        }
        return kib / 1024;
    }
}
