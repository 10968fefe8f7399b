package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// `bench/fanout N [SECONDS]`: one RTMP publisher at 600 kbit/s and N players, of nginx-rtmp by RTMP, then of Tapedeck
/// by RTMP and by HTTP-FLV, in one run. Judges both: every player has every picture, and the server takes no more CPU
/// time than nginx-rtmp does.
final class Fanout {
    /// All players are there, and the server has warmed up.
    private static final int WARM_UP_SECONDS = 15;

    private static final int DEFAULT_SECONDS = 45;
    /// The publisher goes on so long after the window.
    private static final int RUN_OUT_SECONDS = 5;

    /// What Tapedeck may cost of nginx-rtmp's RTMP, either way.
    private static final double MOST_OF_NGINX = 1.0;
    /// Two runs of one version differ by so much: one window is measured after the other, and the machine's speed is
    /// not the same in both.
    private static final double TOLERANCE = 0.1;

    private record Result(double cpuMicrosPerPicture, double cpuSeconds, double residentMib, long complete, String load) {}

    private Fanout() {}

    public static void main(String[] arguments) throws Exception {
        int players = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : DEFAULT_SECONDS;
        Peer.delete(Peer.WORK);
        Files.createDirectories(Peer.WORK);
        Path clip = Peer.makeClip("640x360", 536, 64);
        System.out.printf(
                "one stream of %.0f kbit/s, %d players; %d s, measured after %d s%n",
                Files.size(clip) * 8 / 20_000.0, players, seconds, WARM_UP_SECONDS);
        Result nginx = measure(new Peer.NginxRtmp(false), "rtmp", players, seconds, clip);
        Result rtmp = measure(Peer.RTMP_UNRECORDED, "rtmp", players, seconds, clip);
        Result flv = measure(Peer.RTMP_UNRECORDED, "flv", players, seconds, clip);
        boolean good = holds("RTMP", rtmp, nginx, players);
        good &= holds("HTTP-FLV", flv, nginx, players);
        System.exit(good ? 0 : 1);
    }

    /// Whether this way keeps what is promised.
    private static boolean holds(String way, Result tapedeck, Result nginx, int players) {
        double ratio = tapedeck.cpuSeconds() / nginx.cpuSeconds();
        boolean cheap = ratio <= MOST_OF_NGINX + TOLERANCE;
        boolean complete = tapedeck.complete() == players;
        System.out.printf(
                Locale.ROOT,
                "tapedeck %-8s  CPU / nginx-rtmp = %.2f (at most %.1f, tolerance %.1f): %s;   whole players %d of %d: %s%n",
                way,
                ratio,
                MOST_OF_NGINX,
                TOLERANCE,
                cheap ? "held" : "NOT HELD",
                tapedeck.complete(),
                players,
                complete ? "held" : "NOT HELD");
        return cheap && complete;
    }

    private static Result measure(Peer peer, String kind, int players, int seconds, Path clip) throws Exception {
        Path folder = Files.createDirectories(Peer.WORK.resolve(peer.name()));
        Peer.Ports ports = Peer.Ports.free();
        Process server = peer.start(ports, folder);
        try {
            Peer.awaitPort(ports.rtmp(), server);
            int published = WARM_UP_SECONDS + seconds + RUN_OUT_SECONDS + players / 100;
            Process publisher = Peer.load("all publishing", "bench.RtmpLoad", ports.rtmp(), 1, published, clip);
            int port = kind.equals("rtmp") ? ports.rtmp() : ports.http();
            Peer.awaitPort(port, server);
            Process load = Peer.load("all playing", "bench.PlayerLoad", kind, port, "s0", players);
            TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
            ProcFs before = ProcFs.of(server.pid());
            ProcFs loadBefore = ProcFs.of(load.pid());
            long from = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds);
            ProcFs used = ProcFs.of(server.pid()).minus(before);
            double loadCpu = ProcFs.of(load.pid()).minus(loadBefore).cpuSeconds();
            double windowSeconds = (System.nanoTime() - from) / 1e9;
            String report = Peer.report(load);
            Peer.report(publisher);
            Peer.stop(server);
            Result result = new Result(
                    used.cpuSeconds() / windowSeconds / players / 30 * 1e6,
                    used.cpuSeconds() / windowSeconds,
                    used.residentKib() / 1024.0,
                    Peer.number(report, "complete"),
                    report);
            System.out.printf(
                    Locale.ROOT,
                    "%-10s %-4s  CPU s/s %.3f   CPU µs/picture %.2f   resident %.0f MiB   whole players %d of %d   (%s; its own"
                            + " CPU s/s %.2f)%n",
                    peer.name(),
                    kind,
                    result.cpuSeconds(),
                    result.cpuMicrosPerPicture(),
                    result.residentMib(),
                    result.complete(),
                    players,
                    report,
                    loadCpu / windowSeconds);
            return result;
        } catch (IOException e) {
            throw new IOException(peer.name() + ": " + e.getMessage(), e);
        } finally {
            server.destroyForcibly();
            Peer.delete(folder);
        }
    }
}
