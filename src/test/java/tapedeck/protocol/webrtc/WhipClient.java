package tapedeck.protocol.webrtc;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.protocol.webrtc.dtls.DtlsClientRole;
import tapedeck.protocol.webrtc.dtls.DtlsConnection;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.rtp.srtp.SrtpSender;

/// A publisher like a browser, as far as a server can see: WHIP, connectivity checks, a DTLS handshake as the client,
/// SRTP, sender reports, and answers to NACK. It sends the frames that it is given, when it is given them.
public final class WhipClient implements AutoCloseable {
    private static final long MAX_SOONER_NANOS = 100_000_000L;
    private static final int DEADLINE_SECONDS = 30;
    private static final int CHECK_MILLIS = 2_500;
    private static final int TRANSPORT_WIDE_ID = 3;
    private static final int MID_ID = 4;
    private static final int ORIENTATION_ID = 5;
    private static final int KEPT_PACKETS = 1_000;

    /// What is published, and whether packets get lost.
    ///
    /// @param loses whether the packet with this number (from 0, over all sources) is lost on its first way
    public record Options(List<Codec> codecs, List<SrtpProfile> profiles, LongPredicate loses) {
        public Options {
            codecs = List.copyOf(codecs);
            profiles = List.copyOf(profiles);
        }

        public static Options of(Codec... codecs) {
            return new Options(List.of(codecs), List.of(SrtpProfile.AEAD_AES_128_GCM), _ -> false);
        }
    }

    private final Options options;
    private final DtlsIdentity identity = DtlsIdentity.create();
    private final IceCredentials local = IceCredentials.random();
    private volatile DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, Source> sources = new LinkedHashMap<>();
    private final BlockingQueue<Bytes> dtls = new ArrayBlockingQueue<>(256);
    private final Map<Long, byte[]> kept = new HashMap<>();
    private volatile CountDownLatch checked = new CountDownLatch(1);
    private final AtomicLong packets = new AtomicLong();
    private final AtomicLong keyframeRequests = new AtomicLong();
    private final AtomicLong nacked = new AtomicLong();
    private final AtomicLong reports = new AtomicLong();
    private long playedFrom;
    private final AtomicLong transportFeedbacks = new AtomicLong();
    private final URI session;
    private final InetSocketAddress server;
    private final String remoteUfrag;
    private final IceCredentials remote;
    private final DTLSTransport dtlsTransport;
    private final SrtpSender out;
    private volatile @Nullable SrtpReceiver in;
    private volatile boolean closed;
    private volatile boolean repeats = true;
    private int transportSequence;

    /// Connects to `http://HOST:PORT/whip/NAME` and returns when media may be sent.
    public WhipClient(URI whip, Options options) throws Exception {
        this.options = options;
        int payloadType = 96;
        for (Codec codec : options.codecs()) {
            sources.put(codec.name(), new Source(codec, payloadType++, String.valueOf(sources.size())));
        }
        HttpResponse<String> response = http.send(
                HttpRequest.newBuilder(whip)
                        .header("Content-Type", "application/sdp")
                        .POST(HttpRequest.BodyPublishers.ofString(offer()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 201) {
            socket.close();
            throw new IOException("WHIP: " + response.statusCode() + " " + response.body());
        }
        session = whip.resolve(response.headers().firstValue("Location").orElseThrow());
        SessionDescription answer = SessionDescription.parse(response.body());
        MediaDescription section = answer.media().stream()
                .filter(media -> media.port() != 0)
                .findFirst()
                .orElseThrow();
        remoteUfrag = String.valueOf(answer.attribute(section, "ice-ufrag"));
        remote = new IceCredentials(remoteUfrag, String.valueOf(answer.attribute(section, "ice-pwd")));
        server = loopback(section);
        Thread.ofVirtual().name("whip-client").start(this::read);
        Thread.ofVirtual().name("whip-client-checks").start(this::keepChecking);
        if (!checked.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("no answer to the connectivity check");
        }
        DtlsClientRole role = new DtlsClientRole(identity, options.profiles());
        dtlsTransport = new DTLSClientProtocol().connect(role, new Datagrams());
        out = new SrtpSender(role.keys().local());
        in = new SrtpReceiver(role.keys().remote());
    }

    /// Sends one frame of one of the codecs.
    public synchronized void send(Frame frame) throws IOException {
        Source source = sources.get(frame.track().codec().name());
        List<Bytes> payloads = new ArrayList<>();
        List<Boolean> markers = new ArrayList<>();
        source.packetizer.packetize(frame, (header, body, marker) -> {
            payloads.add(Packetizer.joined(header, body));
            markers.add(marker);
        });
        source.report(frame);
        for (int i = 0; i < payloads.size(); i++) {
            source.send(payloads.get(i), markers.get(i), frame);
        }
    }

    /// Sends frames when they are due, as a camera makes them; returns after the last one.
    public void play(List<Frame> frames) throws IOException, InterruptedException {
        // What goes on with the frames before is not sooner than they say; a jump of the media is not waited for.
        long atOnce = System.nanoTime() - frames.getFirst().dtsNanos();
        playedFrom = playedFrom - atOnce < MAX_SOONER_NANOS ? Math.max(playedFrom, atOnce) : atOnce;
        for (Frame frame : frames) {
            TimeUnit.NANOSECONDS.sleep(playedFrom + frame.dtsNanos() - System.nanoTime());
            send(frame);
        }
    }

    /// How often the server asked for a keyframe, by PLI or FIR.
    public long keyframeRequests() {
        return keyframeRequests.get();
    }

    /// From now on, what the server asks for again never comes.
    public void repeatNothing() {
        repeats = false;
    }

    /// Packets that the server asked for again.
    public long nacked() {
        return nacked.get();
    }

    public long receiverReports() {
        return reports.get();
    }

    public long transportFeedbacks() {
        return transportFeedbacks.get();
    }

    /// Where the session is ended by DELETE.
    public URI session() {
        return session;
    }

    /// Where we send from.
    public InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /// USERNAME of our connectivity checks.
    String username() {
        return remoteUfrag + ":" + local.ufrag();
    }

    /// Goes on from another port, as a phone does between networks; returns when the server has answered there.
    public void move() throws IOException, InterruptedException {
        DatagramSocket old = socket;
        checked = new CountDownLatch(1);
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        old.close();
        Thread.ofVirtual().name("whip-client").start(this::read);
        check();
        if (!checked.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("no answer at the new address");
        }
    }

    /// Any datagram, as it is.
    public void sendRaw(byte[] datagram) throws IOException {
        socket.send(new DatagramPacket(datagram, datagram.length, server));
    }

    /// Ends the session the WHIP way.
    public int delete() throws Exception {
        closed = true;
        HttpResponse<Void> response =
                http.send(HttpRequest.newBuilder(session).DELETE().build(), HttpResponse.BodyHandlers.discarding());
        socket.close();
        return response.statusCode();
    }

    /// Vanishes without a word.
    public void vanish() {
        closed = true;
        socket.close();
    }

    /// Says close_notify, as a page does that is closed.
    @Override
    public void close() throws IOException {
        if (!closed) {
            dtlsTransport.close();
        }
        vanish();
    }

    private String offer() {
        StringBuilder sdp = new StringBuilder("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
        sources.values().forEach(source -> sdp.append(' ').append(source.mid));
        sdp.append("\r\n");
        for (Source source : sources.values()) {
            String kind = source.codec instanceof Codec.Video ? "video" : "audio";
            sdp.append("m=%s 9 UDP/TLS/RTP/SAVPF %d\r\nc=IN IP4 0.0.0.0\r\n".formatted(kind, source.payloadType));
            sdp.append("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n".formatted(local.ufrag(), local.password()));
            sdp.append("a=fingerprint:%s\r\na=setup:actpass\r\n".formatted(identity.fingerprint()));
            sdp.append("a=mid:%s\r\na=sendonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n".formatted(source.mid));
            sdp.append("a=extmap:%d %s\r\n".formatted(TRANSPORT_WIDE_ID, AgreedMedia.TRANSPORT_WIDE));
            sdp.append("a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid\r\n".formatted(MID_ID));
            if (source.codec instanceof Codec.Video) {
                sdp.append("a=extmap:%d %s\r\n".formatted(ORIENTATION_ID, AgreedMedia.ORIENTATION));
            }
            sdp.append("a=rtpmap:%d %s\r\n".formatted(source.payloadType, source.rtpmap()));
            for (String kindOfFeedback : List.of("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")) {
                sdp.append("a=rtcp-fb:%d %s\r\n".formatted(source.payloadType, kindOfFeedback));
            }
            if (source.codec instanceof Codec.H264) {
                sdp.append("a=fmtp:%d packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1\r\n"
                        .formatted(source.payloadType));
            }
        }
        return sdp.toString();
    }

    private static InetSocketAddress loopback(MediaDescription section) throws IOException {
        for (Candidate candidate : section.candidates()) {
            if (candidate.address().equals("127.0.0.1")) {
                return new InetSocketAddress(InetAddress.getLoopbackAddress(), candidate.port());
            }
        }
        throw new IOException("no candidate on the loopback address");
    }

    private void keepChecking() {
        try {
            while (!closed) {
                check();
                boolean waited = checked.getCount() == 0;
                TimeUnit.MILLISECONDS.sleep(waited ? CHECK_MILLIS : 100);
            }
        } catch (IOException | InterruptedException e) {
            // The socket is closed.
        }
    }

    private void check() throws IOException {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        ThreadLocalRandom.current().nextBytes(id);
        sendRaw(new StunWriter(StunMessage.BINDING_REQUEST, Bytes.wrap(id))
                .attribute(StunMessage.USERNAME, Bytes.ofUtf8(username()))
                .attribute(
                        StunMessage.PRIORITY, new ByteWriter().u32(1853817087).toBytes())
                .attribute(StunMessage.ICE_CONTROLLING, new ByteWriter().u64(7).toBytes())
                .attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY)
                .integrity(remote.hmac())
                .fingerprint()
                .toBytes()
                .toByteArray());
    }

    private void read() {
        byte[] buffer = new byte[2_048];
        try {
            while (!closed) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                int length = packet.getLength();
                int first = buffer[0] & 0xFF;
                if (first < 4) {
                    StunMessage message = StunMessage.parse(Bytes.wrap(Arrays.copyOf(buffer, length)));
                    if (message.type() == StunMessage.BINDING_SUCCESS && message.integrityBy(remote.hmac())) {
                        checked.countDown();
                    }
                } else if (first < 64) {
                    dtls.offer(Bytes.wrap(Arrays.copyOf(buffer, length)));
                } else {
                    SrtpReceiver receiver = in;
                    feedback(receiver == null ? null : receiver.unprotectRtcp(buffer, 0, length));
                }
            }
        } catch (IOException e) {
            // The socket is closed.
        }
    }

    private void feedback(@Nullable Bytes compound) throws IOException {
        if (compound == null) {
            return;
        }
        for (Rtcp packet : Rtcp.parse(compound)) {
            switch (packet) {
                case Rtcp.PictureLoss _, Rtcp.FullIntraRequest _ -> keyframeRequests.incrementAndGet();
                case Rtcp.Nack nack -> repeat(nack);
                case Rtcp.ReceiverReport _ -> reports.incrementAndGet();
                case Rtcp.TransportFeedback _ -> transportFeedbacks.incrementAndGet();
                case Rtcp.ExtendedReport report -> answer(report);
                case Rtcp.SenderReport _,
                        Rtcp.SourceDescription _,
                        Rtcp.Goodbye _,
                        Rtcp.BitrateLimit _,
                        Rtcp.Other _ -> {}
            }
        }
    }

    /// As browsers do, RFC 3611 4.5, but at once.
    private synchronized void answer(Rtcp.ExtendedReport report) throws IOException {
        long last = report.receiverTime() >>> 16 & 0xFFFF_FFFFL;
        send(new Rtcp.ExtendedReport(1, 0, List.of(new Rtcp.ExtendedReport.Delay(report.ssrc(), last, 0))));
    }

    private void send(Rtcp packet) throws IOException {
        Bytes plain = Rtcp.write(List.of(packet));
        byte[] sealed = new byte[plain.length() + SrtpSender.MAX_OVERHEAD_BYTES];
        int length = out.protectRtcp(plain.toByteArray(), 0, plain.length(), sealed, 0);
        sendRaw(Arrays.copyOf(sealed, length));
    }

    private synchronized void repeat(Rtcp.Nack nack) throws IOException {
        for (int sequence : nack.sequenceNumbers()) {
            nacked.incrementAndGet();
            byte[] packet = kept.get(nack.mediaSsrc() << 16 | sequence);
            if (packet != null && repeats) {
                sendRaw(packet);
            }
        }
    }

    /// One SSRC.
    private final class Source {
        private final Codec codec;
        private final int payloadType;
        private final String mid;
        private final int clockRateHz;
        private final Packetizer packetizer;
        private final long ssrc = ThreadLocalRandom.current().nextLong(1, 1L << 32);
        private final long firstTimestamp = ThreadLocalRandom.current().nextLong(1L << 32);
        private int sequence = ThreadLocalRandom.current().nextInt(1 << 16);
        private int rotationDegrees;
        private long sent;
        private long bytes;
        private long lastReportNanos = Long.MIN_VALUE;

        Source(Codec codec, int payloadType, String mid) {
            this.codec = codec;
            this.payloadType = payloadType;
            this.mid = mid;
            this.clockRateHz = Integer.parseInt(rtpmap().split("/")[1]);
            this.packetizer = Packetizer.of(codec, Packetizer.USUAL_PAYLOAD_BYTES);
        }

        String rtpmap() {
            return switch (codec) {
                case Codec.H264 _ -> "H264/90000";
                case Codec.Vp8 _ -> "VP8/90000";
                case Codec.Opus _ -> "opus/48000/2";
                case Codec.H265 _ -> "H265/90000";
                case Codec.Vp9 _ -> "VP9/90000";
                case Codec.Av1 _ -> "AV1/90000";
                case Codec.Pcma _ -> "PCMA/8000";
                case Codec.Pcmu _ -> "PCMU/8000";
                case Codec.G722 _ -> "G722/8000";
                case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> throw new IllegalArgumentException(codec.name());
            };
        }

        private long timestamp(long ptsNanos) {
            return firstTimestamp + ptsNanos / 1_000 * clockRateHz / 1_000_000 & 0xFFFF_FFFFL;
        }

        private void send(Bytes payload, boolean marker, Frame frame) throws IOException {
            List<RtpPacket.Extension> extensions = new ArrayList<>(List.of(
                    new RtpPacket.Extension(
                            TRANSPORT_WIDE_ID,
                            new ByteWriter().u16(transportSequence++ & 0xFFFF).toBytes()),
                    new RtpPacket.Extension(MID_ID, Bytes.ofUtf8(mid))));
            int degrees = frame.track().rotationDegrees();
            if (marker && codec instanceof Codec.Video && (frame.keyframe() || degrees != rotationDegrees)) {
                // 3GPP TS 26.114 7.4.5.
                rotationDegrees = degrees;
                extensions.add(new RtpPacket.Extension(ORIENTATION_ID, Bytes.ofU8(degrees / 90)));
            }
            byte[] plain = RtpPacket.of(
                            payloadType, marker, sequence, timestamp(frame.ptsNanos()), ssrc, extensions, payload)
                    .bytes()
                    .toByteArray();
            byte[] sealed = new byte[plain.length + SrtpSender.MAX_OVERHEAD_BYTES];
            sealed = Arrays.copyOf(sealed, out.protectRtp(plain, 0, plain.length, sealed, 0));
            kept.put(ssrc << 16 | sequence, sealed);
            kept.remove(ssrc << 16 | sequence - KEPT_PACKETS & 0xFFFF);
            sequence = sequence + 1 & 0xFFFF;
            sent++;
            bytes += payload.length();
            if (!options.loses().test(packets.getAndIncrement())) {
                sendRaw(sealed);
            }
        }

        /// A sender report about once a second of media, the first one at once.
        private void report(Frame frame) throws IOException {
            if (lastReportNanos != Long.MIN_VALUE && frame.ptsNanos() - lastReportNanos < 1_000_000_000L) {
                return;
            }
            lastReportNanos = frame.ptsNanos();
            long seconds = frame.ptsNanos() / 1_000_000_000L + 3_900_000_000L;
            long fraction = ((frame.ptsNanos() % 1_000_000_000L) << 32) / 1_000_000_000L;
            WhipClient.this.send(new Rtcp.SenderReport(
                    ssrc, seconds << 32 | fraction, timestamp(frame.ptsNanos()), sent, bytes, List.of()));
        }
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
                datagram.copyTo(0, target, offset, datagram.length());
                return datagram.length();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void send(byte[] source, int offset, int length) throws IOException {
            sendRaw(Arrays.copyOfRange(source, offset, offset + length));
        }

        @Override
        public void close() {}
    }
}
