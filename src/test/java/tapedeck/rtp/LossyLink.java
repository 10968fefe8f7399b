package tapedeck.rtp;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Consumer;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Lent;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

/// A simulated sender and the network between it and an [RtpReceiver]: seeded loss, delay, reordering and duplicates,
/// with answers to NACK by RTX or plain repeats. Time is simulated.
final class LossyLink {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;
    /// Where the sender's clocks begin: all counters wrap early.
    static final int FIRST_SEQUENCE = 65_500;

    static final long FIRST_TIMESTAMP = 0xFFFF_F000L;
    private static final long NTP_SECONDS = 3_900_000_000L;

    /// @param encodeNanos from capture to the first packet
    record Conditions(
            double loss, double duplicates, long delayNanos, long jitterNanos, boolean rtx, long encodeNanos) {
        static final Conditions PERFECT = new Conditions(0, 0, 20 * MILLI, 0, true, 0);
    }

    private record Arrival(long nanos, long order, RtpPacket packet, Rtcp.SenderReport report) {}

    final RtpReceiver receiver;
    final List<Frame> received = new ArrayList<>();
    final List<Long> receivedAt = new ArrayList<>();
    /// What the receiver asked for.
    final List<Rtcp> feedback = new ArrayList<>();

    private final Conditions conditions;
    private final PayloadFormat format;
    private final int rtxType;
    private final Random random;
    private final PriorityQueue<Arrival> onTheWay =
            new PriorityQueue<>(Comparator.comparingLong(Arrival::nanos).thenComparingLong(Arrival::order));
    private final Map<Integer, RtpPacket> sent = new HashMap<>();
    private final PriorityQueue<Arrival> requests =
            new PriorityQueue<>(Comparator.comparingLong(Arrival::nanos).thenComparingLong(Arrival::order));
    private final Map<Long, Rtcp.Nack> nacks = new HashMap<>();
    long ssrc = 0x1234_5678L;
    private Packetizer packetizer;
    private int sequence = FIRST_SEQUENCE;
    private int rtxSequence = 1;
    private long order;
    private boolean reliable;

    LossyLink(long seed, Conditions conditions, PayloadFormat format, RtpReceiver receiver) {
        this.random = new Random(seed);
        this.conditions = conditions;
        this.format = format;
        this.rtxType = format.payloadType() + 1;
        this.receiver = receiver;
    }

    static List<PayloadFormat> formats(PayloadFormat format) {
        return List.of(
                format,
                new PayloadFormat(
                        format.payloadType() + 1,
                        "rtx",
                        format.clockRateHz(),
                        1,
                        "apt=" + format.payloadType(),
                        List.of()));
    }

    long ticks(long captureNanos) {
        return FIRST_TIMESTAMP + captureNanos / 1000 * format.clockRateHz() / 1_000_000;
    }

    /// Sends all; the first and the last one arrive, because nobody can ask for what is at neither side of a gap.
    void send(List<Frame> frames) {
        for (int i = 0; i < frames.size(); i++) {
            reliable = i == 0 || i == frames.size() - 1;
            send(frames.get(i), frames.get(i).ptsNanos());
        }
        reliable = false;
    }

    /// The frame is captured at this time, and sent when it is encoded.
    void send(Frame frame, long captureNanos) {
        if (packetizer == null) {
            packetizer = Packetizer.of(frame.track().codec(), 500);
        }
        long sentNanos = captureNanos + conditions.encodeNanos();
        packetizer.packetize(frame, (header, body, marker) -> {
            RtpPacket packet = RtpPacket.of(
                    format.payloadType(),
                    marker,
                    sequence & 0xFFFF,
                    ticks(captureNanos),
                    ssrc,
                    List.of(),
                    Packetizer.joined(header, body));
            sent.put(sequence & 0xFFFF, packet);
            sequence++;
            transmit(packet, sentNanos);
        });
    }

    /// @param ntpErrorNanos how wrong the sender's wall clock is
    void sendReport(long nanos, long ntpErrorNanos) {
        long wall = nanos + ntpErrorNanos;
        long ntp = NTP_SECONDS + wall / SECOND << 32 | (wall % SECOND << 32) / SECOND;
        var report = new Rtcp.SenderReport(ssrc, ntp, ticks(nanos) & 0xFFFF_FFFFL, 0, 0, List.of());
        onTheWay.add(new Arrival(nanos + delay(), order++, null, report));
    }

    private void transmit(RtpPacket packet, long nanos) {
        if (!reliable && random.nextDouble() < conditions.loss()) {
            return;
        }
        onTheWay.add(new Arrival(nanos + delay(), order++, packet, null));
        if (random.nextDouble() < conditions.duplicates()) {
            onTheWay.add(new Arrival(nanos + delay(), order++, packet, null));
        }
    }

    private long delay() {
        return conditions.delayNanos() + (long) (random.nextDouble() * conditions.jitterNanos());
    }

    /// When something happens next.
    long nextNanos() {
        long next = receiver.nextDeadlineNanos();
        if (!onTheWay.isEmpty()) {
            next = Math.min(next, onTheWay.peek().nanos());
        }
        return requests.isEmpty() ? next : Math.min(next, requests.peek().nanos());
    }

    /// Lets everything happen that is due.
    void run(long nowNanos) {
        while (!requests.isEmpty() && requests.peek().nanos() <= nowNanos) {
            Arrival request = requests.poll();
            nacks.remove(request.order()).sequenceNumbers().forEach(lost -> repeat(lost, request.nanos()));
        }
        while (!onTheWay.isEmpty() && onTheWay.peek().nanos() <= nowNanos) {
            Arrival arrival = onTheWay.poll();
            if (arrival.report() != null) {
                receiver.senderReport(arrival.report(), arrival.nanos());
            } else {
                Lent.to(arrival.packet().bytes(), packet -> receiver.receive(RtpPacket.parse(packet), arrival.nanos()));
            }
        }
        receiver.poll(nowNanos, frame -> {
            received.add(frame);
            receivedAt.add(nowNanos);
        });
        List<Rtcp> out = new ArrayList<>();
        receiver.feedback(nowNanos, out);
        feedback.addAll(out);
        for (Rtcp packet : out) {
            if (packet instanceof Rtcp.Nack nack && random.nextDouble() >= conditions.loss()) {
                nacks.put(order, nack);
                requests.add(new Arrival(nowNanos + delay(), order++, null, null));
            }
        }
    }

    private void repeat(int lost, long nanos) {
        RtpPacket packet = sent.get(lost);
        if (!conditions.rtx()) {
            transmit(packet, nanos);
            return;
        }
        Bytes payload = new ByteWriter(2 + packet.payloadLength())
                .u16(lost)
                .bytes(packet.payload())
                .toBytes();
        transmit(
                RtpPacket.of(
                        rtxType,
                        packet.marker(),
                        rtxSequence++ & 0xFFFF,
                        packet.timestamp(),
                        ssrc + 1,
                        List.of(),
                        payload),
                nanos);
    }

    /// Runs links side by side from one event to the next, up to this time; `tick` may send at each of them.
    static void run(long untilNanos, Consumer<Long> tick, LossyLink... links) {
        for (long now = 0; now < untilNanos; ) {
            long next = now + 5 * MILLI;
            for (LossyLink link : links) {
                next = Math.min(next, Math.max(link.nextNanos(), now + 1000));
            }
            now = next;
            tick.accept(now);
            for (LossyLink link : links) {
                link.run(now);
            }
        }
    }
}
