package tapedeck.protocol.mpegts;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.udp.DatagramPort;
import tapedeck.rights.PlainEntrance;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// Everybody who sends to one UDP port or multicast group: each address that a transport stream comes from is a stream.
final class UdpPeers implements DatagramPort.Receiver {
    /// Addresses that are listened to at a time; anybody can make up more of them.
    static final int MAX_PEERS = 256;
    /// What an address sends that was refused is not looked at for so long.
    static final long REFUSED_NANOS = 10_000_000_000L;

    static final int MAX_REFUSED = 1_024;

    private static final Logger log = LoggerFactory.getLogger(UdpPeers.class);
    private static final long LOG_NANOS = 1_000_000_000L;
    private static final int SYNC = 0x47;
    private static final int TS_BYTES = 188;
    private static final int M2TS_BYTES = 192;
    private static final int PARITY_BYTES = 204;
    private static final int TIME_CODE_BYTES = 4;
    private static final int RTP_HEADER_BYTES = 12;
    /// RFC 3551 6: MP2T.
    private static final int RTP_TYPE = 33;

    private final PlainEntrance entrance;
    private final Streams streams;
    private final ByteBudget budget;
    private final Map<InetSocketAddress, Peer> peers = new HashMap<>();
    private final Map<InetSocketAddress, Long> refusedUntil = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<InetSocketAddress, Long> eldest) {
            return size() > MAX_REFUSED;
        }
    };
    private @Nullable DatagramPort port;
    private long junk;
    private long loggedNanos = System.nanoTime() - LOG_NANOS;

    UdpPeers(PlainEntrance entrance, Streams streams, ByteBudget budget) {
        this.entrance = entrance;
        this.streams = streams;
        this.budget = budget;
    }

    /// @param opened where the datagrams come from; nothing comes before
    void bound(DatagramPort opened) {
        port = opened;
    }

    @Override
    public void received(InetSocketAddress sender, ByteBuf datagram) {
        int from = packetsAt(datagram);
        Peer peer = peers.get(sender);
        if (peer == null) {
            Long until = refusedUntil.get(sender);
            if (until != null && System.nanoTime() - until < 0) {
                return;
            }
            if (from < 0 || peers.size() == MAX_PEERS) {
                junk(sender, from < 0 ? "no MPEG-TS" : "more than %d senders".formatted(MAX_PEERS));
                return;
            }
            peer = new Peer(sender);
            peers.put(sender, peer);
        }
        datagram.skipBytes(Math.max(0, from));
        byte[] array = new byte[datagram.readableBytes()];
        datagram.readBytes(array);
        Peer receiver = peer;
        receiver.guarded(() -> receiver.ingest.receive(Bytes.wrap(array)));
    }

    /// Where the first packet begins in a datagram of whole packets, also behind the header of RTP (RFC 2250 2); -1 in
    /// another.
    private static int packetsAt(ByteBuf datagram) {
        int length = datagram.readableBytes();
        int start = datagram.readerIndex();
        int from = 0;
        if (length > RTP_HEADER_BYTES
                && datagram.getUnsignedByte(start) >> 6 == 2
                && (datagram.getByte(start + 1) & 0x7F) == RTP_TYPE) {
            from = RTP_HEADER_BYTES + 4 * (datagram.getByte(start) & 0xF);
        }
        int left = length - from;
        boolean packets = left % TS_BYTES == 0 && sync(datagram, start + from)
                || left % M2TS_BYTES == 0 && sync(datagram, start + from + TIME_CODE_BYTES)
                || left % PARITY_BYTES == 0 && sync(datagram, start + from);
        return left > 0 && packets ? from : -1;
    }

    private static boolean sync(ByteBuf datagram, int at) {
        return at < datagram.writerIndex() && datagram.getByte(at) == SYNC;
    }

    private void junk(InetSocketAddress sender, String what) {
        junk++;
        long now = System.nanoTime();
        if (now - loggedNanos >= LOG_NANOS) {
            loggedNanos = now;
            log.info("mpegts udp: {} datagrams are not taken, the last from {}: {}", junk, text(sender), what);
            junk = 0;
        }
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    @Override
    public void swept(long nowNanos) {
        for (Peer peer : List.copyOf(peers.values())) {
            peer.guarded(() -> peer.ingest.swept(nowNanos));
        }
    }

    /// On the port's event loop.
    void close() {
        for (Peer peer : new ArrayList<>(peers.values())) {
            peer.end("the server stops");
        }
    }

    private final class Peer implements TsPeer {
        private final InetSocketAddress sender;
        private final TsIngest ingest;
        private boolean ended;

        Peer(InetSocketAddress sender) {
            this.sender = sender;
            this.ingest = new TsIngest(this, entrance, streams, budget);
        }

        private void guarded(Runnable step) {
            if (ended) {
                return;
            }
            try {
                step.run();
            } catch (MalformedException e) {
                end(String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                log.error("mpegts udp {}: a bug ends this stream", name(), e);
                end("internal error");
            }
        }

        @Override
        public InetSocketAddress address() {
            return sender;
        }

        @Override
        public String name() {
            return text(sender);
        }

        @Override
        public void execute(Runnable task) {
            DatagramPort open = port;
            if (open == null) {
                return;
            }
            EventLoop loop = open.loop();
            try {
                loop.execute(() -> guarded(task));
            } catch (RejectedExecutionException e) {
                log.debug("{}", name(), e);
            }
        }

        /// The port is read in batches for all of its senders.
        @Override
        public void paced(boolean tick) {}

        @Override
        public void end(String reason) {
            if (!ended) {
                ended = true;
                peers.remove(sender, this);
                refusedUntil.put(sender, System.nanoTime() + REFUSED_NANOS);
                ingest.ended(reason);
            }
        }
    }
}
