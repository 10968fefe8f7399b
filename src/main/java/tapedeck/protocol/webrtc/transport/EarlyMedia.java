package tapedeck.protocol.webrtc.transport;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/// Media that overtakes the end of the handshake: the peer has its keys as soon as it sent its last flight, ours
/// come a little later on another thread. The first keyframe is in there, so these packets wait.
final class EarlyMedia {
    /// A first keyframe at the rate that browsers begin with.
    static final int MAX_PACKETS = 32;

    private final Queue<Packet> packets = new ArrayDeque<>();

    private static final class Packet {
        private final byte[] bytes;
        private final long arrivalNanos;

        Packet(byte[] bytes, long arrivalNanos) {
            this.bytes = bytes;
            this.arrivalNanos = arrivalNanos;
        }
    }

    /// Takes one datagram, in the order of their arrival.
    interface Receiver {
        void received(byte[] packet, int length, long arrivalNanos);
    }

    /// Copies the packet, whose array is the socket's; false if there are too many.
    boolean keep(byte[] packet, int length, long arrivalNanos) {
        if (packets.size() == MAX_PACKETS) {
            return false;
        }
        packets.add(new Packet(Arrays.copyOf(packet, length), arrivalNanos));
        return true;
    }

    /// Hands over everything and keeps nothing.
    void release(Receiver receiver) {
        for (Packet packet = packets.poll(); packet != null; packet = packets.poll()) {
            receiver.received(packet.bytes, packet.bytes.length, packet.arrivalNanos);
        }
    }

    void clear() {
        packets.clear();
    }
}
