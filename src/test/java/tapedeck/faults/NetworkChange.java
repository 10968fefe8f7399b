package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tapedeck.peers.Conditions;
import tapedeck.peers.DtlsFlights;
import tapedeck.peers.Relay;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.Publisher;

/// N9 to N11: networks that change their address, go away for a while or for good, carry only small datagrams, or lose
/// parts of the handshake.
final class NetworkChange {
    private static final Conditions NEAR = Conditions.NONE.delayMillis(10);
    private static final double MOST_SECONDS_TO_MOVE = 1;
    private static final double CONSENT_SECONDS = 30;
    private static final double MOST_SECONDS_TO_CONNECT = 5;
    private static final int OUTAGE_SECONDS = 5;
    /// What an MTU of 600 leaves beside the headers of IPv4 and UDP, and for RTP's payload beside its own.
    private static final int SMALL_DATAGRAM_BYTES = 572;

    private static final int SMALL_PAYLOAD_BYTES = 520;

    private NetworkChange() {}

    /// N9: the address changes; a client that knows it checks at once, one behind a NAT does not know.
    static void moves(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        try (NetworkScene scene = new NetworkScene(trial, trial.name())) {
            scene.relay.both(NEAR);
            Publisher publisher = scene.publish("moves", feed, NetworkScene.opus());
            publisher.start();
            Scene.run(3_000);
            double longest = 0;
            for (int move = 0; move < 2 * trial.rounds(); move++) {
                long before = publisher.feedbackBytes();
                scene.relay.moveClients(InetAddress.ofLiteral("127.0.0." + (2 + move)));
                publisher.checkNow();
                // Feedback comes to the new address as soon as the server believes it.
                double seconds = Scene.await("feedback", 10, () -> publisher.feedbackBytes() > before + 200);
                longest = Math.max(longest, seconds);
                Scene.run(2_000);
            }
            scene.relay.moveClients();
            long before = publisher.feedbackBytes();
            double unaware = Scene.await("feedback", 10, () -> publisher.feedbackBytes() > before + 200);
            Scene.run(2_000);
            scene.end(publisher);
            Pictures pictures = Pictures.of(scene.recording("moves"), publisher, feed, 0);
            trial.result(
                    "%d moves to other addresses: on after %.2f s at most; after one that the client did not notice, %.2f s;"
                            + " %s",
                    2 * trial.rounds(), longest, unaware, pictures);
            assertTrue(longest <= MOST_SECONDS_TO_MOVE, longest + " s");
            assertTrue(pictures.longestFreezeMillis() <= 1_000 * MOST_SECONDS_TO_MOVE, pictures.toString());
        }
    }

    /// N9: nothing arrives for a while, and then for good.
    static void outage(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        try (NetworkScene scene = new NetworkScene(trial, trial.name())) {
            scene.relay.both(NEAR);
            Publisher publisher = scene.publish("outage", feed, NetworkScene.opus());
            publisher.start();
            Scene.run(4_000);
            scene.relay.both(NEAR.blackhole(true));
            Scene.run(OUTAGE_SECONDS * 1_000L);
            scene.relay.both(NEAR);
            Scene.run(6_000);
            scene.relay.both(NEAR.blackhole(true));
            double closed = Scene.await(
                    "the end of consent", 90, () -> scene.recordings("outage").size() == 1);
            publisher.vanish();
            Pictures pictures = Pictures.of(scene.recording("outage"), publisher, feed, 0);
            double back = pictures.longestFreezeMillis() / 1_000 - OUTAGE_SECONDS;
            trial.result(
                    "%d s without network: one file, right pictures again %.2f s after it; gone for good: session closed"
                            + " and file finished after %.1f s",
                    OUTAGE_SECONDS, back, closed);
            assertTrue(back <= 1.5, "pictures came back after " + back + " s");
            assertEquals(CONSENT_SECONDS, closed, 5);
        }
    }

    /// N10.
    static void smallDatagrams(Trial trial) throws Exception {
        Feed h264 = NetworkScene.h264();
        Feed feed = Feed.of(
                h264.frames().stream().map(Feed.Picture::frame).toList(), h264.spanNanos(), SMALL_PAYLOAD_BYTES);
        try (NetworkScene scene = new NetworkScene(trial, trial.name())) {
            scene.relay.both(NEAR.maxDatagramBytes(SMALL_DATAGRAM_BYTES));
            long start = System.nanoTime();
            Publisher publisher = scene.publish("small", feed, NetworkScene.opus());
            double seconds = (System.nanoTime() - start) / 1e9;
            publisher.start();
            Scene.run(5_000);
            scene.end(publisher);
            Pictures pictures = Pictures.of(scene.recording("small"), publisher, feed, 0);
            long large = scene.relay.count(Relay.Way.TO_SERVER, Relay.Fate.TOO_LARGE)
                    + scene.relay.count(Relay.Way.TO_CLIENT, Relay.Fate.TOO_LARGE);
            trial.result(
                    "datagrams of %d bytes at most: connected in %.2f s, %d were too large; %s",
                    SMALL_DATAGRAM_BYTES, seconds, large, pictures);
            assertEquals(0, pictures.missing(), "missing");
            assertEquals(0, large, "too large");
        }
    }

    /// N11: each flight of the handshake lost once and twice, whole and its first datagram, and everything twice.
    static void flights(Trial trial) throws Exception {
        Feed feed = NetworkScene.opus();
        List<Callable<Double>> connects = new ArrayList<>();
        try (NetworkScene scene = new NetworkScene(trial, trial.name())) {
            scene.publish("first", feed).close();
            for (int flight = 1; flight <= DtlsFlights.FLIGHTS; flight++) {
                for (int times = 1; times <= 2; times++) {
                    for (int datagram : new int[] {DtlsFlights.ALL, 0, 1}) {
                        DtlsFlights rule = new DtlsFlights(flight, datagram, times);
                        String name = "f%d-%d-%d".formatted(flight, times, datagram + 1);
                        Relay.Way way = DtlsFlights.way(flight);
                        connects.add(() -> seconds(scene, name, feed, way, NEAR.drops(rule)));
                    }
                }
            }
            connects.add(() -> seconds(scene, "twice", feed, Relay.Way.TO_SERVER, NEAR.duplicates(1)));
            connects.add(() -> seconds(scene, "twice-back", feed, Relay.Way.TO_CLIENT, NEAR.duplicates(1)));
            double longest = 0;
            try (ExecutorService pool = Executors.newFixedThreadPool(6)) {
                for (Future<Double> connect : pool.invokeAll(connects)) {
                    longest = Math.max(longest, connect.get());
                }
            }
            trial.result(
                    "%d handshakes, each with a flight or a part of one lost once or twice, or all of it doubled: connected"
                            + " after %.2f s at most",
                    connects.size(), longest);
            assertTrue(longest <= MOST_SECONDS_TO_CONNECT, longest + " s");
        }
    }

    private static double seconds(NetworkScene scene, String name, Feed feed, Relay.Way way, Conditions conditions)
            throws Exception {
        try (Relay relay = new Relay(scene.server.port("WebRTC"), 1)) {
            relay.both(NEAR);
            relay.set(way, conditions);
            long start = System.nanoTime();
            Publisher publisher = scene.publish(name, Fleet.Options.PLAIN.through(relay::rewrite), feed);
            double seconds = (System.nanoTime() - start) / 1e9;
            boolean happened = relay.count(way, Relay.Fate.RULED_OUT) + relay.count(way, Relay.Fate.DUPLICATED) > 0;
            // A flight may have one datagram only.
            assertTrue(happened || name.endsWith("2"), name + ": nothing was lost");
            publisher.start();
            Scene.await("reports for " + name, () -> publisher.receiverReports() > 0);
            publisher.delete();
            return seconds;
        }
    }
}
