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
    private static final int FIRST_TYPE = 96;
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
    private final AtomicLong wholePictures = new AtomicLong();
    private final long beganNanos = System.nanoTime();
    private final List<Codec> codecs;
    private volatile long firstPictureNanos;
    private volatile long lastPictureNanos;
    private volatile long longestFreezeNanos;
    private boolean torn;
    private final AtomicLong refused = new AtomicLong();
    private long nextFeedbackNanos;

    Viewer(Peer peer, URI whep, List<Codec> codecs) throws Exception {
        this.peer = peer;
        this.codecs = List.copyOf(codecs);
        List<Offers.Section> sections = new ArrayList<>();
        int type = FIRST_TYPE;
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

    /// Ends of pictures that came.
    public long pictures() {
        return pictures.get();
    }

    /// Pictures of which no packet was missing.
    public long wholePictures() {
        return wholePictures.get();
    }

    /// From before the offer until a whole picture was there; negative while there is none.
    public double firstPictureSeconds() {
        return firstPictureNanos == 0 ? -1 : (firstPictureNanos - beganNanos) / 1e9;
    }

    /// The longest time between two whole pictures.
    public double longestFreezeSeconds() {
        return longestFreezeNanos / 1e9;
    }

    /// What is measured begins anew.
    public void measureFreezes() {
        peer.execute(_ -> longestFreezeNanos = 0);
    }

    /// Of those that were opened.
    public long refused() {
        return refused.get();
    }

    public URI session() {
        return peer.session();
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
        Bytes counted = packet.extension(Offers.TRANSPORT_WIDE_ID);
        if (counted != null) {
            arrivals.received(counted.u16(0), nowNanos);
        }
        Integer expected = nextSequences.put(packet.ssrc(), packet.sequenceNumber() + 1 & 0xFFFF);
        int missing = expected == null ? 0 : Math.max(0, (short) (packet.sequenceNumber() - expected));
        gaps.addAndGet(missing);
        if (packets.incrementAndGet() % OPENED_ONE_IN == 1 && peer.in().unprotectRtp(datagram, 0, length) == null) {
            refused.incrementAndGet();
        }
        int number = packet.payloadType() - FIRST_TYPE;
        if (number % 2 == 0 && number / 2 < codecs.size() && codecs.get(number / 2) instanceof Codec.Video) {
            torn |= missing > 0;
            if (packet.marker()) {
                picture();
            }
        }
    }

    private void picture() {
        pictures.incrementAndGet();
        if (!torn) {
            long now = System.nanoTime();
            wholePictures.incrementAndGet();
            if (firstPictureNanos == 0) {
                firstPictureNanos = now;
            } else {
                longestFreezeNanos = Math.max(longestFreezeNanos, now - lastPictureNanos);
            }
            lastPictureNanos = now;
        }
        torn = false;
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
