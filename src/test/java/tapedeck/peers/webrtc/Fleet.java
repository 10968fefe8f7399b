package tapedeck.peers.webrtc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import tapedeck.media.Codec;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.rtp.srtp.SrtpProfile;

/// Many WHIP publishers and WHEP viewers in one process, cheaply: one thread sends, receives and keeps time for all of
/// them; each has a UDP socket of its own. Handshakes, which block, run on the threads of those who ask for them.
///
/// ```java
/// try (Fleet fleet = new Fleet()) {
///     Publisher publisher = fleet.publish(whip, List.of(video, audio), Fleet.Options.PLAIN);
///     publisher.start();
///     …
///     publisher.delete();
/// }
/// ```
public final class Fleet implements AutoCloseable {
    /// How often what is due is sent: a browser's pacer wakes as often.
    private static final int TICK_MILLIS = 5;
    /// What a late turn may make good at once.
    private static final long PATIENCE_NANOS = 20_000_000;

    private static final int DATAGRAMS_PER_TURN = 64;

    /// How a peer connects.
    ///
    /// @param answer what is done to the server's answer before it is read, such as `relay::rewrite`
    /// @param rtx whether repeats are RTX, RFC 4588, or the same packets again
    public record Options(UnaryOperator<String> answer, List<SrtpProfile> profiles, boolean rtx) {
        public static final Options PLAIN =
                new Options(UnaryOperator.identity(), List.of(SrtpProfile.AEAD_AES_128_GCM), true);

        public Options {
            profiles = List.copyOf(profiles);
        }

        public Options through(UnaryOperator<String> rewrite) {
            return new Options(rewrite, profiles, rtx);
        }

        public Options profiles(SrtpProfile... preferred) {
            return new Options(answer, List.of(preferred), rtx);
        }

        public Options rtx(boolean wanted) {
            return new Options(answer, profiles, wanted);
        }
    }

    private final DtlsIdentity identity = DtlsIdentity.create();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
    private final Selector selector;
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    // On the thread only.
    private final List<Peer> peers = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(2_048);
    private final ByteBuffer sendBuffer = ByteBuffer.allocateDirect(2_048);
    private final byte[] datagram = new byte[2_048];
    /// How far our clock is behind the system's: it stands still while this machine has no time for us, so that what
    /// was not sent then does not come in one burst.
    private long stoodStillNanos;

    private long toldStoodStillNanos;
    private long longestTurnNanos;

    public Fleet() throws IOException {
        selector = Selector.open();
        thread = Thread.ofPlatform().daemon().name("fleet").start(this::run);
    }

    /// Connects to `http://HOST:PORT/whip/NAME`; returns when media may be sent, which [Publisher#start()] does.
    public Publisher publish(URI whip, List<Feed> feeds, Options options) throws Exception {
        return new Publisher(new Peer(this, options), whip, feeds);
    }

    /// Connects to `http://HOST:PORT/whep/NAME`; media comes as soon as this returns.
    public Viewer view(URI whep, List<Codec> codecs, Options options) throws Exception {
        return new Viewer(new Peer(this, options), whep, codecs);
    }

    HttpClient http() {
        return http;
    }

    /// For the thread only.
    ByteBuffer sendBuffer() {
        return sendBuffer;
    }

    DtlsIdentity identity() {
        return identity;
    }

    /// Since the last call: the longest time that the thread was away from its sockets, and for how long everybody
    /// stood still because of such times. Much of it means that this machine is too busy for what was asked of it.
    public Away away() {
        Away[] away = new Away[1];
        await(() -> {
            away[0] = new Away(longestTurnNanos / 1e6, (stoodStillNanos - toldStoodStillNanos) / 1e6);
            longestTurnNanos = 0;
            toldStoodStillNanos = stoodStillNanos;
        });
        return away[0];
    }

    /// @param longestMillis the longest turn
    /// @param stoodStillMillis by which everything was sent later than it was due
    public record Away(double longestMillis, double stoodStillMillis) {}

    /// The time by which things are sent. On the thread only.
    long now() {
        return System.nanoTime() - stoodStillNanos;
    }

    /// Watches the channel of `peer` from now on.
    void add(Peer peer, DatagramChannel channel) {
        await(() -> {
            try {
                channel.register(selector, SelectionKey.OP_READ, peer);
                peers.add(peer);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    void remove(Peer peer) {
        execute(() -> peers.remove(peer));
    }

    /// On the thread, soon.
    void execute(Runnable command) {
        commands.add(command);
        selector.wakeup();
    }

    private void await(Runnable command) {
        java.util.concurrent.CompletableFuture<Void> done = new java.util.concurrent.CompletableFuture<>();
        execute(() -> {
            try {
                command.run();
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        done.orTimeout(60, TimeUnit.SECONDS).join();
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
        http.shutdownNow();
    }

    private void run() {
        long nextTick = System.nanoTime();
        long last = nextTick;
        try (selector) {
            while (!closed) {
                long waitMillis = TimeUnit.NANOSECONDS.toMillis(nextTick - System.nanoTime() + 999_999);
                if (waitMillis > 0) {
                    selector.select(waitMillis);
                } else {
                    selector.selectNow();
                }
                for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
                    command.run();
                }
                for (SelectionKey key : selector.selectedKeys()) {
                    receive(key);
                }
                selector.selectedKeys().clear();
                long now = System.nanoTime();
                longestTurnNanos = Math.max(longestTurnNanos, now - last);
                stoodStillNanos += Math.max(0, now - last - PATIENCE_NANOS);
                last = now;
                if (now >= nextTick) {
                    long due = now();
                    peers.forEach(peer -> peer.tick(due));
                    nextTick = Math.max(nextTick + TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS), now);
                }
            }
            List.copyOf(peers).forEach(Peer::vanish);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ClosedSelectorException e) {
            // Closed.
        }
    }

    private void receive(SelectionKey key) {
        Peer peer = (Peer) key.attachment();
        try {
            DatagramChannel channel = (DatagramChannel) key.channel();
            for (int i = 0; i < DATAGRAMS_PER_TURN && key.isValid() && channel.read(buffer.clear()) > 0; i++) {
                int length = buffer.flip().remaining();
                buffer.get(datagram, 0, length);
                peer.receive(datagram, length, now());
            }
        } catch (IOException e) {
            // An ICMP answer: the server does not listen (any more).
        }
    }
}
