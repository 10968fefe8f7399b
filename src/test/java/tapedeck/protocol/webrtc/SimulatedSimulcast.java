package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

/// A browser that sends three layers of VP8 to the real receiving half, in simulated time. It makes keyframes only when
/// it is asked for one, and then of all layers, as libwebrtc does.
final class SimulatedSimulcast {
    static final List<String> RIDS = List.of("q", "h", "f");
    static final int[] WIDTHS = {320, 640, 1280};
    static final int BEST = 2;
    static final int FRAMES_PER_SECOND = 25;
    private static final int[] KILOBITS = {150, 500, 2_000};
    private static final int KEYFRAME_SHARE = 4;
    private static final long SECOND = 1_000_000_000L;
    private static final int VP8 = 96;
    private static final int RID_ID = 10;
    private static final int CLOCK_HZ = 90_000;

    final InboundTrack track;
    /// How often all layers had one.
    int keyframes;
    /// Layers that were given up, as browsers do when they have too much to do.
    final boolean[] silent = new boolean[WIDTHS.length];

    private final Random random = new Random(7);
    private final Packetizer[] packetizers = Arrays.stream(WIDTHS)
            .mapToObj(width -> Packetizer.of(new Codec.Vp8(width, width * 9 / 16), Packetizer.USUAL_PAYLOAD_BYTES))
            .toArray(Packetizer[]::new);
    private final int[] sequences = {100, 200, 300};
    private boolean asked = true;
    private long number;

    SimulatedSimulcast(Consumer<Frame> out, long nowNanos) {
        PayloadFormat format = new PayloadFormat(VP8, "VP8", CLOCK_HZ, 1, "", List.of("nack", "nack pli"));
        this.track = new InboundTrack(
                new AgreedMedia(
                        AgreedMedia.Kind.VIDEO, "0", List.of(format), Map.of(AgreedMedia.RID, RID_ID), RIDS, true),
                1,
                new PeerClock(nowNanos),
                out,
                _ -> {});
    }

    /// A picture of one layer, in random bytes behind what RFC 6386 9.1 has in front.
    static Frame frame(int layer, long nanos, boolean keyframe, Random random) {
        byte[] data = new byte[KILOBITS[layer] * 125 / FRAMES_PER_SECOND * (keyframe ? KEYFRAME_SHARE : 1)];
        random.nextBytes(data);
        // Shown, a first partition of 16 bytes.
        data[0] = (byte) (keyframe ? 0x10 : 0x11);
        data[1] = 2;
        data[2] = 0;
        int width = WIDTHS[layer];
        int height = width * 9 / 16;
        if (keyframe) {
            byte[] start = {(byte) 0x9D, 1, 0x2A, (byte) width, (byte) (width >> 8), (byte) height, (byte) (height >> 8)
            };
            System.arraycopy(start, 0, data, 3, start.length);
        }
        return new Frame(
                new Track(Track.VIDEO, new Codec.Vp8(width, height)), nanos, nanos, keyframe, Bytes.wrap(data));
    }

    /// The next picture of all layers comes.
    void picture(long nowNanos) {
        boolean keyframe = asked;
        asked = false;
        keyframes += keyframe ? 1 : 0;
        long timestamp = number++ * CLOCK_HZ / FRAMES_PER_SECOND;
        for (int i = 0; i < WIDTHS.length; i++) {
            int layer = i;
            Frame frame = frame(layer, timestamp * SECOND / CLOCK_HZ, keyframe, random);
            packetizers[layer].packetize(frame, (header, body, marker) -> {
                RtpPacket packet = RtpPacket.of(
                        VP8,
                        marker,
                        sequences[layer] & 0xFFFF,
                        timestamp,
                        1_000L + layer,
                        List.of(new RtpPacket.Extension(RID_ID, Bytes.ofUtf8(RIDS.get(layer)))),
                        Packetizer.joined(header, body));
                if (!silent[layer]) {
                    sequences[layer]++;
                    track.receive(packet, nowNanos);
                }
            });
        }
    }

    void tick(long nowNanos) {
        List<Rtcp> feedback = new ArrayList<>();
        track.tick(nowNanos, feedback);
        for (Rtcp packet : feedback) {
            asked |= packet instanceof Rtcp.PictureLoss loss && !silent[(int) loss.mediaSsrc() - 1_000];
        }
    }
}
