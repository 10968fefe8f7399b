package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Puts chunks into packets, RFC 9260 6.10: control chunks first, then as much DATA as the windows allow.
final class Outbox {
    private final int remotePort;
    private final Consumer<Bytes> send;
    private final Queue<Bytes> control = new ArrayDeque<>();

    Outbox(int remotePort, Consumer<Bytes> send) {
        this.remotePort = remotePort;
        this.send = send;
    }

    /// Goes out with the next [#flush].
    void add(Chunk chunk) {
        control.add(chunk.toBytes());
    }

    /// Goes out now and alone.
    void alone(long tag, Chunk chunk) {
        send.accept(new SctpPacket(SctpAssociation.PORT, remotePort, tag, List.of(chunk)).toBytes());
    }

    void clear() {
        control.clear();
    }

    /// @param data null while none may be sent
    void flush(long tag, @Nullable SendQueue data, long nowNanos) {
        if (data != null) {
            data.begin();
        }
        while (true) {
            ByteWriter out = SctpPacket.begin(SctpAssociation.PORT, remotePort, tag);
            Bytes next = control.peek();
            while (next != null && fits(out, next)) {
                out.bytes(control.remove());
                next = control.peek();
            }
            if (data != null && next == null) {
                fill(out, data, nowNanos);
            }
            if (out.length() == SctpPacket.HEADER_BYTES) {
                return;
            }
            send.accept(SctpPacket.end(out));
        }
    }

    private static boolean fits(ByteWriter out, Bytes chunk) {
        return out.length() + chunk.length() <= SctpAssociation.MAX_PACKET_BYTES;
    }

    private void fill(ByteWriter out, SendQueue queue, long nowNanos) {
        Chunk.Data data = queue.next(SctpAssociation.MAX_PACKET_BYTES - out.length(), nowNanos);
        while (data != null) {
            data.write(out);
            data = queue.next(SctpAssociation.MAX_PACKET_BYTES - out.length(), nowNanos);
        }
        Chunk forward = queue.forward(nowNanos);
        if (forward != null) {
            Bytes bytes = forward.toBytes();
            if (fits(out, bytes)) {
                out.bytes(bytes);
            } else {
                control.add(bytes);
            }
        }
    }
}
