package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tapedeck.peers.Conditions;
import tapedeck.peers.Relay;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Publisher;

/// N1 to N3: WHIP publishers of H.264 and VP8 over networks that lose, delay and mix packets, in both directions. A
/// round is one minute (ten seconds in `./check`).
final class NetworkLoss {
    private static final double MOST_OVERHEAD_PERCENT = 15;
    private static final double FEWEST_RIGHT_PERCENT = 99.5;
    private static final double LONGEST_FREEZE_MILLIS = 1_500;
    private static final Conditions FAR = Conditions.NONE.delayMillis(40);

    private final Trial trial;
    private final NetworkScene scene;
    private final Map<String, Feed> feeds = new LinkedHashMap<>();
    private final List<Publisher> publishers = new ArrayList<>();

    private NetworkLoss(Trial trial, NetworkScene scene) {
        this.trial = trial;
        this.scene = scene;
        feeds.put("h264", NetworkScene.h264());
        feeds.put("vp8", NetworkScene.vp8());
    }

    @FunctionalInterface
    private interface Run {
        void of(NetworkLoss loss) throws Exception;
    }

    private static void in(Trial trial, Run run) throws Exception {
        try (NetworkScene scene = new NetworkScene(trial, trial.name())) {
            run.of(new NetworkLoss(trial, scene));
        }
    }

    /// N1.
    static void five(Trial trial) throws Exception {
        in(trial, loss -> {
            loss.publish(FAR.loss(0.05));
            loss.goOn();
            loss.judge("5 % lost at 80 ms", 0, MOST_OVERHEAD_PERCENT);
        });
    }

    /// N2, each packet for itself.
    static void ten(Trial trial) throws Exception {
        in(trial, loss -> {
            loss.publish(FAR.loss(0.1));
            loss.goOn();
            loss.judge("10 % lost at 80 ms", 100 - FEWEST_RIGHT_PERCENT, Double.MAX_VALUE);
        });
    }

    /// N2, Gilbert. Towards the client, where few packets go, a burst of ten would last for half a second.
    static void bursts(Trial trial) throws Exception {
        in(trial, loss -> {
            loss.publish(FAR.bursts(0.01, 0.1), FAR.loss(0.05));
            loss.goOn();
            loss.judge("bursts of ten, 9 % lost at 80 ms", 100 - FEWEST_RIGHT_PERCENT, Double.MAX_VALUE);
        });
    }

    /// N2: for ten seconds one in five.
    static void twenty(Trial trial) throws Exception {
        in(trial, loss -> {
            loss.publish(FAR);
            Scene.run(4_000);
            loss.scene.relay.both(FAR.loss(0.2));
            Scene.run(10_000);
            loss.scene.relay.both(FAR);
            loss.goOn();
            // A freeze that began in the bad time may last for 1.5 s behind it, and there may be several in it.
            loss.judge("20 % lost for 10 s", 100, Double.MAX_VALUE);
        });
    }

    /// N3.
    static void jitter(Trial trial) throws Exception {
        in(trial, loss -> {
            loss.publish(FAR.jitterMillis(150).reorder(0.05, 30).duplicates(0.05));
            loss.goOn();
            loss.judge("0 to 150 ms of jitter, 5 % overtaken, 5 % twice", 0, Double.MAX_VALUE);
        });
    }

    private void publish(Conditions conditions) throws Exception {
        publish(conditions, conditions);
    }

    private void publish(Conditions toServer, Conditions toClient) throws Exception {
        scene.relay.set(Relay.Way.TO_SERVER, toServer);
        scene.relay.set(Relay.Way.TO_CLIENT, toClient);
        for (Map.Entry<String, Feed> feed : feeds.entrySet()) {
            Publisher publisher = scene.publish(feed.getKey(), feed.getValue(), NetworkScene.opus());
            publishers.add(publisher);
            publisher.start();
        }
    }

    private void goOn() throws InterruptedException {
        Scene.run(trial.rounds() * (trial.thorough() ? 60_000L : 10_000L));
    }

    private void judge(String what, double mostWrongPercent, double mostOverheadPercent) throws Exception {
        // Nobody could know that the very last packet is missing.
        scene.relay.both(FAR);
        Scene.run(500);
        int number = 0;
        for (Map.Entry<String, Feed> feed : feeds.entrySet()) {
            Publisher publisher = publishers.get(number++);
            scene.end(publisher);
            double overhead = 100.0
                    * (publisher.bytes() - publisher.mediaBytes() + publisher.feedbackBytes())
                    / publisher.mediaBytes();
            Pictures pictures = Pictures.of(scene.recording(feed.getKey()), publisher, feed.getValue(), 0);
            trial.result(
                    "%s, %s: %s; %d packets lost on the way, %d asked for again, %d keyframes asked for, overhead %.1f %%",
                    what,
                    feed.getKey(),
                    pictures,
                    scene.relay.count(Relay.Way.TO_SERVER, Relay.Fate.LOST)
                            + scene.relay.count(Relay.Way.TO_SERVER, Relay.Fate.LOST_IN_BURST),
                    publisher.nacked(),
                    publisher.keyframeRequests(),
                    overhead);
            if (mostWrongPercent == 0) {
                assertEquals(0, pictures.missing(), feed.getKey() + ": pictures are missing");
                assertEquals(0, pictures.wrong(), feed.getKey() + ": pictures look wrong");
            }
            assertTrue(
                    pictures.sharePercent() >= 100 - mostWrongPercent,
                    "%s: %.2f %% of the pictures are right".formatted(feed.getKey(), pictures.sharePercent()));
            assertTrue(
                    pictures.longestFreezeMillis() <= LONGEST_FREEZE_MILLIS,
                    "%s: a freeze of %.0f ms".formatted(feed.getKey(), pictures.longestFreezeMillis()));
            assertTrue(overhead <= mostOverheadPercent, "%s: overhead %.1f %%".formatted(feed.getKey(), overhead));
        }
    }
}
