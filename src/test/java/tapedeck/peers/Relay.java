package tapedeck.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// A bad network between clients and a server on this machine, for UDP and TCP, since the kernels of small test
/// machines cannot delay or lose packets. A client talks to [#port()] instead of the server's port ([#rewrite(String)]
/// puts it into an SDP answer); the server sees each client at an address of the relay's own.
///
/// What happens follows from the seed and the order in which datagrams come. [Conditions] may be changed at any time.
/// One thread does it all.
public final class Relay implements AutoCloseable {
    private static final int MAX_DATAGRAM_BYTES = 65_535;
    private static final int SOCKET_BUFFER_BYTES = 4 << 20;
    private static final int DATAGRAMS_PER_TURN = 256;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /// A direction.
    public enum Way {
        TO_SERVER,
        TO_CLIENT
    }

    /// What became of a datagram. Of those OFFERED, each has at most one of the losses, and may have several of the
    /// others.
    public enum Fate {
        OFFERED,
        LOST,
        LOST_IN_BURST,
        QUEUE_FULL,
        TOO_LARGE,
        RULED_OUT,
        BLACKHOLED,
        DUPLICATED,
        OVERTAKEN,
        DAMAGED
    }

    /// Something that is due, in order of time and then of arrival.
    private record Due(long nanos, long order, Runnable what) {}

    private final InetSocketAddress server;
    private final long seed;
    private final Selector selector = Selector.open();
    private final DatagramChannel udp = DatagramChannel.open();
    private final ServerSocketChannel tcp = ServerSocketChannel.open();
    private final Map<Way, Conditions> conditions = new EnumMap<>(Way.class);
    private final Map<Way, Link.Tally> tallies = new EnumMap<>(Way.class);
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final Thread thread;

    // All below on the thread only.
    private final Map<InetSocketAddress, Client> clients = new HashMap<>();
    private final List<TcpPipe> pipes = new ArrayList<>();
    private final PriorityQueue<Due> timeline =
            new PriorityQueue<>(Comparator.comparingLong(Due::nanos).thenComparingLong(Due::order));
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private long order;
    private long linksMade;
    private volatile boolean closed;

    /// To a server on this machine that has this number for its UDP and its TCP port.
    public Relay(int serverPort, long seed) throws IOException {
        this(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort), seed);
    }

    public Relay(InetSocketAddress server, long seed) throws IOException {
        this.server = server;
        this.seed = seed;
        for (Way way : Way.values()) {
            conditions.put(way, Conditions.NONE);
            tallies.put(way, new Link.Tally());
        }
        bindBoth();
        udp.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
        udp.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
        udp.configureBlocking(false).register(selector, SelectionKey.OP_READ, (Runnable) this::fromClients);
        tcp.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT, (Runnable) this::accept);
        thread = Thread.ofPlatform().daemon().name("relay").start(this::run);
    }

    /// One number for UDP and TCP.
    private void bindBoth() throws IOException {
        tcp.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        udp.bind(tcp.getLocalAddress());
    }

    public int port() {
        return tcp.socket().getLocalPort();
    }

    /// Where clients send to.
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port());
    }

    /// The SDP with this relay in place of all the server's candidates: one for UDP, and one for TCP if there was one.
    public String rewrite(String sdp) {
        StringBuilder out = new StringBuilder();
        List<String> seen = new ArrayList<>();
        for (String line : sdp.split("\r\n")) {
            if (line.startsWith("m=")) {
                seen.clear();
            }
            if (line.startsWith("a=candidate:")) {
                String[] words = line.split(" ");
                if (seen.contains(words[2])) {
                    continue;
                }
                seen.add(words[2]);
                words[4] = "127.0.0.1";
                words[5] = Integer.toString(port());
                line = String.join(" ", words);
            }
            out.append(line).append("\r\n");
        }
        return out.toString();
    }

    public Conditions conditions(Way way) {
        synchronized (conditions) {
            return conditions.get(way);
        }
    }

    /// From the next datagram on; TCP at once.
    public void set(Way way, Conditions now) {
        synchronized (conditions) {
            conditions.put(way, now);
        }
        command(() -> List.copyOf(pipes).forEach(TcpPipe::work));
    }

    public void both(Conditions now) {
        set(Way.TO_SERVER, now);
        set(Way.TO_CLIENT, now);
    }

    public long count(Way way, Fate fate) {
        return tallies.get(way).of(fate);
    }

    /// All clients go on from other ports, as after a NAT forgot them. What the server sends to the old ones is lost.
    public void moveClients() {
        moveClients(InetAddress.getLoopbackAddress());
    }

    /// All clients go on from this address of the loopback network, each from a new port.
    public void moveClients(InetAddress from) {
        await(() -> clients.values().forEach(client -> client.open(from)));
    }

    /// The addresses at which the server sees the clients.
    public List<InetSocketAddress> clientsAtServer() {
        List<InetSocketAddress> addresses = new ArrayList<>();
        await(() -> clients.values().forEach(client -> addresses.add(client.local())));
        return addresses;
    }

    /// Ends one direction of all TCP connections: the receiving side sees the end of the stream.
    public void halfClose(Way way) {
        await(() -> List.copyOf(pipes).forEach(pipe -> pipe.halfClose(way)));
    }

    /// Ends all TCP connections with a reset.
    public void resetConnections() {
        await(() -> List.copyOf(pipes).forEach(TcpPipe::reset));
    }

    public int connections() {
        List<Integer> open = new ArrayList<>();
        await(() -> open.add(pipes.size()));
        return open.getFirst();
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void command(Runnable command) {
        commands.add(command);
        selector.wakeup();
    }

    private void await(Runnable command) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        command(() -> {
            command.run();
            done.complete(null);
        });
        done.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private void run() {
        try (selector;
                udp;
                tcp) {
            while (!closed) {
                long next =
                        timeline.isEmpty() ? Long.MAX_VALUE : timeline.peek().nanos() - System.nanoTime();
                if (next <= 0) {
                    selector.selectNow();
                } else if (next == Long.MAX_VALUE) {
                    selector.select();
                } else {
                    selector.select(Math.max(1, next / NANOS_PER_MILLI));
                }
                for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
                    command.run();
                }
                for (SelectionKey key : selector.selectedKeys()) {
                    if (key.isValid()) {
                        ((Runnable) key.attachment()).run();
                    }
                }
                selector.selectedKeys().clear();
                long now = System.nanoTime();
                while (!timeline.isEmpty() && timeline.peek().nanos() <= now) {
                    timeline.poll().what().run();
                }
            }
            List.copyOf(pipes).forEach(TcpPipe::reset);
            clients.values().forEach(Client::close);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void later(long nanos, Runnable what) {
        timeline.add(new Due(nanos, order++, what));
    }

    Link link(Way way) {
        return new Link(seed * 1_000_003 + linksMade++, tallies.get(way));
    }

    private void fromClients() {
        try {
            for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
                InetSocketAddress from = (InetSocketAddress) udp.receive(buffer.clear());
                if (from == null) {
                    return;
                }
                clients.computeIfAbsent(from, Client::new).fromClient(datagram());
            }
        } catch (IOException e) {
            // An ICMP answer to something that was sent to a client that has gone.
        }
    }

    private byte[] datagram() {
        byte[] datagram = new byte[buffer.flip().remaining()];
        buffer.get(datagram);
        return datagram;
    }

    private void accept() {
        try {
            SocketChannel client = tcp.accept();
            if (client != null) {
                pipes.add(new TcpPipe(this, selector, client, server, pipes::remove));
            }
        } catch (IOException e) {
            // The server does not listen: the client sees its connection closed.
        }
    }

    /// One client of UDP: its own way to the server.
    private final class Client {
        private final InetSocketAddress address;
        private final Link toServer = link(Way.TO_SERVER);
        private final Link toClient = link(Way.TO_CLIENT);
        private DatagramChannel channel;

        Client(InetSocketAddress address) {
            this.address = address;
            open(InetAddress.getLoopbackAddress());
        }

        private void open(InetAddress from) {
            try {
                close();
                channel = DatagramChannel.open().bind(new InetSocketAddress(from, 0));
                channel.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
                channel.connect(server);
                DatagramChannel opened = channel;
                channel.configureBlocking(false)
                        .register(selector, SelectionKey.OP_READ, (Runnable) () -> fromServer(opened));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        InetSocketAddress local() {
            return (InetSocketAddress) channel.socket().getLocalSocketAddress();
        }

        void fromClient(byte[] datagram) {
            toServer.carry(
                    datagram,
                    System.nanoTime(),
                    conditions(Way.TO_SERVER),
                    (due, sent) -> later(due, () -> write(() -> channel.write(ByteBuffer.wrap(sent)))));
        }

        private void fromServer(DatagramChannel opened) {
            try {
                for (int i = 0; i < DATAGRAMS_PER_TURN && opened.read(buffer.clear()) > 0; i++) {
                    toClient.carry(
                            datagram(),
                            System.nanoTime(),
                            conditions(Way.TO_CLIENT),
                            (due, sent) -> later(due, () -> write(() -> udp.send(ByteBuffer.wrap(sent), address))));
                }
            } catch (IOException e) {
                // An ICMP answer: the server has gone.
            }
        }

        void close() {
            try {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @FunctionalInterface
    private interface Sending {
        void send() throws IOException;
    }

    private static void write(Sending sending) {
        try {
            sending.send();
        } catch (IOException e) {
            // An ICMP answer: nobody is there (yet, or any more). On a network the datagram would be lost, too.
        }
    }
}
