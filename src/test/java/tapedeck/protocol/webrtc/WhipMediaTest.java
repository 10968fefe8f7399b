package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.TestMedia;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.stream.StreamName;

/// Real frames over the whole way: packets, SRTP, UDP, repair, reassembly, the stream.
@Timeout(120)
class WhipMediaTest {
    private static final int SECONDS = 3;
    /// How often the sending is disturbed.
    private static final int PARTS = 10;
    /// Times are rounded to ticks of the RTP clocks and placed by a report: far from what anybody could see.
    private static final long TIME_TOLERANCE_NANOS = 5_000_000;

    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    /// @param disturb called [#PARTS] times while the frames are sent
    private WhipClient publish(List<Frame> frames, SrtpProfile profile, LongPredicate loses, Disturbance disturb)
            throws Exception {
        FrameCollector collector = FrameCollector.of(house.streams, "cam");
        List<Codec> codecs =
                frames.stream().map(frame -> frame.track().codec()).distinct().toList();
        WhipClient client = new WhipClient(house.whip("cam"), new WhipClient.Options(codecs, List.of(profile), loses));
        Await.await("stream", () -> house.streams.find(new StreamName("cam")).isPresent());
        int part = frames.size() / PARTS;
        for (int i = 0; i < PARTS; i++) {
            disturb.on(client);
            client.play(frames.subList(i * part, i == PARTS - 1 ? frames.size() : (i + 1) * part));
        }
        List<Frame> received = collector.until(frames.size());
        client.delete();
        assertSame(frames, received, true);
        assertSame(frames, received, false);
        return client;
    }

    private interface Disturbance {
        void on(WhipClient client) throws Exception;
    }

    /// Every frame, byte for byte, and the distance of its time from the first one's.
    private static void assertSame(List<Frame> sent, List<Frame> received, boolean video) {
        List<Frame> expected =
                sent.stream().filter(frame -> frame.track().isVideo() == video).toList();
        List<Frame> actual = received.stream()
                .filter(frame -> frame.track().isVideo() == video)
                .toList();
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).data(), actual.get(i).data(), "frame " + i);
            assertEquals(expected.get(i).keyframe(), actual.get(i).keyframe(), "frame " + i);
            long sentNanos = expected.get(i).ptsNanos() - expected.getFirst().ptsNanos();
            long receivedNanos = actual.get(i).ptsNanos() - actual.getFirst().ptsNanos();
            assertTrue(
                    Math.abs(sentNanos - receivedNanos) <= TIME_TOLERANCE_NANOS,
                    "frame %d sent at %d ns, received at %d ns".formatted(i, sentNanos, receivedNanos));
        }
    }

    @Test
    void vp8AndOpusArriveFrameByFrameAndFeedbackGoesBack() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.vp8(SECONDS), TestMedia.opus(SECONDS));
        WhipClient client = publish(
                frames,
                SrtpProfile.AEAD_AES_128_GCM,
                _ -> false,
                _ -> house.streams.find(new StreamName("cam")).orElseThrow().requestKeyframe());
        assertTrue(client.keyframeRequests() > 0, "a reader's wish reaches the peer");
        assertTrue(client.receiverReports() >= 2, "reports: " + client.receiverReports());
        assertTrue(client.transportFeedbacks() >= 10, "arrivals: " + client.transportFeedbacks());
        assertEquals(0, client.nacked());
    }

    @Test
    void h264AndOpusSurviveTheLossOfEveryTwentiethPacket() throws Exception {
        Random random = new Random(4585);
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(SECONDS), TestMedia.opus(SECONDS));
        // The last packets have none behind them that would show that they are missing.
        WhipClient client =
                publish(frames, SrtpProfile.AES_CM_128_HMAC_SHA1_80, n -> n < 200 && random.nextInt(20) == 0, _ -> {});
        assertTrue(client.nacked() > 0, "some were lost");
    }

    @ParameterizedTest
    @ValueSource(strings = {"h265+alaw", "av1+g722", "vp9+mulaw"})
    void theOtherCodecsArriveFrameByFrameToo(String media) throws Exception {
        publish(TestMedia.of(media, SECONDS), SrtpProfile.AEAD_AES_128_GCM, _ -> false, _ -> {});
    }

    @Test
    void tenThousandForgedPacketsCostNoFrame() throws Exception {
        Random random = new Random(3711);
        List<Frame> frames = TestMedia.interleaved(TestMedia.vp8(SECONDS), TestMedia.opus(SECONDS));
        publish(frames, SrtpProfile.AEAD_AES_128_GCM, _ -> false, client -> {
            for (int i = 0; i < 1_000; i++) {
                byte[] forged = new byte[random.nextInt(12, 200)];
                random.nextBytes(forged);
                forged[0] = (byte) 0x80;
                client.sendRaw(forged);
            }
        });
    }
}
