package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;

/// One peer's DTLS, on whichever side the peer is not: a straight conversation on a virtual thread, because the library
/// blocks.
///
/// The event loop puts datagrams into a bounded queue; what [DtlsFilter] refuses or the queue cannot hold is lost, as
/// datagrams may be. A hello that makes no sense spoils one attempt, not the session: the next attempt starts at once,
/// within the same deadline, and the spoilt one's alert is not sent. After the handshake the thread sleeps until there
/// is application data to decrypt, or the peer says close_notify.
public final class DtlsConnection {
    /// Told from the connection's own thread.
    public interface Events {
        void send(Bytes datagram);

        void connected(DtlsKeys keys);

        /// The content of one record of application data, after [#connected].
        void data(Bytes plain);

        /// Once, also after [#close()].
        void closed(String reason);
    }

    /// What comes at once over a data channel, while the thread waits for its turn.
    static final int MAX_QUEUED_DATAGRAMS = 256;
    static final int MAX_ATTEMPTS = 100;
    public static final int MAX_DATAGRAM_BYTES = 2_048;
    /// RFC 6347 4.1.1.1: below any path MTU of the internet.
    public static final int SEND_BYTES = 1_200;
    /// Of a handshake, which must get through where tunnels leave an MTU of 600, and has no longer messages anyway.
    static final int HANDSHAKE_SEND_BYTES = 548;

    private static final Logger log = LoggerFactory.getLogger(DtlsConnection.class);

    private final DtlsIdentity identity;
    private final DtlsPeer peer;
    private final Events events;
    private final DtlsFilter filter;
    private final BlockingQueue<Bytes> received = new ArrayBlockingQueue<>(MAX_QUEUED_DATAGRAMS);
    private final Thread thread;
    // Set by the conversation's own thread when it begins, which is after the first connectivity check.
    private long deadlineNanos;
    private volatile boolean closing;
    private volatile @Nullable DTLSTransport established;

    public DtlsConnection(DtlsIdentity identity, DtlsPeer peer, Events events) {
        this.identity = identity;
        this.peer = peer;
        this.filter = new DtlsFilter(peer.side());
        this.events = events;
        this.thread = Thread.ofVirtual().name("dtls").unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /// Whether the datagram was taken; false counts as dropped. From one thread.
    public boolean receive(Bytes datagram) {
        return datagram.length() <= MAX_DATAGRAM_BYTES && filter.passes(datagram) && received.offer(datagram);
    }

    /// Application data for the peer, as one record, which goes to [Events#send] on the caller's thread. False if there
    /// is no connection.
    ///
    /// @param plain so much less than [#SEND_BYTES] that the record fits
    public boolean send(Bytes plain) {
        DTLSTransport to = established;
        if (to == null || closing) {
            return false;
        }
        try {
            byte[] bytes = plain.toByteArray();
            to.send(bytes, 0, bytes.length);
            return true;
        } catch (IOException e) {
            log.debug("DTLS cannot send: {}", e.toString());
            return false;
        }
    }

    /// Says close_notify, if there is a peer to say it to, and ends.
    public void close() {
        closing = true;
        thread.interrupt();
    }

    private void run() {
        String reason;
        try {
            reason = converse();
        } catch (IOException e) {
            reason = closing ? "closed" : "DTLS: " + e.getMessage();
        } catch (RuntimeException bug) {
            log.error("DTLS conversation failed", bug);
            reason = "DTLS: internal error";
        }
        events.closed(reason);
    }

    private String converse() throws IOException {
        deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DtlsRole.HANDSHAKE_MILLIS);
        for (int attempt = 1; ; attempt++) {
            DtlsRole role = DtlsRole.against(peer, identity);
            Datagrams datagrams = new Datagrams(role);
            DTLSTransport transport;
            try {
                datagrams.takeTurn();
                transport = role.handshake(datagrams);
            } catch (IOException e) {
                String refusal = role.refusal();
                if (refusal != null) {
                    return refusal;
                }
                if (closing) {
                    return "closed";
                }
                if (attempt == MAX_ATTEMPTS || System.nanoTime() - deadlineNanos >= 0) {
                    return "DTLS: no handshake within " + DtlsRole.HANDSHAKE_MILLIS / 1_000 + " s";
                }
                log.debug("DTLS handshake spoilt, trying again: {}", e.toString());
                continue;
            } finally {
                datagrams.giveTurn();
            }
            datagrams.connected = true;
            established = transport;
            events.connected(role.keys());
            return untilClosed(transport, datagrams);
        }
    }

    /// Decrypts application data, and keeps answering the peer's retransmissions.
    private String untilClosed(DTLSTransport transport, Datagrams datagrams) throws IOException {
        byte[] plain = new byte[MAX_DATAGRAM_BYTES];
        try {
            while (!datagrams.closed) {
                int length = transport.receive(plain, 0, plain.length, 0);
                if (length > 0) {
                    events.data(Bytes.wrap(Arrays.copyOf(plain, length)));
                }
            }
        } catch (InterruptedDatagrams e) {
            Thread.interrupted(); // So that close_notify can be sent.
            transport.close();
            return "closed";
        } catch (IOException e) {
            if (!datagrams.closed) {
                throw e;
            }
        }
        return "the peer closed the connection";
    }

    private static final class InterruptedDatagrams extends IOException {
        InterruptedDatagrams() {
            super("interrupted");
        }
    }

    /// One attempt's view of the queue.
    private final class Datagrams implements DatagramTransport {
        private final DtlsRole role;
        private boolean connected;
        private boolean closed;
        private boolean hasTurn;

        Datagrams(DtlsRole role) {
            this.role = role;
        }

        @Override
        public int getReceiveLimit() {
            return MAX_DATAGRAM_BYTES;
        }

        @Override
        public int getSendLimit() {
            return connected ? SEND_BYTES : HANDSHAKE_SEND_BYTES;
        }

        /// However many handshakes go on, few compute at a time: a storm of them must leave the cores to media. Who
        /// waits for its peer has no turn.
        void takeTurn() throws InterruptedDatagrams {
            try {
                identity.turns().acquire();
                hasTurn = true;
            } catch (InterruptedException e) {
                throw new InterruptedDatagrams();
            }
        }

        void giveTurn() {
            if (hasTurn) {
                hasTurn = false;
                identity.turns().release();
            }
        }

        /// @param waitMillis 0 waits for as long as it takes
        @Override
        public int receive(byte[] target, int offset, int length, int waitMillis) throws IOException {
            try {
                giveTurn();
                Bytes datagram = next(waitMillis);
                if (!connected) {
                    takeTurn();
                }
                if (datagram == null) {
                    return -1;
                }
                int count = Math.min(length, datagram.length());
                datagram.copyTo(0, target, offset, count);
                return count;
            } catch (InterruptedException e) {
                throw new InterruptedDatagrams();
            }
        }

        private @Nullable Bytes next(int waitMillis) throws IOException, InterruptedException {
            if (closed) {
                throw new IOException("closed");
            }
            if (connected) {
                return waitMillis == 0 ? received.take() : received.poll(waitMillis, TimeUnit.MILLISECONDS);
            }
            long leftNanos = deadlineNanos - System.nanoTime();
            if (leftNanos <= 0) {
                throw new IOException("no handshake in time");
            }
            long waitNanos = TimeUnit.MILLISECONDS.toNanos(waitMillis);
            return received.poll(waitMillis == 0 ? leftNanos : Math.min(waitNanos, leftNanos), TimeUnit.NANOSECONDS);
        }

        @Override
        public void send(byte[] source, int offset, int length) {
            boolean alert = length > 0 && source[offset] == DtlsFilter.ALERT;
            if (alert && !connected && role.refusal() == null) {
                return;
            }
            events.send(Bytes.wrap(Arrays.copyOfRange(source, offset, offset + length)));
        }

        /// The library closes us after close_notify, and after an attempt that failed.
        @Override
        public void close() {
            closed = true;
        }
    }
}
