package tapedeck.protocol.fetch;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpClient;
import tapedeck.net.udp.DatagramPort;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Fetches a transport stream from `tcp://host:port`, or listens for one at `udp://address:port`, which is an address
/// of this machine or a multicast group.
public final class SocketPull implements PullClient {
    /// A source that brings nothing for so long is gone.
    static final long IDLE_NANOS = 10_000_000_000L;

    private static final int SYNC = 0x47;

    private final EventLoops loops;

    public SocketPull(EventLoops loops) {
        this.loops = loops;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("tcp", "udp");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.MPEGTS;
    }

    @Override
    public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
        Outlet outlet = new Outlet("pull of " + target, sink);
        if (target.scheme().equals("tcp")) {
            tcp(target, outlet);
        } else {
            udp(target, outlet);
        }
    }

    private void tcp(RelayTarget target, Outlet outlet) throws IOException, InterruptedException {
        Stream stream = new Stream(outlet);
        Connection connection =
                new TcpClient(loops).connect(target.address(), null, made -> new TcpSource(made, stream));
        try {
            stream.await();
        } finally {
            connection.execute(() -> connection.end("the pull is over"));
        }
    }

    private void udp(RelayTarget target, Outlet outlet) throws IOException, InterruptedException {
        InetAddress address = target.address().getAddress();
        Stream stream = new Stream(outlet);
        DatagramPort port;
        try {
            port = new DatagramPort(loops, target.address(), new UdpSource(stream));
        } catch (Exception e) {
            // Netty throws what is checked, too.
            throw new IOException("cannot listen at %s: %s".formatted(target, e.getMessage()), e);
        }
        try (port) {
            if (address.isMulticastAddress()) {
                port.join(address, network(target.option("interface", "")));
            }
            port.start();
            stream.await();
        } catch (ChannelException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static @Nullable NetworkInterface network(String name) throws IOException {
        if (name.isEmpty()) {
            return null;
        }
        NetworkInterface network = NetworkInterface.getByName(name);
        if (network == null) {
            throw new RelayRefusedException(RelayRefusedException.Reason.ADDRESS, "interface: there is no " + name);
        }
        return network;
    }

    /// What both have in common: bytes that come on an event loop, and an end that somebody waits for.
    private static final class Stream {
        private final Outlet outlet;
        private final TsSource source;
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private long frames;
        private long mediaNanos = System.nanoTime();

        Stream(Outlet outlet) {
            this.outlet = outlet;
            this.source = new TsSource(outlet);
        }

        private void receive(Bytes bytes) {
            try {
                source.receive(bytes);
                outlet.drainNow();
            } catch (RelayRefusedException | MalformedException e) {
                end.completeExceptionally(e);
            }
            if (outlet.frames() > frames) {
                frames = outlet.frames();
                mediaNanos = System.nanoTime();
            }
        }

        private void swept(long nowNanos) {
            if (end.isDone() || nowNanos - mediaNanos <= IDLE_NANOS) {
                return;
            }
            String why = source.packets() == 0 ? "no MPEG-TS came for 10 s" : "no picture and no sound for 10 s";
            // Over UDP there is no other end: the last picture waits for the next one, which does not come.
            source.end();
            try {
                outlet.drainNow();
                end.completeExceptionally(new IOException(why));
            } catch (RelayRefusedException e) {
                end.completeExceptionally(e);
            }
        }

        private void ended(String reason) {
            source.end();
            try {
                outlet.drainNow();
                end.complete(reason);
            } catch (RelayRefusedException e) {
                end.completeExceptionally(e);
            }
        }

        private void await() throws IOException, InterruptedException {
            try {
                end.get();
            } catch (ExecutionException e) {
                Throwable cause = e.getCause();
                switch (cause) {
                    case RelayRefusedException refused -> throw refused;
                    case null -> throw new IOException(e);
                    default -> throw new IOException(String.valueOf(cause.getMessage()), e);
                }
            }
        }
    }

    private record TcpSource(Connection connection, Stream stream) implements Conversation {
        @Override
        public void received(ByteBuf buffer) {
            byte[] array = new byte[buffer.readableBytes()];
            buffer.readBytes(array);
            stream.receive(Bytes.wrap(array));
        }

        @Override
        public void swept(long nowNanos) {
            stream.swept(nowNanos);
        }

        @Override
        public void ended(String reason) {
            stream.ended(reason);
        }
    }

    /// The first one who sends is listened to, and nobody else.
    private static final class UdpSource implements DatagramPort.Receiver {
        private final Stream stream;
        private @Nullable InetSocketAddress sender;

        UdpSource(Stream stream) {
            this.stream = stream;
        }

        @Override
        public void received(InetSocketAddress from, ByteBuf datagram) {
            if (sender == null && datagram.isReadable() && datagram.getByte(datagram.readerIndex()) == SYNC) {
                sender = from;
            }
            if (from.equals(sender)) {
                byte[] array = new byte[datagram.readableBytes()];
                datagram.readBytes(array);
                stream.receive(Bytes.wrap(array));
            }
        }

        @Override
        public void swept(long nowNanos) {
            stream.swept(nowNanos);
        }
    }
}
