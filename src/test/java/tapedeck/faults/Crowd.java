package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.Publisher;
import tapedeck.peers.webrtc.ServerCost;
import tapedeck.peers.webrtc.Viewer;

/// L3 and L5: many publishers that are recorded, many viewers who come at once.
final class Crowd {
    private static final int PUBLISHERS = 50;
    private static final int KBIT_PER_SECOND = 600;
    private static final int FEED_SECONDS = 8;
    private static final double MOST_CORES = 1;

    private static final int VIEWERS = 100;
    private static final double MOST_SECONDS_TO_PICTURE = 3;
    private static final double MOST_PAUSE_MILLIS = 50;
    private static final Pattern PAUSE = Pattern.compile("Pause .* ([0-9.]+)ms");

    private Crowd() {}

    private static Feed video() {
        return Feed.of(
                TestMedia.noise("libx264", FEED_SECONDS, KBIT_PER_SECOND, 2), TimeUnit.SECONDS.toNanos(FEED_SECONDS));
    }

    private static Feed sound() {
        long span = TimeUnit.SECONDS.toNanos(FEED_SECONDS);
        List<Frame> frames = TestMedia.opus(FEED_SECONDS).stream()
                .filter(frame -> frame.ptsNanos() < span)
                .toList();
        return Feed.of(frames, span);
    }

    /// L3. A round is ten seconds.
    static void publishers(Trial trial) throws Exception {
        Feed video = video();
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name())) {
            List<Publisher> publishers = new ArrayList<>();
            for (int i = 0; i < PUBLISHERS; i++) {
                Publisher publisher = scene.publish("many" + i, Fleet.Options.PLAIN, video, sound());
                publisher.start();
                publishers.add(publisher);
            }
            Scene.run(trial.thorough() ? 15_000 : 3_000);
            int port = scene.server.port("WebRTC");
            ServerCost before = ServerCost.of(scene.server.pid(), port);
            long sentBefore = publishers.stream().mapToLong(Publisher::packets).sum();
            long start = System.nanoTime();
            Scene.run(trial.rounds() * 10_000L);
            ServerCost after = ServerCost.of(scene.server.pid(), port);
            double seconds = (System.nanoTime() - start) / 1e9;
            long sent = publishers.stream().mapToLong(Publisher::packets).sum() - sentBefore;
            publishers.forEach(Publisher::end);
            for (Publisher publisher : publishers) {
                publisher.awaitEnd();
            }
            Scene.run(1_000);
            int pictures = 0;
            for (int i = 0; i < publishers.size(); i++) {
                publishers.get(i).delete();
                RecordedFile file = RecordedFile.read(scene.recording("many" + i));
                assertEquals(
                        publishers.get(i).sentFrames(0).length, file.video().size(), "pictures of many" + i);
                pictures += file.video().size();
            }
            double cpu = after.cpuSeconds() - before.cpuSeconds();
            trial.result(
                    "%d publishers of %d kbit/s, recorded: %.2f cores over %.0f s, %.1f µs a packet, %d not taken by the"
                            + " socket; all %d pictures stored",
                    PUBLISHERS,
                    KBIT_PER_SECOND,
                    cpu / seconds,
                    seconds,
                    cpu * 1e6 / sent,
                    after.socketDrops() - before.socketDrops(),
                    pictures);
            assertTrue(cpu / seconds <= MOST_CORES, cpu / seconds + " cores");
        }
    }

    /// L5. A round is a crowd that comes and goes; the first finds a server that has never had a viewer.
    static void viewers(Trial trial) throws Exception {
        Path pauses = trial.dir().resolve("gc.log").toAbsolutePath();
        List<Codec> codecs = List.of(video().codec(), sound().codec());
        double slowest = 0;
        int pictures = 0;
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name(), "-Xlog:gc:file=" + pauses)) {
            Publisher publisher = scene.publish("crowd", Fleet.Options.PLAIN, video(), sound());
            publisher.start();
            Scene.run(3_000);
            for (int round = 0; round < trial.rounds(); round++) {
                List<Viewer> viewers = join(scene, codecs);
                Scene.await(
                        "a picture for everybody",
                        60,
                        () -> viewers.stream().allMatch(viewer -> viewer.firstPictureSeconds() >= 0));
                double last = viewers.stream()
                        .mapToDouble(Viewer::firstPictureSeconds)
                        .max()
                        .orElseThrow();
                double middle = viewers.stream()
                        .mapToDouble(Viewer::firstPictureSeconds)
                        .sorted()
                        .skip(VIEWERS / 2)
                        .findFirst()
                        .orElseThrow();
                slowest = Math.max(slowest, last);
                trial.result(
                        "crowd %d: %d viewers within a second; first picture after %.2f s in the middle, %.2f s at most",
                        round + 1, VIEWERS, middle, last);
                Scene.run(2_000);
                pictures += viewers.stream()
                        .mapToInt(viewer -> (int) viewer.wholePictures())
                        .sum();
                for (Viewer viewer : viewers) {
                    viewer.delete();
                }
            }
            publisher.delete();
        }
        String longest = longestPause(pauses);
        trial.result("longest pause of the collector: %s; %d pictures shown", longest, pictures);
        if (trial.thorough()) {
            // What else this machine does counts in both: nothing to judge a build by.
            assertTrue(slowest <= MOST_SECONDS_TO_PICTURE, slowest + " s");
            assertTrue(pauseMillis(longest) <= MOST_PAUSE_MILLIS, longest);
        }
    }

    private static List<Viewer> join(NetworkScene scene, List<Codec> codecs) throws Exception {
        List<Future<Viewer>> joining = new ArrayList<>();
        List<Viewer> viewers = new ArrayList<>();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            long start = System.nanoTime();
            for (int i = 0; i < VIEWERS; i++) {
                TimeUnit.NANOSECONDS.sleep(start + i * TimeUnit.SECONDS.toNanos(1) / VIEWERS - System.nanoTime());
                joining.add(pool.submit(() -> scene.fleet.view(scene.uri("/whep/crowd"), codecs, Fleet.Options.PLAIN)));
            }
            for (Future<Viewer> one : joining) {
                viewers.add(one.get());
            }
        }
        return viewers;
    }

    /// The collector's line about it.
    private static String longestPause(Path log) throws Exception {
        return Files.readAllLines(log).stream()
                .max(Comparator.comparingDouble(Crowd::pauseMillis))
                .orElseThrow();
    }

    /// 0 if the line is about something else.
    private static double pauseMillis(String line) {
        Matcher pause = PAUSE.matcher(line);
        return pause.find() ? Double.parseDouble(pause.group(1)) : 0;
    }
}
