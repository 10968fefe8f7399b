package tapedeck.peers.webrtc;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.dtls.DtlsClientRole;
import tapedeck.protocol.webrtc.dtls.DtlsConnection;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.IceFragment;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.rtp.srtp.SrtpSender;

/// One session's way to the server: the offer over HTTP, connectivity checks as the controlling side, DTLS as the
/// client. What travels on it is its [Traffic]'s. Everything but [#connect] runs on the fleet's thread.
final class Peer {
    static final int DEADLINE_SECONDS = 60;
    private static final int SOCKET_BUFFER_BYTES = 1 << 20;
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(2_500);
    private static final long FIRST_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int ALERT = 21;

    /// What a peer sends and receives.
    interface Traffic {
        /// A datagram of SRTP or SRTCP.
        void received(byte[] datagram, int length, long nowNanos);

        void tick(long nowNanos);
    }

    private final Fleet fleet;
    private final Fleet.Options options;
    private final IceCredentials local = IceCredentials.random();
    private final BlockingQueue<Bytes> dtls = new LinkedBlockingQueue<>();
    private final CountDownLatch checked = new CountDownLatch(1);
    private final DatagramChannel channel;
    private URI session;
    private volatile String username;
    private volatile IceCredentials remote;
    private SessionDescription answer;
    private DTLSTransport transport;
    private SrtpSender out;
    private SrtpReceiver in;
    private long nextCheckNanos = Long.MAX_VALUE;
    private volatile boolean connected;
    private volatile boolean alerted;
    private volatile boolean gone;
    private volatile Traffic traffic;
    private volatile long answeredNanos;
    private volatile long unsent;

    Peer(Fleet fleet, Fleet.Options options) throws IOException {
        this.fleet = fleet;
        this.options = options;
        channel = DatagramChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        channel.setOption(java.net.StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
        channel.configureBlocking(false);
    }

    Fleet.Options options() {
        return options;
    }

    /// Signals, checks, shakes hands; on the caller's thread.
    void connect(URI resource, List<Offers.Section> sections) throws Exception {
        try {
            signal(resource, Offers.of(local, fleet.identity(), sections));
            fleet.add(this, channel);
            execute(now -> nextCheckNanos = now);
            if (!checked.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("no answer to the connectivity check");
            }
            DtlsClientRole role = new DtlsClientRole(fleet.identity(), options.profiles());
            transport = new DTLSClientProtocol().connect(role, new Datagrams());
            out = new SrtpSender(role.keys().local());
            in = new SrtpReceiver(role.keys().remote());
            connected = true;
        } catch (Exception e) {
            vanish();
            throw e;
        }
    }

    private void signal(URI resource, String offer) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(resource)
                .header("Content-Type", "application/sdp")
                .POST(HttpRequest.BodyPublishers.ofString(offer))
                .build();
        HttpResponse<String> response = fleet.http().send(request, HttpResponse.BodyHandlers.ofString());
        // One address may make so many offers a second: hundreds of peers wait for their turn.
        for (int i = 0; response.statusCode() == 429 && i < DEADLINE_SECONDS; i++) {
            TimeUnit.SECONDS.sleep(1);
            response = fleet.http().send(request, HttpResponse.BodyHandlers.ofString());
        }
        if (response.statusCode() != 201) {
            throw new IOException(resource + ": " + response.statusCode() + " " + response.body());
        }
        session = resource.resolve(response.headers().firstValue("Location").orElseThrow());
        answer = SessionDescription.parse(options.answer().apply(response.body()));
        MediaDescription section = answer.media().stream()
                .filter(media -> media.port() != 0)
                .findFirst()
                .orElseThrow();
        String remoteUfrag = String.valueOf(answer.attribute(section, "ice-ufrag"));
        remote = new IceCredentials(remoteUfrag, String.valueOf(answer.attribute(section, "ice-pwd")));
        username = remoteUfrag + ":" + local.ufrag();
        Candidate candidate = section.candidates().stream()
                .filter(c -> c.transport().equals("udp") && c.address().equals("127.0.0.1"))
                .findFirst()
                .orElseThrow(() -> new IOException("no UDP candidate on the loopback address"));
        channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), candidate.port()));
    }

    /// RFC 9725 4.3.3: new credentials for both sides, and checks with them from now on. The answer's status.
    int restart() throws Exception {
        IceCredentials renewed = IceCredentials.random();
        StringBuilder fragment =
                new StringBuilder("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n".formatted(renewed.ufrag(), renewed.password()));
        answer.media()
                .forEach(section -> fragment.append(
                        "m=%s 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%s\r\n".formatted(section.type(), section.mid())));
        HttpResponse<String> response = fleet.http()
                .send(
                        HttpRequest.newBuilder(session)
                                .header("Content-Type", "application/trickle-ice-sdpfrag")
                                .header("If-Match", "*")
                                .method("PATCH", HttpRequest.BodyPublishers.ofString(fragment.toString()))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == 200) {
            IceFragment theirs = IceFragment.parse(response.body());
            IceCredentials now = new IceCredentials(theirs.ufrag(), theirs.password());
            execute(nanos -> {
                remote = now;
                username = theirs.ufrag() + ":" + renewed.ufrag();
                nextCheckNanos = nanos;
            });
        }
        return response.statusCode();
    }

    SessionDescription answer() {
        return answer;
    }

    SrtpSender out() {
        return out;
    }

    SrtpReceiver in() {
        return in;
    }

    /// From now on `carried` is told what comes, and the time.
    void carry(Traffic carried) {
        traffic = carried;
    }

    /// On the fleet's thread, with its time.
    void execute(LongConsumer command) {
        fleet.execute(() -> command.accept(fleet.now()));
    }

    /// A connectivity check at once, as by a client that knows that its network has changed.
    void check(long nowNanos) {
        nextCheckNanos = nowNanos;
    }

    /// Whether the server ended the DTLS connection.
    boolean alerted() {
        return alerted;
    }

    /// Datagrams that this machine did not take: they count as sent nowhere.
    long unsent() {
        return unsent;
    }

    /// How long ago the server last answered a connectivity check.
    double silentSeconds() {
        return (System.nanoTime() - answeredNanos) / 1e9;
    }

    String username() {
        return username;
    }

    URI session() {
        return session;
    }

    /// What DTLS carries: SCTP, or what pretends to be.
    void sendData(byte[] data) throws IOException {
        transport.send(data, 0, data.length);
    }

    /// On the fleet's thread.
    boolean send(byte[] datagram, int length) {
        return send(fleet.sendBuffer().clear().put(datagram, 0, length).flip());
    }

    private boolean send(ByteBuffer datagram) {
        try {
            if (channel.write(datagram) > 0) {
                return true;
            }
        } catch (IOException e) {
            // An ICMP answer, or closed.
        }
        unsent++;
        return false;
    }

    int delete() throws Exception {
        try {
            HttpResponse<Void> response = fleet.http()
                    .send(HttpRequest.newBuilder(session).DELETE().build(), HttpResponse.BodyHandlers.discarding());
            return response.statusCode();
        } finally {
            vanish();
        }
    }

    /// Says close_notify and goes.
    void close() throws IOException {
        if (transport != null && !gone) {
            transport.close();
        }
        vanish();
    }

    void vanish() {
        gone = true;
        fleet.remove(this);
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    void tick(long nowNanos) {
        if (nowNanos >= nextCheckNanos) {
            check();
            nextCheckNanos = nowNanos + (checked.getCount() == 0 ? CHECK_NANOS : FIRST_CHECK_NANOS);
        }
        Traffic now = traffic;
        if (now != null) {
            now.tick(nowNanos);
        }
    }

    void receive(byte[] datagram, int length, long nowNanos) {
        int first = datagram[0] & 0xFF;
        if (first >= 128) {
            Traffic now = traffic;
            if (now != null) {
                now.received(datagram, length, nowNanos);
            }
        } else if (first < 4) {
            answered(Bytes.wrap(Arrays.copyOf(datagram, length)));
        } else if (connected) {
            alerted |= first == ALERT;
        } else {
            dtls.add(Bytes.wrap(Arrays.copyOf(datagram, length)));
        }
    }

    private void answered(Bytes datagram) {
        try {
            StunMessage message = StunMessage.parse(datagram);
            if (message.type() == StunMessage.BINDING_SUCCESS && message.integrityBy(remote.hmac())) {
                answeredNanos = System.nanoTime();
                checked.countDown();
            }
        } catch (MalformedException e) {
            // Damaged on its way.
        }
    }

    private void check() {
        byte[] request = request(true);
        send(request, request.length);
    }

    /// RFC 8445 7.2.5: a check by the controlling side.
    byte[] request(boolean nominates) {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        ThreadLocalRandom.current().nextBytes(id);
        StunWriter request = new StunWriter(StunMessage.BINDING_REQUEST, Bytes.wrap(id))
                .attribute(StunMessage.USERNAME, Bytes.ofUtf8(username))
                .attribute(
                        StunMessage.PRIORITY, new ByteWriter().u32(1853817087).toBytes())
                .attribute(StunMessage.ICE_CONTROLLING, new ByteWriter().u64(7).toBytes());
        if (nominates) {
            request.attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY);
        }
        return request.integrity(remote.hmac()).fingerprint().toBytes().toByteArray();
    }

    private final class Datagrams implements DatagramTransport {
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
                Bytes datagram = dtls.poll(waitMillis, TimeUnit.MILLISECONDS);
                if (datagram == null) {
                    return -1;
                }
                datagram.copyTo(0, target, offset, Math.min(length, datagram.length()));
                return Math.min(length, datagram.length());
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void send(byte[] source, int offset, int length) {
            Peer.this.send(ByteBuffer.wrap(source, offset, length));
        }

        @Override
        public void close() {}
    }
}
