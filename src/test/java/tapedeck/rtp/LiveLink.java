package tapedeck.rtp;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Lent;
import tapedeck.rtp.payload.PayloadFormat;

/// A camera that is live: it makes a keyframe when it is asked for one, answers to NACK, and never makes one otherwise.
/// Behind a network that loses, delays, reorders and doubles in both directions, by seed, an [RtpReceiver] that is
/// served as a server does it: each packet as it comes, feedback every 20 ms. Time is simulated.
final class LiveLink {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;
    static final long FRAME_NANOS = SECOND / 30;
    static final long TICK_NANOS = 20 * MILLI;
    private static final int RTX_TYPE = 99;
    private static final PayloadFormat VP8 =
            new PayloadFormat(98, "VP8", 90_000, 1, "", List.of("nack", "nack pli", "ccm fir"));
    private static final long SSRC = 0xCAFE_0001L;
    /// Chromium makes no more keyframes than that.
    private static final long KEYFRAME_NANOS = 300 * MILLI;

    /// Which packets are lost.
    interface Loss {
        boolean loses(Random random, long nanos);

        static Loss of(double rate) {
            return (random, nanos) -> random.nextDouble() < rate;
        }

        /// Gilbert's model: two states, in the bad one all is lost.
        static Loss bursts(double begin, double end) {
            boolean[] bad = {false};
            return (random, nanos) -> {
                bad[0] = bad[0] ? random.nextDouble() >= end : random.nextDouble() < begin;
                return bad[0];
            };
        }

        static Loss none() {
            return (random, nanos) -> false;
        }
    }

    /// @param late how many packets are held for another 30 ms
    record Network(
            Loss there, Loss back, long delayNanos, long jitterNanos, double late, double duplicates, boolean rtx) {
        static Network lossy(double rate, boolean rtx) {
            return new Network(Loss.of(rate), Loss.of(rate), 40 * MILLI, 4 * MILLI, 0, 0, rtx);
        }
    }

    private record Event(long nanos, long order, Runnable action) {}

    final RtpReceiver receiver;
    final List<Frame> received = new ArrayList<>();
    final List<Long> receivedAt = new ArrayList<>();
    final List<Long> keyframesAt = new ArrayList<>();
    int sentFrames;
    int sentPackets;
    int repeats;
    int nackPackets;
    int keyframeRequests;

    private final Network network;
    private final Random random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::nanos).thenComparingLong(Event::order));
    private final Map<Integer, RtpPacket> kept = new HashMap<>();
    private final List<Integer> sizes = new ArrayList<>();
    private long order;
    private int sequence = 65_000;
    private int rtxSequence = 60_000;
    private boolean keyframeWanted = true;
    private long keyframeNanos = -SECOND;
    private long nowNanos;

    LiveLink(long seed, Network network) {
        this.random = new Random(seed);
        this.network = network;
        PayloadFormat rtx = new PayloadFormat(RTX_TYPE, "rtx", 90_000, 1, "apt=98", List.of());
        receiver = new RtpReceiver(
                new RtpReceiver.Options(Track.VIDEO, 1),
                network.rtx() ? List.of(VP8, rtx) : List.of(VP8),
                new PeerClock(0));
    }

    private void at(long nanos, Runnable action) {
        events.add(new Event(nanos, order++, action));
    }

    /// Plays so many frames, and waits for the last ones.
    LiveLink play(int frames) {
        for (int i = 0; i < frames; i++) {
            long now = SECOND + i * FRAME_NANOS;
            at(now, () -> capture(now));
        }
        long end = SECOND + frames * FRAME_NANOS + 2 * SECOND;
        for (long now = SECOND; now < end; now += TICK_NANOS) {
            long tick = now;
            at(now, () -> tick(tick));
        }
        while (!events.isEmpty() && events.peek().nanos() < end) {
            Event event = events.poll();
            nowNanos = event.nanos();
            event.action().run();
        }
        return this;
    }

    private void capture(long now) {
        boolean keyframe = keyframeWanted && now - keyframeNanos >= KEYFRAME_NANOS;
        if (keyframe) {
            keyframeWanted = false;
            keyframeNanos = now;
        }
        int number = sentFrames++;
        int count = keyframe ? 20 : 1 + random.nextInt(7);
        sizes.add(count);
        for (int i = 0; i < count; i++) {
            ByteWriter payload = new ByteWriter(32).u8(i == 0 ? 0x10 : 0);
            if (i == 0 && keyframe) {
                // RFC 6386 9.1: frame tag, start code, 320 x 180.
                payload.u24(0x30_0000).u24(0x9D_012A).u8(0x40).u8(1).u8(180).u8(0);
            } else if (i == 0) {
                payload.u24(0x31_0000);
            }
            payload.u32(number).u8(i);
            send(
                    RtpPacket.of(
                            98,
                            i == count - 1,
                            sequence & 0xFFFF,
                            number * 3000L + 0xFFFF_0000L & 0xFFFF_FFFFL,
                            SSRC,
                            List.of(),
                            payload.toBytes()),
                    // Paced, as browsers do it.
                    now + i * MILLI / 2);
        }
    }

    private void send(RtpPacket packet, long now) {
        kept.put(sequence++ & 0xFFFF, packet);
        sentPackets++;
        transmit(packet, now);
    }

    private void transmit(RtpPacket packet, long now) {
        // The first one arrives: nobody can know that there was one.
        if (sentPackets > 1 && network.there().loses(random, now)) {
            return;
        }
        at(now + delay(), () -> arrive(packet));
        if (random.nextDouble() < network.duplicates()) {
            at(now + delay(), () -> arrive(packet));
        }
    }

    private void arrive(RtpPacket packet) {
        Lent.to(packet.bytes(), lent -> receiver.receive(RtpPacket.parse(lent), nowNanos));
        poll();
    }

    private void poll() {
        receiver.poll(nowNanos, frame -> {
            received.add(frame);
            receivedAt.add(nowNanos);
            if (frame.keyframe()) {
                keyframesAt.add(nowNanos);
            }
        });
    }

    private long delay() {
        long extra = random.nextDouble() < network.late() ? 30 * MILLI : 0;
        return network.delayNanos() + (long) (random.nextDouble() * network.jitterNanos()) + extra;
    }

    private void tick(long now) {
        if (receiver.nextDeadlineNanos() > now) {
            return;
        }
        poll();
        List<Rtcp> out = new ArrayList<>();
        receiver.feedback(now, out);
        for (Rtcp packet : out) {
            if (packet instanceof Rtcp.Nack) {
                nackPackets++;
            } else if (packet instanceof Rtcp.PictureLoss) {
                keyframeRequests++;
            }
        }
        // One datagram.
        if (out.isEmpty() || network.back().loses(random, now)) {
            return;
        }
        at(now + delay(), () -> {
            for (Rtcp packet : out) {
                if (packet instanceof Rtcp.PictureLoss) {
                    keyframeWanted = true;
                } else if (packet instanceof Rtcp.Nack nack) {
                    nack.sequenceNumbers().forEach(this::repeat);
                }
            }
        });
    }

    private void repeat(int lost) {
        RtpPacket packet = kept.get(lost);
        repeats++;
        if (network.rtx()) {
            Bytes payload = new ByteWriter(2 + packet.payloadLength())
                    .u16(lost)
                    .bytes(packet.payload())
                    .toBytes();
            transmit(
                    RtpPacket.of(
                            RTX_TYPE,
                            packet.marker(),
                            rtxSequence++ & 0xFFFF,
                            packet.timestamp(),
                            SSRC + 1,
                            List.of(),
                            payload),
                    nowNanos);
        } else {
            transmit(packet, nowNanos);
        }
    }

    /// The number of a frame that came, after a look at whether it is whole.
    int number(Frame frame) {
        Bytes data = frame.data();
        int at = frame.keyframe() ? 10 : 3;
        int number = data.i32(at);
        int count = sizes.get(number);
        if (data.length() != at + 5 * count) {
            throw new AssertionError("half a frame: %d bytes of frame %d".formatted(data.length(), number));
        }
        for (int i = 0; i < count; i++) {
            if (data.i32(at + 5 * i) != number || data.u8(at + 5 * i + 4) != i) {
                throw new AssertionError("frame %d is mixed up".formatted(number));
            }
        }
        return number;
    }

    /// Checks that only whole frames came, each once and in order, none that depends on one that did not, and at the
    /// times they were captured; returns how many are missing.
    int missing() {
        int last = -1;
        for (Frame frame : received) {
            int number = number(frame);
            if (number <= last || !frame.keyframe() && number != last + 1) {
                throw new AssertionError("frame %d after %d".formatted(number, last));
            }
            last = number;
        }
        return sentFrames - received.size();
    }

    /// The longest time between two frames, as a recording shows it.
    long longestFreezeNanos() {
        long longest = 0;
        for (int i = 1; i < received.size(); i++) {
            longest = Math.max(
                    longest, received.get(i).ptsNanos() - received.get(i - 1).ptsNanos());
        }
        return longest;
    }

    /// How long the frames took from capture to here: this share of them took no longer.
    long delayNanos(double share) {
        List<Long> delays = new ArrayList<>();
        for (int i = 0; i < received.size(); i++) {
            delays.add(receivedAt.get(i) - SECOND - number(received.get(i)) * FRAME_NANOS);
        }
        delays.sort(null);
        return delays.get((int) (share * (delays.size() - 1)));
    }

    double overhead() {
        return (double) repeats / sentPackets;
    }

    @Override
    public String toString() {
        return "missing %d of %d, freeze %.2f s, overhead %.1f %%, keyframe requests %d, delay %d / %d ms, %s"
                .formatted(
                        sentFrames - received.size(),
                        sentFrames,
                        longestFreezeNanos() / 1e9,
                        100 * overhead(),
                        keyframeRequests,
                        delayNanos(0.5) / MILLI,
                        delayNanos(0.99) / MILLI,
                        receiver.statistics());
    }
}
