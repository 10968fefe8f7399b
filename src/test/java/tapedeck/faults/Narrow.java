package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import tapedeck.media.Codec;
import tapedeck.peers.Conditions;
import tapedeck.peers.FlvFile;
import tapedeck.peers.Relay;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.ServerCost;

/// N8: a viewer by WHEP and one by RTMP have 1 Mbit/s for a stream of 3 Mbit/s; others beside them have enough. A round
/// is ten seconds.
final class Narrow {
    private static final int STREAM_BITS_PER_SECOND = 3_000_000;
    private static final int PATH_BITS_PER_SECOND = 1_000_000;
    /// Half a second of the path: what a home router holds.
    private static final int QUEUE_BYTES = 64_000;

    private static final int ADAPT_MILLIS = 5_000;
    private static final double MOST_HEAP_MIB = 20;
    /// Groups of pictures of one second: some come whole, and the next is not far.
    private static final double LONGEST_FREEZE_SECONDS = 6;

    /// Pictures that came so far, and what the narrow path was given and could not hold.
    private record Seen(long slow, long fast, long slowRtmp, long fastRtmp, long offered, long full) {
        static Seen of(
                tapedeck.peers.webrtc.Viewer slow,
                tapedeck.peers.webrtc.Viewer fast,
                Viewer slowRtmp,
                Viewer fastRtmp,
                Relay path) {
            return new Seen(
                    slow.wholePictures(),
                    fast.wholePictures(),
                    slowRtmp.pictures(),
                    fastRtmp.pictures(),
                    path.count(Relay.Way.TO_CLIENT, Relay.Fate.OFFERED),
                    path.count(Relay.Way.TO_CLIENT, Relay.Fate.QUEUE_FULL));
        }

        Seen since(Seen before) {
            return new Seen(
                    slow - before.slow,
                    fast - before.fast,
                    slowRtmp - before.slowRtmp,
                    fastRtmp - before.fastRtmp,
                    offered - before.offered,
                    full - before.full);
        }

        void judge() {
            assertTrue(slow > 0 && slow < fast, this.toString());
            assertTrue(slowRtmp > 0 && slowRtmp < fastRtmp, this.toString());
        }
    }

    private Narrow() {}

    static void run(Trial trial) throws Exception {
        int seconds = 10 * trial.rounds();
        List<FlvFile.Tag> tags = Clip.tags(seconds + 120, STREAM_BITS_PER_SECOND);
        Codec codec = new Codec.H264(List.of(), List.of(), 320, 180);
        Path data = trial.folder("narrow");
        Conditions narrow = Conditions.NONE.delayMillis(20).rate(PATH_BITS_PER_SECOND, QUEUE_BYTES);
        try (Scene scene = new Scene(new ServerProcess(data, Scene.recording()));
                Fleet fleet = new Fleet();
                Relay udp =
                        new Relay(scene.server.port("WebRTC"), trial.random().nextLong());
                Relay tcp = new Relay(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), scene.server.port("RTMP")),
                        trial.random().nextLong())) {
            scene.publish("wide", tags);
            Scene.await("the stream", () -> !scene.rest("stream/find_all", "").isEmpty());
            Scene.run(1_000);
            var uri = scene.uri("/whep/wide");
            try (Viewer fastRtmp = new Viewer(scene.server.port("RTMP"), "wide");
                    Viewer slowRtmp = new Viewer(tcp.port(), "wide");
                    var fast = fleet.view(uri, List.of(codec), Fleet.Options.PLAIN);
                    var slow = fleet.view(uri, List.of(codec), Fleet.Options.PLAIN.through(udp::rewrite))) {
                Scene.run(2_000);
                udp.set(Relay.Way.TO_CLIENT, narrow);
                tcp.set(Relay.Way.TO_CLIENT, narrow);
                Scene.run(ADAPT_MILLIS);
                double heapBefore = ServerCost.liveHeapMib(scene.server.pid());
                Seen before = Seen.of(slow, fast, slowRtmp, fastRtmp, udp);
                slow.measureFreezes();
                Scene.run(seconds * 1_000L);
                Seen seen = Seen.of(slow, fast, slowRtmp, fastRtmp, udp).since(before);
                double heap = ServerCost.liveHeapMib(scene.server.pid()) - heapBefore;
                trial.result(
                        "3 Mbit/s over a path of 1 Mbit/s for %d s: by WHEP %d whole pictures of %d, %.1f %% of what was sent"
                                + " lost in front of the path, longest pause %.1f s; by RTMP %d of %d; the others got %d and"
                                + " %d, %d and %d missing; heap %+.1f MiB",
                        seconds,
                        seen.slow(),
                        seen.fast(),
                        100.0 * seen.full() / seen.offered(),
                        slow.longestFreezeSeconds(),
                        seen.slowRtmp(),
                        seen.fastRtmp(),
                        seen.fast(),
                        seen.fastRtmp(),
                        fast.gaps(),
                        fastRtmp.missing(),
                        heap);
                assertEquals(0, fast.gaps(), "packets that the wide viewer misses");
                assertEquals(0, fastRtmp.missing(), "pictures that the wide RTMP viewer misses");
                seen.judge();
                assertTrue(slow.longestFreezeSeconds() <= LONGEST_FREEZE_SECONDS, slow.longestFreezeSeconds() + " s");
                assertTrue(heap <= MOST_HEAP_MIB, heap + " MiB");
            }
        }
    }
}
