package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import tapedeck.peers.Conditions;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.OverTcp;
import tapedeck.peers.webrtc.Publisher;

/// N9: paths of one session: ICE restarts, a second candidate, a network that lets only TCP pass.
final class NetworkPaths {
    private static final Conditions NEAR = Conditions.NONE.delayMillis(10);
    private static final double MOST_SECONDS_TO_MOVE = 1;
    private static final int WATCHED_MILLIS = 2_000;
    /// Reports come several times a second; each is larger than this.
    private static final int FEEDBACK_BYTES = 200;

    private NetworkPaths() {}

    /// A round is two restarts, the second one from another address. RFC 9725 4.3.3.
    static void restarts(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        try (NetworkScene scene = new NetworkScene(trial, trial.name())) {
            scene.relay.both(NEAR);
            Publisher publisher = scene.publish("restarts", feed, NetworkScene.opus());
            publisher.start();
            Scene.run(2_000);
            double longest = 0;
            for (int i = 0; i < 2 * trial.rounds(); i++) {
                String before = publisher.username();
                if (i % 2 == 1) {
                    scene.relay.moveClients(InetAddress.ofLiteral("127.0.0." + (2 + i)));
                }
                assertEquals(200, publisher.restartIce());
                Scene.await("new credentials", () -> !publisher.username().equals(before));
                long feedback = publisher.feedbackBytes();
                longest = Math.max(
                        longest,
                        Scene.await("feedback", 10, () -> publisher.feedbackBytes() > feedback + FEEDBACK_BYTES));
                Scene.await("an answer to a check", 10, () -> publisher.silentSeconds() < 1);
                Scene.run(1_500);
            }
            scene.end(publisher);
            Pictures pictures = Pictures.of(scene.recording("restarts"), publisher, feed, 0);
            trial.result(
                    "%d ICE restarts, half of them from another address: on after %.2f s at most; one file, %s",
                    2 * trial.rounds(), longest, pictures);
            assertTrue(longest <= MOST_SECONDS_TO_MOVE, longest + " s");
            assertEquals(0, pictures.missing() + pictures.wrong(), pictures.toString());
        }
    }

    /// RFC 8445 7.3.1.5: a second pair is checked and answered, and used only once it is nominated.
    static void candidates(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        try (NetworkScene scene = new NetworkScene(trial, trial.name());
                DatagramSocket second = new DatagramSocket(new InetSocketAddress("127.0.0.9", 0))) {
            Publisher publisher = scene.publish("candidates", Fleet.Options.PLAIN, feed, NetworkScene.opus());
            publisher.start();
            Scene.run(2_000);
            InetSocketAddress server =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), scene.server.port("WebRTC"));
            second.connect(server);
            send(second, publisher.plainCheck());
            Came unused = Came.during(second, WATCHED_MILLIS);
            send(second, publisher.nominatingCheck());
            Came used = Came.during(second, WATCHED_MILLIS);
            long before = publisher.feedbackBytes();
            publisher.checkNow();
            double back = Scene.await("feedback", 10, () -> publisher.feedbackBytes() > before + FEEDBACK_BYTES);
            Scene.run(1_000);
            scene.end(publisher);
            Pictures pictures = Pictures.of(scene.recording("candidates"), publisher, feed, 0);
            trial.result(
                    "a second candidate: checked, it got %d answers and %d datagrams of feedback in %d ms; nominated, %d"
                            + " and %d, the first after %.2f s; nominated back after %.2f s; %s",
                    unused.answers,
                    unused.feedback,
                    WATCHED_MILLIS,
                    used.answers,
                    used.feedback,
                    used.firstSeconds,
                    back,
                    pictures);
            assertEquals(1, unused.answers);
            assertEquals(0, unused.feedback);
            assertTrue(used.feedback > 0 && used.firstSeconds <= MOST_SECONDS_TO_MOVE, used.firstSeconds + " s");
            assertTrue(back <= MOST_SECONDS_TO_MOVE, back + " s");
            assertEquals(0, pictures.missing() + pictures.wrong(), pictures.toString());
        }
    }

    private static void send(DatagramSocket socket, byte[] datagram) throws IOException {
        socket.send(new DatagramPacket(datagram, datagram.length));
    }

    /// What came to a socket.
    private static final class Came {
        private int answers;
        private int feedback;
        private double firstSeconds;

        static Came during(DatagramSocket socket, int millis) throws IOException {
            Came came = new Came();
            byte[] bytes = new byte[2_048];
            long start = System.nanoTime();
            long end = start + millis * 1_000_000L;
            for (long now = start; now < end; now = System.nanoTime()) {
                socket.setSoTimeout((int) Math.max(1, (end - now) / 1_000_000));
                try {
                    socket.receive(new DatagramPacket(bytes, bytes.length));
                } catch (SocketTimeoutException e) {
                    continue;
                }
                if ((bytes[0] & 0xC0) == 0) {
                    came.answers++;
                } else if (came.feedback++ == 0) {
                    came.firstSeconds = (System.nanoTime() - start) / 1e9;
                }
            }
            return came;
        }
    }

    /// RFC 6544, passive at our side.
    static void tcp(Trial trial) throws Exception {
        Feed feed = NetworkScene.h264();
        try (NetworkScene scene = new NetworkScene(trial, trial.name());
                OverTcp way = new OverTcp(scene.server.port("WebRTC"))) {
            Publisher publisher =
                    scene.publish("tcp", Fleet.Options.PLAIN.through(way::rewrite), feed, NetworkScene.opus());
            publisher.start();
            Scene.run(trial.thorough() ? 20_000 : 5_000);
            scene.end(publisher);
            Pictures pictures = Pictures.of(scene.recording("tcp"), publisher, feed, 0);
            trial.result(
                    "TCP alone: %d datagrams there and %d back over one connection; %s",
                    way.toServer(), way.toClient(), pictures);
            assertTrue(publisher.receiverReports() > 0 && publisher.transportFeedbacks() > 0, "feedback over TCP");
            assertEquals(0, pictures.missing() + pictures.wrong(), pictures.toString());
        }
    }
}
