package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Two associations and the network between them, in simulated time: seeded loss, delay, reordering and duplicates.
final class SctpLink {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;

    record Conditions(double loss, double duplicates, long delayNanos, long jitterNanos) {
        static final Conditions PERFECT = new Conditions(0, 0, 10 * MILLI, 0);
        static final Conditions BAD = new Conditions(0.2, 0.2, 20 * MILLI, 60 * MILLI);
    }

    /// One side, and everything that it was told.
    static class Side implements SctpEvents {
        final List<String> log = new ArrayList<>();
        final List<DataChannel> channels = new ArrayList<>();
        final List<ChannelMessage> messages = new ArrayList<>();
        final List<DataChannel> messageChannels = new ArrayList<>();
        final List<String> closed = new ArrayList<>();
        SctpAssociation association;
        String ended = "";
        boolean opened;
        long sentPackets;
        int largestPacket;
        private java.util.function.Consumer<Bytes> wire;

        @Override
        public void send(Bytes packet) {
            sentPackets++;
            largestPacket = Math.max(largestPacket, packet.length());
            wire.accept(packet);
        }

        @Override
        public void opened() {
            opened = true;
        }

        @Override
        public void channelOpened(DataChannel channel) {
            channels.add(channel);
        }

        @Override
        public void message(DataChannel channel, ChannelMessage message) {
            messages.add(message);
            messageChannels.add(channel);
        }

        @Override
        public void channelClosed(DataChannel channel, String reason) {
            closed.add(channel.label() + ": " + reason);
        }

        @Override
        public void ended(String reason) {
            ended = reason;
        }

        List<String> texts() {
            return messages.stream().map(message -> message.data().toUtf8()).toList();
        }
    }

    private record Arrival(long nanos, long order, Side to, Bytes packet) {}

    final Side left = new Side();
    final Side right = new Side();
    Conditions conditions;
    /// Which packets arrive at all, before chance decides.
    Predicate<SctpPacket> passes = _ -> true;
    /// What becomes of a packet on its way.
    UnaryOperator<Bytes> damage = packet -> packet;

    private final Random random;
    private final PriorityQueue<Arrival> onTheWay =
            new PriorityQueue<>(Comparator.comparingLong(Arrival::nanos).thenComparingLong(Arrival::order));
    private long order;
    long nowNanos = SECOND;
    long malformed;

    SctpLink(long seed, Conditions conditions) {
        this.conditions = conditions;
        this.random = new Random(seed);
        left.association = new SctpAssociation(SctpAssociation.PORT, 0, new Random(2 * seed), left);
        right.association = new SctpAssociation(SctpAssociation.PORT, 0, new Random(2 * seed + 1), right);
        left.wire = packet -> transmit(right, packet);
        right.wire = packet -> transmit(left, packet);
    }

    static SctpLink connected(long seed, Conditions conditions) {
        SctpLink link = new SctpLink(seed, conditions);
        link.left.association.connect(link.nowNanos);
        link.right.association.connect(link.nowNanos);
        link.until(60, () -> link.left.opened && link.right.opened);
        return link;
    }

    private void transmit(Side to, Bytes packet) {
        if (!passes.test(SctpPacket.parse(packet)) || random.nextDouble() < conditions.loss()) {
            return;
        }
        deliver(to, packet);
        if (random.nextDouble() < conditions.duplicates()) {
            deliver(to, packet);
        }
    }

    private void deliver(Side to, Bytes packet) {
        long delay = conditions.delayNanos() + (long) (random.nextDouble() * conditions.jitterNanos());
        onTheWay.add(new Arrival(nowNanos + delay, order++, to, damage.apply(packet)));
    }

    /// Lets time pass until this is so; fails if it never becomes so.
    void until(long seconds, BooleanSupplier done) {
        long end = nowNanos + seconds * SECOND;
        while (!done.getAsBoolean()) {
            if (!step(end)) {
                throw new AssertionError("not within %d s: left %s %s, right %s %s"
                        .formatted(
                                seconds,
                                left.association.statistics(),
                                left.ended,
                                right.association.statistics(),
                                right.ended));
            }
        }
    }

    /// Lets so much time pass.
    void run(long nanos) {
        long end = nowNanos + nanos;
        while (step(end)) {
            // all that happens until then
        }
        nowNanos = end;
    }

    private boolean step(long end) {
        long next = Math.min(left.association.nextDeadlineNanos(), right.association.nextDeadlineNanos());
        if (!onTheWay.isEmpty()) {
            next = Math.min(next, onTheWay.peek().nanos());
        }
        if (next > end) {
            return false;
        }
        nowNanos = Math.max(nowNanos, next);
        while (!onTheWay.isEmpty() && onTheWay.peek().nanos() <= nowNanos) {
            Arrival arrival = onTheWay.poll();
            try {
                arrival.to().association.receive(arrival.packet(), nowNanos);
            } catch (MalformedException e) {
                malformed++;
            }
        }
        left.association.poll(nowNanos);
        right.association.poll(nowNanos);
        for (Side side : List.of(left, right)) {
            if (side.association.nextDeadlineNanos() <= nowNanos) {
                throw new AssertionError("polled, and yet due: " + side.association.statistics());
            }
        }
        return true;
    }

    DataChannel open(Side side, String label, boolean ordered, DataChannel.Reliability how) {
        DataChannel channel = side.association.open(label, "", ordered, how, nowNanos);
        if (channel == null) {
            throw new AssertionError("no channel");
        }
        return channel;
    }

    DataChannel reliable(Side side, String label) {
        return open(side, label, true, new DataChannel.Reliability.Full());
    }

    boolean text(Side side, DataChannel channel, String text) {
        return side.association.send(
                channel, new ChannelMessage(ChannelMessage.Kind.TEXT, Bytes.ofUtf8(text)), nowNanos);
    }

    boolean binary(Side side, DataChannel channel, Bytes data) {
        return side.association.send(channel, new ChannelMessage(ChannelMessage.Kind.BINARY, data), nowNanos);
    }
}
