package tapedeck.rtp;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.payload.PayloadFormat;

/// One track on its way to one peer: numbers its packets, keeps what may be asked for again, and reports.
///
/// It neither cuts frames nor protects packets: those who watch the same stream share the payloads, and the keys belong
/// to the peer. Used by one thread.
public final class RtpSender {
    /// Header, extensions and the original number of a repeat.
    public static final int MAX_OVERHEAD_BYTES = RtpPacket.MIN_HEADER_BYTES + 4 + 28 + 2;

    /// Between a loss and its repeat lies about a round trip; this one until a report says more.
    private static final long USUAL_ROUND_TRIP_NANOS = 100_000_000L;

    private static final int NTP_UNKNOWN = 0;
    /// A report that says more about the past than this is a lie or from another session.
    /// What takes longer is no answer, but a lie or a clock that jumped.
    static final long MAX_ROUND_TRIP_NANOS = 10_000_000_000L;

    private final PayloadFormat format;
    private final int rtxType;
    private final boolean repeats;
    private final HeaderExtensions extensions;
    private final long ssrc;
    private final long rtxSsrc;
    private final long firstTimestamp = ThreadLocalRandom.current().nextLong(1L << 32);
    private final SendHistory history = new SendHistory();
    private final PictureIds pictureIds;

    private int sequence = ThreadLocalRandom.current().nextInt(1 << 15);
    private int rtxSequence = ThreadLocalRandom.current().nextInt(1 << 15);
    private long packets;
    private long octets;
    private long repeated;
    private long refusedRepeats;
    private long roundTripNanos = USUAL_ROUND_TRIP_NANOS;
    private long lost;
    private long jitterTicks;

    /// @param formats the one to send, then its companions, as they were agreed on
    /// @param extensions what stands in each header
    /// @param rtxSsrc of what is sent again
    public RtpSender(List<PayloadFormat> formats, HeaderExtensions extensions, long ssrc, OptionalLong rtxSsrc) {
        this.format = formats.getFirst();
        this.extensions = extensions;
        this.pictureIds = PictureIds.of(format);
        this.repeats = format.feedback().contains("nack");
        int type = -1;
        for (PayloadFormat companion : formats) {
            if (companion.is("rtx") && String.valueOf(format.payloadType()).equals(companion.parameter("apt"))) {
                type = companion.payloadType();
            }
        }
        this.rtxType = rtxSsrc.isPresent() ? type : -1;
        this.ssrc = ssrc;
        this.rtxSsrc = rtxSsrc.orElse(-1);
    }

    /// Where the SRTP packet of a repeat is, when [#repeat] has found one.
    ///
    /// @param sealed as it went out the first time: null where `length` bytes are to be protected
    public record Repeat(@Nullable Bytes sealed, int length) {}

    public long ssrc() {
        return ssrc;
    }

    /// Whether packets of this source may be asked for again and cannot be numbered anew: then [#sent] wants them as
    /// they went out.
    public boolean keepsSealed() {
        return repeats && rtxType < 0;
    }

    public boolean hasRtx() {
        return repeats && rtxType >= 0;
    }

    public boolean isSource(long mediaSsrc) {
        return mediaSsrc == ssrc || hasRtx() && mediaSsrc == rtxSsrc;
    }

    /// RTP time of a presentation time.
    public long timestamp(long ptsNanos) {
        return firstTimestamp + Math.floorDiv(Math.floorDiv(ptsNanos, 1_000) * format.clockRateHz(), 1_000_000)
                & 0xFFFF_FFFFL;
    }

    /// The sequence number of the next packet.
    public int nextSequence() {
        return sequence;
    }

    /// Writes the next packet, unprotected, and returns its length; [#sent] is to follow.
    ///
    /// @param transportSequence number among all packets to this peer
    public int write(Payload payload, long timestamp, int transportSequence, long nowNanos, byte[] target) {
        int at = header(format.payloadType(), payload.marker(), sequence, timestamp, ssrc, target);
        at = extensions.write(target, at, transportSequence, nowNanos);
        int end = payload.copyTo(target, at);
        pictureIds.write(pictureIds.next(timestamp), target, at, end);
        return end;
    }

    /// The packet that was just written is on its way.
    ///
    /// @param sealed as it went out, where [#keepsSealed()]
    public void sent(Payload payload, long timestamp, @Nullable Bytes sealed, long nowNanos) {
        pictureIds.sent(timestamp);
        if (repeats) {
            history.add(payload, timestamp, pictureIds.next(timestamp), sealed, nowNanos);
        }
        sequence = sequence + 1 & 0xFFFF;
        packets++;
        octets += payload.length();
    }

    /// Writes a packet that is to be sent again: RFC 4588 8, or as it was where the peer knows no RTX. Null if it was
    /// forgotten, or was sent again just now.
    public @Nullable Repeat repeat(int lostSequence, int transportSequence, long nowNanos, byte[] target) {
        int back = sequence - 1 - lostSequence & 0xFFFF;
        SendHistory.Entry entry = repeats ? history.repeatable(back, roundTripNanos, nowNanos) : null;
        if (entry == null || entry.payload == null) {
            refusedRepeats++;
            return null;
        }
        repeated++;
        if (entry.sealed != null) {
            return new Repeat(entry.sealed, 0);
        }
        return new Repeat(null, rtx(entry, entry.payload, lostSequence, transportSequence, nowNanos, target));
    }

    /// What follows does not depend on what was sent so far: of that nothing is sent again.
    public void forget() {
        history.clear();
    }

    /// Writes the packet sent `back` packets ago once more, to see whether the path carries it; 0 if there is none.
    public int probe(int back, int transportSequence, long nowNanos, byte[] target) {
        SendHistory.Entry entry = hasRtx() ? history.peek(back) : null;
        if (entry == null || entry.payload == null) {
            return 0;
        }
        int number = sequence - 1 - back & 0xFFFF;
        return rtx(entry, entry.payload, number, transportSequence, nowNanos, target);
    }

    /// RFC 4588 4: the original number in front of the payload, on a source of its own.
    private int rtx(
            SendHistory.Entry entry, Payload payload, int number, int transportSequence, long nowNanos, byte[] target) {
        int at = header(rtxType, payload.marker(), rtxSequence, entry.timestamp, rtxSsrc, target);
        at = extensions.write(target, at, transportSequence, nowNanos);
        target[at++] = (byte) (number >> 8);
        target[at++] = (byte) number;
        rtxSequence = rtxSequence + 1 & 0xFFFF;
        int end = payload.copyTo(target, at);
        pictureIds.write(entry.pictureId, target, at, end);
        return end;
    }

    private int header(int type, boolean marker, int number, long timestamp, long source, byte[] target) {
        target[0] = (byte) (extensions.isEmpty() ? 0x80 : 0x90);
        target[1] = (byte) ((marker ? 0x80 : 0) | type);
        target[2] = (byte) (number >> 8);
        target[3] = (byte) number;
        put32(target, 4, (int) timestamp);
        put32(target, 8, (int) source);
        return RtpPacket.MIN_HEADER_BYTES;
    }

    private static void put32(byte[] target, int at, int value) {
        target[at] = (byte) (value >> 24);
        target[at + 1] = (byte) (value >> 16);
        target[at + 2] = (byte) (value >> 8);
        target[at + 3] = (byte) value;
    }

    /// Whether anything was sent yet: before that there is nothing to report.
    public boolean hasSent() {
        return packets > 0;
    }

    /// RFC 3550 6.4.1.
    ///
    /// @param ntp the wall clock
    /// @param mediaNanos the presentation time that belongs to it, by the same rule for all tracks of a stream
    public Rtcp.SenderReport report(long ntp, long mediaNanos) {
        return new Rtcp.SenderReport(
                ssrc, ntp, timestamp(mediaNanos), packets & 0xFFFF_FFFFL, octets & 0xFFFF_FFFFL, List.of());
    }

    /// What the peer says of this source; blocks about others are ignored.
    public void reported(Rtcp.ReportBlock block, long ntp) {
        if (block.ssrc() != ssrc) {
            return;
        }
        // RFC 3550 6.4.1: less than none, where something came twice.
        lost = Math.max(0, block.cumulativeLost());
        jitterTicks = block.jitter();
        if (block.lastSenderReport() == NTP_UNKNOWN) {
            return;
        }
        long nanos = NtpTime.roundTripNanos(NtpTime.middle(ntp), block.lastSenderReport(), block.delaySinceLast());
        if (nanos <= MAX_ROUND_TRIP_NANOS) {
            roundTripNanos = nanos;
        }
    }

    public long roundTripNanos() {
        return roundTripNanos;
    }

    /// @param repeated packets that were sent again
    /// @param refusedRepeats packets that were asked for in vain: too old, too soon after another wish, too often
    /// @param lost as the peer counts
    public record Statistics(
            long packets, long octets, long repeated, long refusedRepeats, long lost, long jitterNanos) {}

    public Statistics statistics() {
        return new Statistics(
                packets, octets, repeated, refusedRepeats, lost, jitterTicks * 1_000_000_000L / format.clockRateHz());
    }
}
