package tapedeck.rtp;

import java.util.List;
import tapedeck.bytes.Bytes;

/// One RTCP packet. A datagram carries several, RFC 3550 6.1; feedback may come alone, RFC 5506.
public sealed interface Rtcp {
    /// How long behind its last packet a sender by datagrams says goodbye: nothing keeps their order, and FFmpeg reads
    /// what came to the port of reports first, and ends with a goodbye without the packets that wait beside it.
    long GOODBYE_NANOS = 100_000_000L;

    /// The compound of one datagram, in order. Types that nobody here knows are [Other].
    static List<Rtcp> parse(Bytes compound) {
        return RtcpParser.parse(compound);
    }

    static Bytes write(List<? extends Rtcp> packets) {
        return RtcpWriter.write(packets);
    }

    /// RFC 3550 6.4.1.
    ///
    /// @param fractionLost lost since the last report, in 1/256
    /// @param cumulativeLost signed 24 bits: duplicates can make it negative
    /// @param highestSequence extended by the number of cycles
    /// @param jitter in ticks of the RTP clock
    /// @param lastSenderReport the middle 32 bits of the last sender report's NTP time, 0 if none came
    /// @param delaySinceLast since then, in 1/65536 s
    record ReportBlock(
            long ssrc,
            int fractionLost,
            int cumulativeLost,
            long highestSequence,
            long jitter,
            long lastSenderReport,
            long delaySinceLast) {}

    /// RFC 3550 6.4.1.
    ///
    /// @param ntpTimestamp 32.32 fixed point, the seconds since 1900 in the upper half
    record SenderReport(
            long ssrc,
            long ntpTimestamp,
            long rtpTimestamp,
            long packetCount,
            long octetCount,
            List<ReportBlock> reports)
            implements Rtcp {
        public SenderReport {
            reports = List.copyOf(reports);
        }

        /// The NTP time as nanoseconds; only differences mean anything.
        public long ntpNanos() {
            return (ntpTimestamp >>> 32) * 1_000_000_000L + ((ntpTimestamp & 0xFFFF_FFFFL) * 1_000_000_000L >>> 32);
        }
    }

    /// RFC 3550 6.4.2.
    record ReceiverReport(long ssrc, List<ReportBlock> reports) implements Rtcp {
        public ReceiverReport {
            reports = List.copyOf(reports);
        }
    }

    /// SDES, RFC 3550 6.5.
    record SourceDescription(List<Chunk> chunks) implements Rtcp {
        public static final int CNAME = 1;

        public SourceDescription {
            chunks = List.copyOf(chunks);
        }

        /// The name that says that sound and picture belong together, RFC 3550 6.5.1.
        public static SourceDescription named(long ssrc, String cname) {
            return new SourceDescription(List.of(new Chunk(ssrc, List.of(new Item(CNAME, cname)))));
        }

        public record Chunk(long ssrc, List<Item> items) {
            public Chunk {
                items = List.copyOf(items);
            }
        }

        public record Item(int type, String text) {}
    }

    /// BYE, RFC 3550 6.6.
    record Goodbye(List<Long> ssrcs, String reason) implements Rtcp {
        public Goodbye {
            ssrcs = List.copyOf(ssrcs);
        }
    }

    /// Generic NACK, RFC 4585 6.2.1.
    ///
    /// @param sequenceNumbers the lost ones, 16 bits each, in order of sending
    record Nack(long senderSsrc, long mediaSsrc, List<Integer> sequenceNumbers) implements Rtcp {
        public Nack {
            sequenceNumbers = List.copyOf(sequenceNumbers);
        }
    }

    /// Picture loss indication, RFC 4585 6.3.1: the next frame shall be a keyframe.
    record PictureLoss(long senderSsrc, long mediaSsrc) implements Rtcp {}

    /// FIR, RFC 5104 4.3.1.
    record FullIntraRequest(long senderSsrc, List<Entry> entries) implements Rtcp {
        public FullIntraRequest {
            entries = List.copyOf(entries);
        }

        /// @param commandNumber grows by one for each new request, modulo 256
        public record Entry(long ssrc, int commandNumber) {}
    }

    /// REMB, draft-alvestrand-rmcat-remb-03: the bit rate that the sender shall not exceed over these sources.
    record BitrateLimit(long senderSsrc, long bitsPerSecond, List<Long> ssrcs) implements Rtcp {
        public BitrateLimit {
            ssrcs = List.copyOf(ssrcs);
        }
    }

    /// Arrival times of all packets of a transport, draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1.
    ///
    /// @param referenceTime of the first delta, in 64 ms, signed 24 bits
    /// @param feedbackCount number of this packet, modulo 256
    /// @param deltas one for each packet from `baseSequenceNumber` on: 250 µs since the packet that came
    /// before, or [#NOT_RECEIVED]
    record TransportFeedback(
            long senderSsrc,
            long mediaSsrc,
            int baseSequenceNumber,
            int referenceTime,
            int feedbackCount,
            List<Integer> deltas)
            implements Rtcp {
        public static final int NOT_RECEIVED = Integer.MIN_VALUE;

        public TransportFeedback {
            deltas = List.copyOf(deltas);
        }
    }

    /// XR, RFC 3611: of its blocks those that tell a receiver that sends nothing how long the way there and back takes.
    ///
    /// @param receiverTime what the receiver's clock says (4.4), as in sender reports; 0 if it does not say
    /// @param delays how long ago such reports came (4.5)
    record ExtendedReport(long ssrc, long receiverTime, List<Delay> delays) implements Rtcp {
        public ExtendedReport {
            delays = List.copyOf(delays);
        }

        /// @param ssrc the receiver
        /// @param lastReport the middle 32 bits of the time that it said last, 0 if none came
        /// @param delaySinceLast since then, in 1/65536 s
        public record Delay(long ssrc, long lastReport, long delaySinceLast) {}
    }

    /// A packet type or feedback format that is not used here.
    ///
    /// @param count the five bits behind version and padding
    record Other(int packetType, int count, Bytes body) implements Rtcp {}
}
