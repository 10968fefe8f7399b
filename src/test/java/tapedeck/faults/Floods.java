package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.Publisher;
import tapedeck.peers.webrtc.ServerCost;

/// M7 and M8: floods of the WebRTC port beside publishers that are recorded. A round is ten seconds of flood (four in
/// `./check`).
final class Floods {
    private static final int HONEST = 3;
    private static final int JUNK_PER_SECOND = 20_000;
    private static final double MOST_CORES = 1;
    private static final double MOST_LINES_PER_SECOND = 10;
    /// Of authentic packets: 640 bytes each in the mean make ten times what a camera of 10 Mbit/s sends.
    private static final int FLOOD_PER_SECOND = 20_000;

    private static final int TIMES = 10;
    /// What one publisher may make a recording grow by: the limit of its session, and a second's burst.
    private static final double MOST_MEGABYTES_PER_SECOND = 50.0 / 8;

    private static final Pattern FLOODED = Pattern.compile("flooded (\\d+)");

    private Floods() {}

    private static long floodMillis(Trial trial) {
        return trial.rounds() * (trial.thorough() ? 10_000L : 4_000L);
    }

    private static List<Publisher> honest(NetworkScene scene, Feed feed) throws Exception {
        List<Publisher> publishers = new ArrayList<>();
        for (int i = 0; i < HONEST; i++) {
            Publisher publisher = scene.publish("honest" + i, Fleet.Options.PLAIN, feed, NetworkScene.opus());
            publisher.start();
            publishers.add(publisher);
        }
        return publishers;
    }

    /// Ends them; fails unless each recording is what was sent.
    private static int judge(NetworkScene scene, Feed feed, List<Publisher> publishers) throws Exception {
        int pictures = 0;
        for (Publisher publisher : publishers) {
            publisher.end();
            publisher.awaitEnd();
        }
        Scene.run(1_000);
        double stoodStill = scene.fleet.away().stoodStillMillis();
        for (int i = 0; i < publishers.size(); i++) {
            publishers.get(i).delete();
            Pictures seen = Pictures.of(scene.recording("honest" + i), publishers.get(i), feed, 0, stoodStill);
            assertEquals(0, seen.missing() + seen.wrong(), "honest" + i + ": " + seen);
            pictures += seen.stored();
        }
        return pictures;
    }

    /// M7.
    static void junk(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name())) {
            List<Publisher> publishers = honest(scene, feed);
            Scene.run(2_000);
            int port = scene.server.port("WebRTC");
            ServerCost before;
            ServerCost after;
            int linesBefore;
            double seconds;
            long sent;
            try (Junk junk = new Junk(port, JUNK_PER_SECOND, trial.random())) {
                Scene.run(1_000);
                linesBefore = scene.server.log().size();
                before = ServerCost.of(scene.server.pid(), port);
                long sentBefore = junk.sent();
                long start = System.nanoTime();
                Scene.run(floodMillis(trial));
                after = ServerCost.of(scene.server.pid(), port);
                seconds = (System.nanoTime() - start) / 1e9;
                sent = junk.sent() - sentBefore;
                assertTrue(junk.largestExcessBytes() <= 0, "an answer was larger by " + junk.largestExcessBytes());
                assertTrue(sent > JUNK_PER_SECOND / 2 * seconds, "this machine sent no flood: " + sent);
                trial.result("%d answers to %d datagrams", junk.answers(), junk.sent());
            }
            double lines = (scene.server.log().size() - linesBefore) / seconds;
            double cores = (after.cpuSeconds() - before.cpuSeconds()) / seconds;
            int pictures = judge(scene, feed, publishers);
            trial.result(
                    "%.0f junk datagrams a second for %.0f s: %.2f cores, %d not taken by the socket, %.1f lines of log a"
                            + " second; %d publishers beside it: all %d pictures stored and right",
                    sent / seconds,
                    seconds,
                    cores,
                    after.socketDrops() - before.socketDrops(),
                    lines,
                    publishers.size(),
                    pictures);
            assertTrue(cores <= MOST_CORES, cores + " cores");
            assertTrue(lines <= MOST_LINES_PER_SECOND, lines + " lines of log a second");
        }
    }

    /// M8: one peer sends authentic nonsense beside its stream, another its pictures ten times as fast.
    static void authentic(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        long millis = floodMillis(trial);
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name());
                Fleet attackers = new Fleet()) {
            List<Publisher> publishers = honest(scene, feed);
            Publisher flooding = attackers.publish(
                    scene.uri("/whip/flooding"), List.of(feed, NetworkScene.opus()), Fleet.Options.PLAIN);
            Publisher hasty =
                    attackers.publish(scene.uri("/whip/hasty"), List.of(feed.faster(TIMES)), Fleet.Options.PLAIN);
            flooding.start();
            hasty.start();
            Scene.run(2_000);
            int port = scene.server.port("WebRTC");
            ServerCost before = ServerCost.of(scene.server.pid(), port);
            long bytesBefore = scene.recordedBytes("flooding");
            int linesBefore = scene.server.log().size();
            long start = System.nanoTime();
            flooding.flood(FLOOD_PER_SECOND);
            Scene.run(millis);
            double seconds = (System.nanoTime() - start) / 1e9;
            int sent = flooding.flooded();
            ServerCost after = ServerCost.of(scene.server.pid(), port);
            double grown = (scene.recordedBytes("flooding") - bytesBefore) / 1e6 / seconds;
            double lines = (scene.server.log().size() - linesBefore) / seconds;
            flooding.delete();
            hasty.delete();
            int pictures = judge(scene, feed, publishers);
            Scene.await(
                    "the end of the floods",
                    90,
                    () -> scene.recordings("hasty").size() == 1
                            && scene.server.log().stream().anyMatch(line -> line.contains("flooding: WebRTC ended")));
            long dropped = flooded(scene.server.log());
            trial.result(
                    "%.0f authentic packets a second, and pictures at %d times their rate, for %.0f s: %d dropped, %.2f cores,"
                            + " %d not taken by the socket, %.1f lines of log a second, its file grew by %.2f MB/s;"
                            + " %d publishers beside it: all %d pictures stored and right",
                    sent / seconds,
                    TIMES,
                    seconds,
                    dropped,
                    (after.cpuSeconds() - before.cpuSeconds()) / seconds,
                    after.socketDrops() - before.socketDrops(),
                    lines,
                    grown,
                    publishers.size(),
                    pictures);
            assertTrue(dropped > sent / 4, "dropped " + dropped);
            assertTrue(grown <= MOST_MEGABYTES_PER_SECOND, grown + " MB/s");
            assertTrue(lines <= MOST_LINES_PER_SECOND, lines + " lines of log a second");
            for (Path file : scene.recordings("hasty")) {
                assertTrue(Files.size(file) > 0, file.toString());
                RecordedFile.read(file);
            }
        }
    }

    private static long flooded(List<String> log) {
        long all = 0;
        for (String line : log) {
            Matcher matcher = FLOODED.matcher(line);
            while (line.contains("flooding") && matcher.find()) {
                all += Long.parseLong(matcher.group(1));
            }
        }
        return all;
    }
}
