package tapedeck.protocol.webrtc.transport;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/// Media that overtakes the end of the handshake: the peer has its keys as soon as it sent its last flight, ours
/// come a little later on another thread. The first keyframe is in there, and of a peer that went on capturing or
/// reading while it connected (GStreamer) a second or two of the past; so these packets wait.
final class EarlyMedia {
    /// Two seconds of sound and picture, and a first keyframe at the rate that browsers begin with.
    static final int MAX_PACKETS = 512;
    /// Of each session for itself; beyond that all sessions of a port share what there is.
    static final int OWN_PACKETS = 32;

    static final int SHARED_BYTES = 8 << 20;

    private final Queue<Packet> packets = new ArrayDeque<>();
    private final Room room;
    private int sharedBytes;

    private static final class Packet {
        private final byte[] bytes;
        private final long arrivalNanos;

        Packet(byte[] bytes, long arrivalNanos) {
            this.bytes = bytes;
            this.arrivalNanos = arrivalNanos;
        }
    }

    /// What the sessions of one port share; on its loop.
    static final class Room {
        private int usedBytes;

        private boolean take(int bytes) {
            if (usedBytes + bytes > SHARED_BYTES) {
                return false;
            }
            usedBytes += bytes;
            return true;
        }
    }

    /// Takes one datagram, in the order of their arrival.
    interface Receiver {
        void received(byte[] packet, int length, long arrivalNanos);
    }

    EarlyMedia(Room room) {
        this.room = room;
    }

    /// Copies the packet, whose array is the socket's; false if there are too many.
    boolean keep(byte[] packet, int length, long arrivalNanos) {
        if (packets.size() >= OWN_PACKETS) {
            if (packets.size() == MAX_PACKETS || !room.take(length)) {
                return false;
            }
            sharedBytes += length;
        }
        packets.add(new Packet(Arrays.copyOf(packet, length), arrivalNanos));
        return true;
    }

    /// Hands over everything and keeps nothing.
    void release(Receiver receiver) {
        giveBack();
        for (Packet packet = packets.poll(); packet != null; packet = packets.poll()) {
            receiver.received(packet.bytes, packet.bytes.length, packet.arrivalNanos);
        }
    }

    void clear() {
        giveBack();
        packets.clear();
    }

    private void giveBack() {
        room.usedBytes -= sharedBytes;
        sharedBytes = 0;
    }
}
