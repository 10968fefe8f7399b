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
/// is
/// ten seconds.
final class Narrow {
    private static final int STREAM_BITS_PER_SECOND = 3_000_000;
    private static final int PATH_BITS_PER_SECOND = 1_000_000;
    /// Half a second of the path: what a home router holds.
    private static final int QUEUE_BYTES = 64_000;

    private static final int ADAPT_MILLIS = 5_000;
    private static final double MOST_HEAP_MIB = 20;
    /// Groups of pictures of one second: some come whole, and the next is not far.
    private static final double LONGEST_FREEZE_SECONDS = 6;

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
                long full = udp.count(Relay.Way.TO_CLIENT, Relay.Fate.QUEUE_FULL);
                long offered = udp.count(Relay.Way.TO_CLIENT, Relay.Fate.OFFERED);
                long slowPictures = slow.wholePictures();
                long fastPictures = fast.wholePictures();
                int slowRtmpPictures = slowRtmp.pictures();
                int fastRtmpPictures = fastRtmp.pictures();
                slow.measureFreezes();
                Scene.run(seconds * 1_000L);
                double heap = ServerCost.liveHeapMib(scene.server.pid()) - heapBefore;
                double lost = 100.0
                        * (udp.count(Relay.Way.TO_CLIENT, Relay.Fate.QUEUE_FULL) - full)
                        / (udp.count(Relay.Way.TO_CLIENT, Relay.Fate.OFFERED) - offered);
                slowPictures = slow.wholePictures() - slowPictures;
                slowRtmpPictures = slowRtmp.pictures() - slowRtmpPictures;
                fastPictures = fast.wholePictures() - fastPictures;
                fastRtmpPictures = fastRtmp.pictures() - fastRtmpPictures;
                trial.result(
                        "3 Mbit/s over a path of 1 Mbit/s for %d s: by WHEP %d whole pictures of %d, %.1f %% of what was sent"
                                + " lost in front of the path, longest pause %.1f s; by RTMP %d of %d; the others got %d and"
                                + " %d, %d and %d missing; heap %+.1f MiB",
                        seconds,
                        slowPictures,
                        fastPictures,
                        lost,
                        slow.longestFreezeSeconds(),
                        slowRtmpPictures,
                        fastRtmpPictures,
                        fastPictures,
                        fastRtmpPictures,
                        fast.gaps(),
                        fastRtmp.missing(),
                        heap);
                assertEquals(0, fast.gaps(), "packets that the wide viewer misses");
                assertEquals(0, fastRtmp.missing(), "pictures that the wide RTMP viewer misses");
                assertTrue(slowPictures > 0 && slowPictures < fastPictures, slowPictures + " pictures");
                assertTrue(slow.longestFreezeSeconds() <= LONGEST_FREEZE_SECONDS, slow.longestFreezeSeconds() + " s");
                assertTrue(slowRtmpPictures > 0 && slowRtmpPictures < fastRtmpPictures, slowRtmpPictures + " pictures");
                assertTrue(heap <= MOST_HEAP_MIB, heap + " MiB");
            }
        }
    }
}
