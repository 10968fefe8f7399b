package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Fuzz;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Peers that stall, flood, lie and vanish are cut off alone: two good streams go on meanwhile and lose nothing.
class RtmpHostilePeerTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final int CLIP_MILLIS = 4_100;

    private final Streams streams = new Streams();
    private final List<Good> good = new ArrayList<>();
    private EventLoops loops;
    private RtmpServer server;

    /// A publisher that sends the clip again and again, and a reader that wants every frame.
    private final class Good {
        final FrameCollector collector;
        final RtmpClient client;
        final int originMillis = CLIP.media().getFirst().timestampMillis();
        int rounds;

        Good(String name) throws IOException {
            collector = FrameCollector.of(streams, name);
            client = RtmpClient.connected(server.port()).publish(name);
        }

        /// The clip once more, and every frame of it has to arrive.
        void send() throws IOException {
            FlvFile next = CLIP.shifted(rounds++ * CLIP_MILLIS);
            client.send(next);
            List<FlvFile.Tag> media = next.media();
            FrameCollector.assertSame(media, collector.take(media.size()), originMillis);
        }

        void finish() throws IOException {
            client.unpublish();
            assertEquals(List.of(), collector.untilEnd());
            client.close();
        }
    }

    @BeforeEach
    void start() throws IOException {
        // One loop: whatever blocks it blocks the good ones.
        loops = new EventLoops(1);
        server = new RtmpServer(
                0, new Rights(Settings.Rights.NONE, TrustedProxies.NONE), loops, streams, new BoundPorts());
        good.add(new Good("good1"));
        good.add(new Good("good2"));
        sendGood();
    }

    private void sendGood() throws IOException {
        for (Good one : good) {
            one.send();
        }
    }

    @AfterEach
    void stop() throws IOException {
        sendGood();
        for (Good one : good) {
            one.finish();
        }
        server.close();
        loops.close();
    }

    private void whileGoodOnesSend(String what, BooleanSupplier condition) throws IOException {
        long deadline = System.nanoTime() + 120_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, what);
            sendGood();
        }
    }

    private static boolean closedByServer(Socket socket) {
        try {
            socket.setSoTimeout(1);
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static boolean drainedAndClosed(RtmpClient client) {
        try {
            client.socket().setSoTimeout(1);
            byte[] some = new byte[4096];
            while (true) {
                if (client.socket().getInputStream().read(some) < 0) {
                    return true;
                }
            }
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private RtmpClient client() throws IOException {
        return RtmpClient.connected(server.port());
    }

    private boolean live(String name) {
        return streams.find(new StreamName(name)).isPresent();
    }

    @Test
    void connectionsThatNeverFinishTheHandshakeAreClosedAfterTenSeconds() throws IOException {
        List<RtmpClient> slow = new ArrayList<>();
        long begin = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            RtmpClient client = RtmpClient.open(server.port());
            if (i % 2 == 0) {
                client.raw(new byte[] {3});
            }
            slow.add(client);
        }
        whileGoodOnesSend(
                "the slow ones are closed", () -> slow.stream().allMatch(client -> closedByServer(client.socket())));
        assertTrue(System.nanoTime() - begin >= RtmpSession.HANDSHAKE_NANOS, "not before their time");
        for (RtmpClient client : slow) {
            client.close();
        }
    }

    @Test
    void aPublisherThatStallsLosesItsNameAfterTenSeconds() throws IOException {
        try (RtmpClient stalled = client()) {
            stalled.publish("stalled").send(CLIP.tags().subList(0, 20));
            long begin = System.nanoTime();
            // In the middle of a message.
            byte[] next = stalled.bytes(CLIP.media().get(5));
            stalled.raw(java.util.Arrays.copyOf(next, next.length / 2));
            whileGoodOnesSend("the name is free", () -> !live("stalled"));
            assertTrue(System.nanoTime() - begin >= RtmpSession.IDLE_NANOS, "not before its time");
            stalled.awaitClosed();
        }
    }

    private static void send(RtmpClient client, FlvFile.Tag tag) {
        try {
            client.send(tag);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// 50 pictures of 200 kB, a keyframe first: two seconds.
    private static void sendFat(RtmpClient client, int round) throws IOException {
        client.send(CLIP.tags().stream()
                .filter(tag -> tag.video() && tag.sequenceHeader())
                .toList());
        byte[] body = new byte[200_000];
        new Random(1).nextBytes(body);
        for (int i = 0; i < 50; i++) {
            ByteWriter picture = new ByteWriter(body.length + 9);
            picture.u8(i == 0 ? 0x17 : 0x27).u8(1).u24(0).u32(body.length).bytes(body);
            client.send(new FlvFile.Tag(9, (round * 50 + i) * 40, picture.toBytes()));
        }
    }

    @Test
    void playersThatReadNothingHoldLittleAndNobodyWaitsForThem() throws IOException {
        try (RtmpClient fat = client()) {
            fat.publish("fat");
            List<RtmpClient> players = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                RtmpClient player = RtmpClient.open(server.port(), 8 * 1024);
                players.add(player.handshake().connect("live").play("fat"));
            }
            Stream stream = streams.find(new StreamName("fat")).orElseThrow();
            assertEquals(players.size(), stream.statistics().liveReaders());
            for (int i = 0; i < 10; i++) {
                sendFat(fat, i);
                sendGood();
            }
            whileGoodOnesSend("all of it arrived", () -> stream.statistics().frames() == 500);
            // 100 MB were sent to each. A connection may hold what one batch brought on top of its bound.
            long mostBytes = players.size() * (2L * ReaderOptions.LIVE_MAX_BYTES + (1 << 20));
            long held = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
            assertTrue(held <= mostBytes, () -> held + " bytes are held");
            // Half of them vanish, the others are sent away in the end.
            for (RtmpClient player : players.subList(0, 5)) {
                player.vanish();
            }
            whileGoodOnesSend("those are gone", () -> stream.statistics().liveReaders() == 5);
            int[] millis = {20_000};
            whileGoodOnesSend("the players are gone", () -> {
                send(fat, new FlvFile.Tag(9, millis[0]++, Bytes.ofHex("27 01 000000 00000001 41")));
                return stream.statistics().liveReaders() == 0;
            });
            assertTrue(live("fat"));
            for (RtmpClient player : players) {
                player.close();
            }
        }
    }

    @Test
    void aPlayerThatWasSlowGoesOnAtAKeyframe() throws Exception {
        try (RtmpClient fat = client();
                RtmpClient player = client()) {
            fat.publish("fat");
            player.play("fat");
            int round = 0;
            while (round < 5) {
                sendFat(fat, round++);
            }
            // Now it reads: what was on the way, then a gap, then a keyframe.
            FutureTask<Integer> reading = new FutureTask<>(() -> frameTypeAfterAGap(player));
            Thread.ofVirtual().start(reading);
            while (!reading.isDone() && round < 100) {
                sendFat(fat, round++);
                sendGood();
            }
            assertEquals(1, reading.get());
        }
    }

    private static int frameTypeAfterAGap(RtmpClient player) throws IOException {
        int lastMillis = 0;
        while (true) {
            RtmpClient.Message message = player.read();
            if (message.type() == 9 && message.body().u8(1) == 1) {
                if (message.timestampMillis() - lastMillis > 1_000) {
                    return message.body().u8(0) >> 4;
                }
                lastMillis = message.timestampMillis();
            }
        }
    }

    @Test
    void floodsOfCommandsEndTheConnection() throws IOException {
        record Flood(String what, Bytes message, int type) {}
        Bytes createStream =
                Amf0.write(new ByteWriter(), "createStream", 9, null).toBytes();
        ByteWriter metadata = Amf0.write(new ByteWriter(), "@setDataFrame", "onMetaData");
        Amf0.writeEcmaArray(metadata, Map.of("width", 1));
        for (Flood flood : List.of(
                new Flood("createStream", createStream, 20),
                new Flood("metadata", metadata.toBytes(), 18),
                new Flood("ping", new ByteWriter().u16(6).u32(1).toBytes(), 4),
                new Flood("command", Amf0.write(new ByteWriter(), "whatever", 0).toBytes(), 20))) {
            try (RtmpClient client = client()) {
                client.publish("flood");
                for (int i = 0; i < 10_000; i++) {
                    client.message(3, flood.type(), client.streamId(), 0, flood.message());
                }
                whileGoodOnesSend(flood.what() + " ends", () -> drainedAndClosed(client) && !live("flood"));
            } catch (IOException e) {
                // The server had enough before everything was written.
                whileGoodOnesSend(flood.what() + " ends", () -> !live("flood"));
            }
        }
    }

    @Test
    void aConnectionMakesAtMostSixteenStreams() throws IOException {
        try (RtmpClient client = client()) {
            for (int i = 1; i <= RtmpSession.MAX_STREAMS; i++) {
                assertEquals(i, client.createStream());
            }
            client.command(0, "createStream", 2, new Object[] {null});
            client.awaitClosed();
        }
    }

    @Test
    void commandsBeforeConnectAndASecondConnectEndTheConnection() throws IOException {
        try (RtmpClient client = RtmpClient.open(server.port()).handshake()) {
            client.command(0, "createStream", 2, new Object[] {null});
            client.awaitClosed();
        }
        try (RtmpClient client = client()) {
            client.command(0, "connect", 1, Map.of("app", "live"));
            client.awaitClosed();
        }
    }

    @Test
    void liesAboutLengthsEndTheConnection() throws IOException {
        for (String lie : List.of(
                // 16 MiB of video; a command of 16 MiB; chunk size 0; a window of nothing at all is only a small one
                "06 000000 ffffff 09 01000000",
                "03 000000 ffffff 14 00000000",
                "02 000000 000004 01 00000000 00000000",
                "02 000000 000002 05 00000000 0000",
                "03 000000 000005 14 00000000 0affffffff")) {
            try (RtmpClient client = client()) {
                client.raw(Bytes.ofHex(lie).toByteArray());
                client.awaitClosed();
            }
        }
    }

    @Test
    void anAcknowledgedWindowOfNothingIsNoFloodOfAnswers() throws IOException {
        try (RtmpClient client = client()) {
            client.message(2, 5, 0, 0, new ByteWriter().u32(0).toBytes());
            FrameCollector collector = FrameCollector.of(streams, "a");
            client.publish("a").send(CLIP);
            client.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
            int acknowledgements = 0;
            for (RtmpClient.Message message = client.read(); message.type() != 20; message = client.read()) {
                acknowledgements += message.type() == 3 ? 1 : 0;
            }
            int bytes = CLIP.tags().stream()
                    .mapToInt(tag -> tag.body().length() + 12)
                    .sum();
            assertTrue(acknowledgements <= bytes / Acknowledgements.MIN_BYTES + 1, "" + acknowledgements);
        }
    }

    @Test
    void rubbishInTheMiddleEndsOnlyItsOwnConnection() throws IOException {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            try (RtmpClient client = client()) {
                client.publish("rubbish");
                ByteWriter bytes = new ByteWriter();
                CLIP.tags().subList(0, 60).forEach(tag -> bytes.bytes(client.bytes(tag)));
                client.raw(Fuzz.damaged(bytes.toBytes(), random).toByteArray());
                client.vanish();
            } catch (IOException e) {
                // cut off while it wrote
            }
            int number = seed;
            whileGoodOnesSend("publisher " + number + " is gone", () -> !live("rubbish"));
        }
    }
}
