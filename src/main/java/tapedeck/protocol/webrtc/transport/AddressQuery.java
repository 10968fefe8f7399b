package tapedeck.protocol.webrtc.transport;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.settings.Announced;

/// Asks one STUN server how the world sees our UDP socket (RFC 8489 2, RFC 8445 5.1.1.2), from that socket itself: so
/// the mapping is the one that peers will meet. Asks again all the time, for an address may change, and questions
/// keep a NAT's mapping alive. Without an answer it asks less and less often, and what was known stays known.
///
/// On the loop, [#mapped()] excepted.
final class AddressQuery {
    /// RFC 8489 6.2.1: first retransmission, doubled each time, and how often a request is sent.
    static final long RETRANSMIT_MILLIS = 500;

    static final int TRANSMISSIONS = 5;
    /// RFC 4787 4.3: mappings live two minutes at least, some for 30 s in practice.
    static final long REFRESH_MILLIS = 25_000;
    static final long FIRST_RETRY_MILLIS = 2_000;
    static final long MAX_RETRY_MILLIS = 300_000;

    private static final Logger log = LoggerFactory.getLogger(AddressQuery.class);

    private final Announced.StunServer server;
    private final UdpSocket socket;
    private final EventLoop loop;
    private volatile @Nullable InetSocketAddress mapped;
    private @Nullable InetSocketAddress asked;
    private Bytes transactionId = Bytes.EMPTY;
    private int transmissions;
    private long retryMillis = FIRST_RETRY_MILLIS;
    private boolean failed;
    private boolean closed;
    private @Nullable ScheduledFuture<?> timer;

    AddressQuery(Announced.StunServer server, UdpSocket socket) {
        this.server = server;
        this.socket = socket;
        this.loop = socket.loop();
    }

    /// What the server said last, or null. From any thread.
    @Nullable
    InetSocketAddress mapped() {
        return mapped;
    }

    /// Looks the server's name up, each time anew, and asks.
    void start() {
        Thread.ofVirtual().name("stun-name").start(() -> {
            InetSocketAddress address = null;
            String problem = "";
            try {
                // Most NATs are there because of IPv4.
                InetAddress found = Arrays.stream(InetAddress.getAllByName(server.host()))
                        .min(Comparator.comparingInt(a -> a.getAddress().length))
                        .orElseThrow();
                address = new InetSocketAddress(found, server.port());
            } catch (UnknownHostException e) {
                problem = "its name is unknown";
            }
            InetSocketAddress target = address;
            String reason = problem;
            loop.execute(() -> {
                if (target == null) {
                    failed(reason);
                } else {
                    ask(target);
                }
            });
        });
    }

    private void ask(InetSocketAddress target) {
        if (closed) {
            return;
        }
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        ThreadLocalRandom.current().nextBytes(id);
        transactionId = Bytes.wrap(id);
        asked = target;
        transmissions = 0;
        transmit();
    }

    private void transmit() {
        InetSocketAddress target = asked;
        if (closed || target == null) {
            return;
        }
        if (transmissions == TRANSMISSIONS) {
            failed("no answer");
            return;
        }
        byte[] request = new StunWriter(StunMessage.BINDING_REQUEST, transactionId)
                .fingerprint()
                .toBytes()
                .toByteArray();
        socket.write(request, 0, request.length, target);
        socket.flush();
        after(RETRANSMIT_MILLIS << transmissions++, this::transmit);
    }

    /// A response to one of our requests; false if it is not. Nobody else can know the transaction's 96 random bits.
    boolean answered(StunMessage message, InetSocketAddress from) {
        if (!from.equals(asked) || !message.transactionId().equals(transactionId)) {
            return false;
        }
        asked = null;
        InetSocketAddress found = message.mappedAddress();
        if (message.type() != StunMessage.BINDING_SUCCESS || found == null) {
            failed("it refused");
            return true;
        }
        if (!found.equals(mapped)) {
            log.info("WebRTC: {} says that peers reach us at {}", server, Addresses.text(found));
        }
        mapped = found;
        failed = false;
        retryMillis = FIRST_RETRY_MILLIS;
        after(REFRESH_MILLIS, this::start);
        return true;
    }

    private void failed(String reason) {
        if (closed) {
            return;
        }
        asked = null;
        if (!failed) {
            failed = true;
            log.warn(
                    "WebRTC: {} does not tell our address ({}); {}. Asked again until it does.",
                    server,
                    reason,
                    mapped == null ? "only the other addresses are announced" : "the last one stays announced");
        }
        after(retryMillis, this::start);
        retryMillis = Math.min(2 * retryMillis, MAX_RETRY_MILLIS);
    }

    private void after(long millis, Runnable step) {
        ScheduledFuture<?> before = timer;
        if (before != null) {
            before.cancel(false);
        }
        timer = loop.schedule(step, millis, TimeUnit.MILLISECONDS);
    }

    void close() {
        closed = true;
        ScheduledFuture<?> last = timer;
        if (last != null) {
            last.cancel(false);
        }
    }
}
