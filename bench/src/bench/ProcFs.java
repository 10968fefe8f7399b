package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What Linux knows of a process and its children.
///
/// @param cpuSeconds user and system time so far
/// @param residentKib resident memory now
/// @param writeCalls write system calls so far
/// @param writtenBytes bytes that those calls wrote
record ProcFs(double cpuSeconds, long residentKib, long writeCalls, long writtenBytes) {
    private static final double TICKS_PER_SECOND = 100;

    static ProcFs of(long pid) throws IOException {
        List<Long> pids = new ArrayList<>(List.of(pid));
        ProcessHandle.of(pid).ifPresent(handle -> handle.descendants().forEach(child -> pids.add(child.pid())));
        ProcFs sum = new ProcFs(0, 0, 0, 0);
        for (long one : pids) {
            sum = sum.plus(ofOne(one));
        }
        return sum;
    }

    private static ProcFs ofOne(long pid) throws IOException {
        Path folder = Path.of("/proc", Long.toString(pid));
        String stat = Files.readString(folder.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        double cpu = (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
        return new ProcFs(
                cpu,
                field(folder.resolve("status"), "VmRSS:"),
                field(folder.resolve("io"), "syscw:"),
                field(folder.resolve("io"), "wchar:"));
    }

    /// The CPU seconds of a process so far, by what its threads do; those of a JVM have names. A thread that has ended is
    /// not counted any more.
    static Map<String, Double> threads(long pid) throws IOException {
        Map<String, Double> seconds = new TreeMap<>();
        try (var tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path task : tasks.toList()) {
                String stat = Files.readString(task.resolve("stat"));
                String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
                String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
                double cpu = (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
                seconds.merge(kind(name), cpu, Double::sum);
            }
        }
        return seconds;
    }

    private static String kind(String thread) {
        if (thread.startsWith("loop")) {
            return "loops";
        }
        if (thread.contains("CompilerThre")) {
            return "compilers";
        }
        if (thread.equals("VM Thread")) {
            return "collector";
        }
        return thread.startsWith("disk") ? "disk" : "rest";
    }

    ProcFs plus(ProcFs other) {
        return new ProcFs(
                cpuSeconds + other.cpuSeconds,
                residentKib + other.residentKib,
                writeCalls + other.writeCalls,
                writtenBytes + other.writtenBytes);
    }

    ProcFs minus(ProcFs before) {
        return new ProcFs(
                cpuSeconds - before.cpuSeconds,
                residentKib,
                writeCalls - before.writeCalls,
                writtenBytes - before.writtenBytes);
    }

    private static long field(Path file, String name) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(name)) {
                return Long.parseLong(line.substring(name.length()).trim().split(" ")[0]);
            }
        }
        throw new IOException(name + " is not in " + file);
    }
}
