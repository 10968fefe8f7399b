package tapedeck.protocol.webrtc.transport;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import tapedeck.net.EventLoops;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;

/// A port on free numbers, and peers for it, without any signalling.
final class PortHouse implements AutoCloseable {
    static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    final DtlsIdentity identity = DtlsIdentity.create();
    /// How far the server's clock is ahead of the system's.
    final AtomicLong skippedNanos = new AtomicLong();
    private final EventLoops loops = new EventLoops(1);
    final PeerPort port = new PeerPort(loops, 0, () -> System.nanoTime() + skippedNanos.get());

    /// A session that waits for its peer, and that peer.
    IcePeer peer() {
        IcePeer peer = new IcePeer(this);
        peer.open();
        return peer;
    }

    Wire udp() throws Exception {
        return Wire.udp(LOOPBACK, port.port());
    }

    Wire tcp() throws Exception {
        return Wire.tcp(LOOPBACK, port.port());
    }

    PeerPort.Statistics statistics() {
        return onLoop(port::statistics);
    }

    <T> T onLoop(Supplier<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        port.execute(() -> answer.complete(question.get()));
        return answer.join();
    }

    List<InetAddress> loopbacks() throws Exception {
        return List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1"));
    }

    @Override
    public void close() {
        port.close();
        loops.close();
    }
}
