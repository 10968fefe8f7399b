package tapedeck.peers.webrtc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.peers.Ffmpeg;

/// What Linux knows of a server process.
///
/// @param cpuSeconds user and system time so far
/// @param socketDrops datagrams that its UDP socket could not hold
public record ServerCost(double cpuSeconds, double residentMib, long socketDrops) {
    private static final double TICKS_PER_SECOND = 100;
    private static final Pattern HEAP_USED = Pattern.compile("(?:total|used) +(\\d+)K, used (\\d+)K");

    public static ServerCost of(long pid, int udpPort) throws IOException {
        Path folder = Path.of("/proc", Long.toString(pid));
        String stat = Files.readString(folder.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        double cpu = (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
        double resident = Files.readAllLines(folder.resolve("status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
        return new ServerCost(cpu, resident / 1024, drops(udpPort));
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
