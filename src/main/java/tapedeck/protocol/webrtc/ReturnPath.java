package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpSender;

/// What goes back to a publisher: RTCP, gathered per tick, in as few datagrams as it fits in.
final class ReturnPath {
    /// RTCP of one datagram.
    static final int MAX_COMPOUND_BYTES = 1_200;

    private static final String CNAME = "tapedeck";

    private final SrtpSender srtp;
    private final Consumer<Bytes> send;
    private final long localSsrc;
    private final boolean reducedSize;
    private final List<Rtcp> outgoing = new ArrayList<>();

    /// @param keys what we protect our feedback with
    /// @param send takes one protected datagram
    ReturnPath(SrtpKeys keys, long localSsrc, boolean reducedSize, Consumer<Bytes> send) {
        this.srtp = new SrtpSender(keys);
        this.send = send;
        this.localSsrc = localSsrc;
        this.reducedSize = reducedSize;
    }

    /// What will be sent with [#flush()]; the receivers add to it.
    List<Rtcp> outgoing() {
        return outgoing;
    }

    /// Whether a receiver report is among it.
    boolean hasReport() {
        return outgoing.stream().anyMatch(Rtcp.ReceiverReport.class::isInstance);
    }

    /// One compound, or one datagram for each packet where that would be too long. A report goes in front, with our
    /// name (RFC 3550 6.1), unless the peer takes feedback alone (RFC 5506).
    void flush() {
        if (outgoing.isEmpty()) {
            return;
        }
        List<Rtcp> compound = new ArrayList<>(outgoing.size() + 2);
        for (Rtcp packet : outgoing) {
            if (packet instanceof Rtcp.ReceiverReport) {
                compound.add(packet);
            }
        }
        if (compound.isEmpty() && !reducedSize) {
            compound.add(new Rtcp.ReceiverReport(localSsrc, List.of()));
        }
        if (!compound.isEmpty()) {
            compound.add(Rtcp.SourceDescription.named(localSsrc, CNAME));
        }
        for (Rtcp packet : outgoing) {
            if (!(packet instanceof Rtcp.ReceiverReport)) {
                compound.add(packet);
            }
        }
        outgoing.clear();
        Bytes plain = Rtcp.write(compound);
        if (plain.length() <= MAX_COMPOUND_BYTES) {
            send(plain);
        } else {
            compound.forEach(packet -> send(Rtcp.write(List.of(packet))));
        }
    }

    private void send(Bytes plain) {
        byte[] bytes = plain.toByteArray();
        byte[] sealed = new byte[bytes.length + SrtpSender.MAX_OVERHEAD_BYTES];
        int length = srtp.protectRtcp(bytes, 0, bytes.length, sealed, 0);
        send.accept(Bytes.wrap(sealed, 0, length));
    }
}
