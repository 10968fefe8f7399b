package tapedeck.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/// One TCP connection through a [Relay]: delay, jitter, rate, damage; no loss, which TCP would hide as delay. On the
/// relay's thread only.
final class TcpPipe {
    private static final int READ_BYTES = 16 * 1024;
    /// What a direction holds before it stops reading.
    private static final int MAX_HELD_BYTES = 256 * 1024;
    /// Small, so that a receiver that stalls is felt soon.
    private static final int SOCKET_BUFFER_BYTES = 32 * 1024;

    private final Relay relay;
    private final Consumer<TcpPipe> gone;
    private final SocketChannel client;
    private final SocketChannel upstream;
    private final SelectionKey clientKey;
    private final SelectionKey upstreamKey;
    private final Flow toServer;
    private final Flow toClient;

    TcpPipe(Relay relay, Selector selector, SocketChannel client, InetSocketAddress server, Consumer<TcpPipe> gone)
            throws IOException {
        this.relay = relay;
        this.gone = gone;
        this.client = client;
        this.upstream = SocketChannel.open();
        try {
            for (SocketChannel channel : new SocketChannel[] {client, upstream}) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
                channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
            // On this machine: there at once, or refused.
            upstream.connect(server);
        } catch (IOException e) {
            client.close();
            upstream.close();
            throw e;
        }
        toServer = new Flow(Relay.Way.TO_SERVER, client, upstream);
        toClient = new Flow(Relay.Way.TO_CLIENT, upstream, client);
        clientKey = client.configureBlocking(false).register(selector, 0, (Runnable) this::work);
        upstreamKey = upstream.configureBlocking(false).register(selector, 0, (Runnable) this::work);
        update();
    }

    void halfClose(Relay.Way way) {
        try {
            Flow flow = way == Relay.Way.TO_SERVER ? toServer : toClient;
            flow.out.shutdownOutput();
            flow.discards = true;
            flow.held.clear();
        } catch (IOException e) {
            reset();
        }
    }

    void reset() {
        try {
            for (SocketChannel channel : new SocketChannel[] {client, upstream}) {
                if (channel.isOpen()) {
                    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                    channel.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        gone.accept(this);
    }

    /// Moves what can be moved now.
    void work() {
        try {
            toServer.read();
            toClient.read();
            toServer.write();
            toClient.write();
            if (toServer.finished && toClient.finished) {
                client.close();
                upstream.close();
                gone.accept(this);
            } else {
                update();
            }
        } catch (IOException e) {
            reset();
        }
    }

    private void update() {
        if (client.isOpen() && upstream.isOpen()) {
            clientKey.interestOps(ops(toServer, toClient));
            upstreamKey.interestOps(ops(toClient, toServer));
        }
    }

    private static int ops(Flow reads, Flow writes) {
        return (reads.wantsToRead() ? SelectionKey.OP_READ : 0) | (writes.blockedBySocket ? SelectionKey.OP_WRITE : 0);
    }

    private record Part(long dueNanos, ByteBuffer bytes) {}

    /// One direction.
    private final class Flow {
        private final Relay.Way way;
        private final SocketChannel in;
        private final SocketChannel out;
        private final Link link;
        private final Queue<Part> held = new ArrayDeque<>();
        private int heldBytes;
        private boolean ended;
        private boolean finished;
        private boolean discards;
        private boolean blockedBySocket;

        Flow(Relay.Way way, SocketChannel in, SocketChannel out) {
            this.way = way;
            this.in = in;
            this.out = out;
            this.link = relay.link(way);
        }

        private Conditions conditions() {
            return relay.conditions(way);
        }

        boolean wantsToRead() {
            Conditions now = conditions();
            return !ended && !now.stalled && !now.blackhole && heldBytes < MAX_HELD_BYTES;
        }

        void read() throws IOException {
            while (wantsToRead()) {
                ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
                int count = in.read(bytes);
                if (count < 0) {
                    ended = true;
                }
                if (count <= 0) {
                    return;
                }
                if (discards) {
                    continue;
                }
                byte[] array = new byte[count];
                bytes.flip().get(array);
                link.carry(array, System.nanoTime(), conditions().ofStream(), (due, sent) -> {
                    held.add(new Part(due, ByteBuffer.wrap(sent)));
                    relay.later(due, TcpPipe.this::work);
                });
                heldBytes += count;
            }
        }

        void write() throws IOException {
            blockedBySocket = false;
            long now = System.nanoTime();
            while (!held.isEmpty() && !conditions().blackhole && held.peek().dueNanos() <= now) {
                ByteBuffer bytes = held.peek().bytes();
                heldBytes -= out.write(bytes);
                if (bytes.hasRemaining()) {
                    blockedBySocket = true;
                    return;
                }
                held.poll();
            }
            if (ended && held.isEmpty() && !finished) {
                finished = true;
                if (!discards) {
                    out.shutdownOutput();
                }
            }
        }
    }
}
