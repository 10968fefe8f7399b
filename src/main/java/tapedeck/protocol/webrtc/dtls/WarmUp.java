package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.rtp.srtp.SrtpSender;

/// Shakes hands with ourselves at the start (`webrtc_pre_init`) and sends ourselves some packets: a first handshake
/// loads hundreds of classes and costs up to 0.1 s of CPU, and cold packet code lets the socket buffer overflow.
public final class WarmUp implements DtlsConnection.Events, DatagramTransport {
    private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
    private static final int HANDSHAKES = 3;
    /// Enough for the compiler to notice.
    private static final int PACKETS = 3_000;

    private static final int PAYLOAD_BYTES = 1_100;
    private static final int QUEUED_DATAGRAMS = 64;
    private static final int DEADLINE_SECONDS = 30;

    private final BlockingQueue<Bytes> toClient = new ArrayBlockingQueue<>(QUEUED_DATAGRAMS);
    private final CompletableFuture<DtlsKeys> connected = new CompletableFuture<>();
    private final DtlsClientRole client;
    private final DtlsConnection server;

    private WarmUp(DtlsIdentity identity) {
        client = new DtlsClientRole(identity, List.of(SrtpProfile.AEAD_AES_128_GCM));
        server = new DtlsConnection(identity, DtlsPeer.client(identity.fingerprint()), this);
    }

    /// Returns whether all is warm, and logs why not: the server works without.
    public static boolean run(DtlsIdentity identity) {
        long start = System.nanoTime();
        try {
            check();
            for (int i = 0; i < HANDSHAKES; i++) {
                WarmUp warmUp = new WarmUp(identity);
                DtlsKeys keys = warmUp.shakeHands();
                if (i == 0) {
                    sendPackets(keys);
                }
            }
            log.debug("WebRTC is warm after {} ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
            return true;
        } catch (IOException | ExecutionException | TimeoutException e) {
            log.warn("WebRTC was not warmed up: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /// What a session begins with.
    private static void check() {
        IceCredentials credentials = IceCredentials.random();
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        StunMessage request = StunMessage.parse(new StunWriter(StunMessage.BINDING_REQUEST, Bytes.wrap(id))
                .attribute(StunMessage.USERNAME, Bytes.ofUtf8(credentials.ufrag()))
                .integrity(credentials.hmac())
                .fingerprint()
                .toBytes());
        if (!request.fingerprintRight() || !request.integrityBy(credentials.hmac())) {
            throw new IllegalStateException("STUN refuses its own messages");
        }
    }

    private DtlsKeys shakeHands() throws IOException, InterruptedException, ExecutionException, TimeoutException {
        server.start();
        try {
            DTLSTransport transport = new DTLSClientProtocol().connect(client, this);
            DtlsKeys keys = connected.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            transport.close();
            return keys;
        } finally {
            server.close();
        }
    }

    private static void sendPackets(DtlsKeys keys) {
        SrtpSender sender = new SrtpSender(keys.remote());
        SrtpReceiver receiver = new SrtpReceiver(keys.remote());
        byte[] sealed = new byte[PAYLOAD_BYTES + 100];
        Bytes payload = Bytes.wrap(new byte[PAYLOAD_BYTES]);
        for (int i = 0; i < PACKETS; i++) {
            byte[] plain =
                    RtpPacket.of(96, false, i, i, 1, List.of(), payload).bytes().toByteArray();
            int length = sender.protectRtp(plain, 0, plain.length, sealed, 0);
            Bytes opened = receiver.unprotectRtp(sealed, 0, length);
            if (opened == null) {
                throw new IllegalStateException("SRTP refuses its own packets");
            }
            RtpPacket.parse(opened);
        }
    }

    @Override
    public void send(Bytes datagram) {
        toClient.offer(datagram);
    }

    @Override
    public void connected(DtlsKeys keys) {
        connected.complete(keys);
    }

    @Override
    public void data(Bytes plain) {}

    @Override
    public void closed(String reason) {
        connected.completeExceptionally(new IOException(reason));
    }

    @Override
    public int getReceiveLimit() {
        return DtlsConnection.MAX_DATAGRAM_BYTES;
    }

    @Override
    public int getSendLimit() {
        return DtlsConnection.SEND_BYTES;
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
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void send(byte[] source, int offset, int length) {
        server.receive(Bytes.wrap(Arrays.copyOfRange(source, offset, offset + length)));
    }

    @Override
    public void close() {}
}
