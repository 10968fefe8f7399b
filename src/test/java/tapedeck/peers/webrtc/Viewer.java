package tapedeck.peers.webrtc;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.TransportArrivals;
import tapedeck.rtp.srtp.SrtpSender;

/// A WHEP viewer that counts: packets, whole pictures and gaps by the clear headers of SRTP; one packet in
/// [#OPENED_ONE_IN] is also opened. It reports arrivals as a browser does, and asks for nothing again.
public final class Viewer implements AutoCloseable, Peer.Traffic {
    static final int OPENED_ONE_IN = 16;
    private static final long OWN_SSRC = 1;
    private static final long FEEDBACK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int FIRST_RTCP_TYPE = 192;
    private static final int LAST_RTCP_TYPE = 223;

    private final Peer peer;
    private final TransportArrivals arrivals = new TransportArrivals(OWN_SSRC);
    private final Map<Long, Integer> nextSequences = new HashMap<>();
    private final byte[] sealed = new byte[2_048];
    private final AtomicLong packets = new AtomicLong();
    private final AtomicLong gaps = new AtomicLong();
    private final AtomicLong pictures = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private long nextFeedbackNanos;

    Viewer(Peer peer, URI whep, List<Codec> codecs) throws Exception {
        this.peer = peer;
        List<Offers.Section> sections = new ArrayList<>();
        int type = 96;
        for (Codec codec : codecs) {
            sections.add(new Offers.Section(
                    List.of(codec),
                    List.of(type),
                    codec instanceof Codec.Video && peer.options().rtx(),
                    0,
                    0));
            type += 2;
        }
        peer.connect(whep, sections);
        peer.carry(this);
    }

    public long packets() {
        return packets.get();
    }

    /// Sequence numbers that were left out.
    public long gaps() {
        return gaps.get();
    }

    /// Packets with a marker: the ends of pictures.
    public long pictures() {
        return pictures.get();
    }

    /// Of those that were opened.
    public long refused() {
        return refused.get();
    }

    public int delete() throws Exception {
        return peer.delete();
    }

    @Override
    public void close() throws IOException {
        peer.close();
    }

    @Override
    public void received(byte[] datagram, int length, long nowNanos) {
        int second = datagram[1] & 0xFF;
        if (second >= FIRST_RTCP_TYPE && second <= LAST_RTCP_TYPE) {
            return;
        }
        RtpPacket packet = RtpPacket.parse(Bytes.wrap(java.util.Arrays.copyOf(datagram, length)));
        Bytes number = packet.extension(Offers.TRANSPORT_WIDE_ID);
        if (number != null) {
            arrivals.received(number.u16(0), nowNanos);
        }
        Integer expected = nextSequences.put(packet.ssrc(), packet.sequenceNumber() + 1 & 0xFFFF);
        if (expected != null) {
            gaps.addAndGet(Math.max(0, (short) (packet.sequenceNumber() - expected)));
        }
        if (packets.incrementAndGet() % OPENED_ONE_IN == 1 && peer.in().unprotectRtp(datagram, 0, length) == null) {
            refused.incrementAndGet();
        }
        if (packet.marker()) {
            pictures.incrementAndGet();
        }
    }

    @Override
    public void tick(long nowNanos) {
        if (nowNanos < nextFeedbackNanos) {
            return;
        }
        nextFeedbackNanos = nowNanos + FEEDBACK_NANOS;
        Rtcp.TransportFeedback feedback = arrivals.feedback(0);
        if (feedback != null) {
            Bytes plain = Rtcp.write(List.of(new Rtcp.ReceiverReport(OWN_SSRC, List.of()), feedback));
            byte[] bytes = plain.toByteArray();
            if (bytes.length + SrtpSender.MAX_OVERHEAD_BYTES <= sealed.length) {
                peer.send(sealed, peer.out().protectRtcp(bytes, 0, bytes.length, sealed, 0));
            }
        }
    }
}
