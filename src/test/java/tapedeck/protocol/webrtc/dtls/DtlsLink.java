package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.srtp.SrtpProfile;

/// A real DTLS client and a [DtlsConnection] with a wire between them that can lose what it carries.
final class DtlsLink implements DtlsConnection.Events, DatagramTransport {
    static final int DEADLINE_SECONDS = 30;

    final DtlsIdentity clientIdentity = DtlsIdentity.create();
    final CompletableFuture<DtlsKeys> connected = new CompletableFuture<>();
    final CompletableFuture<String> closed = new CompletableFuture<>();
    /// What the server decrypted.
    final BlockingQueue<Bytes> data = new LinkedBlockingQueue<>();
    final DtlsConnection server;
    final DtlsClientRole role;
    /// Whether datagram number `n` (from 0) of the client (true) or the server (false) arrives.
    volatile BiPredicate<Boolean, Integer> arrives = (_, _) -> true;

    /// Whether this datagram of the client (true) or the server (false) arrives, by its content.
    volatile BiPredicate<Boolean, Bytes> passes = (_, _) -> true;
    /// Of the client.
    volatile int sendLimit = DtlsConnection.SEND_BYTES;

    private final BlockingQueue<Bytes> toClient = new LinkedBlockingQueue<>();
    private final AtomicInteger fromClient = new AtomicInteger();
    private final AtomicInteger fromServer = new AtomicInteger();

    DtlsLink(DtlsIdentity server, Fingerprint expected, SrtpProfile... profiles) {
        this.role = new DtlsClientRole(clientIdentity, List.of(profiles));
        this.server = new DtlsConnection(server, DtlsPeer.client(expected), this);
    }

    /// With the fingerprint that the client really has.
    DtlsLink(DtlsIdentity server, SrtpProfile... profiles) {
        this.role = new DtlsClientRole(clientIdentity, List.of(profiles));
        this.server = new DtlsConnection(server, DtlsPeer.client(clientIdentity.fingerprint()), this);
    }

    DTLSTransport connect() throws IOException {
        server.start();
        return new DTLSClientProtocol().connect(role, this);
    }

    @Override
    public void send(Bytes datagram) {
        if (arrives.test(false, fromServer.getAndIncrement()) && passes.test(false, datagram)) {
            toClient.add(datagram);
        }
    }

    @Override
    public void connected(DtlsKeys keys) {
        connected.complete(keys);
    }

    @Override
    public void data(Bytes plain) {
        data.add(plain);
    }

    @Override
    public void closed(String reason) {
        closed.complete(reason);
    }

    @Override
    public int getReceiveLimit() {
        return DtlsConnection.MAX_DATAGRAM_BYTES;
    }

    @Override
    public int getSendLimit() {
        return sendLimit;
    }

    @Override
    public int receive(byte[] target, int offset, int length, int waitMillis) throws IOException {
        try {
            Bytes datagram = toClient.poll(waitMillis, TimeUnit.MILLISECONDS);
            if (datagram == null) {
                return -1;
            }
            datagram.copyTo(0, target, offset, datagram.length());
            return datagram.length();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void send(byte[] source, int offset, int length) {
        Bytes datagram = Bytes.wrap(Arrays.copyOfRange(source, offset, offset + length));
        if (arrives.test(true, fromClient.getAndIncrement()) && passes.test(true, datagram)) {
            server.receive(datagram);
        }
    }

    @Override
    public void close() {}
}
