package tapedeck.rtp;

import java.nio.charset.StandardCharsets;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Writes compound RTCP, RFC 3550 6.
final class RtcpWriter {
    private static final int MAX_COUNT = 31;
    private static final int SYMBOLS_PER_CHUNK = 7;
    private static final int MAX_RUN = 0x1FFF;

    private RtcpWriter() {}

    static Bytes write(List<? extends Rtcp> packets) {
        ByteWriter out = new ByteWriter(128);
        for (Rtcp packet : packets) {
            int start = out.length();
            out.u32(0);
            int head = body(packet, out);
            out.zeros(start - out.length() & 3);
            out.patch32(start, 0x8000_0000L | (long) head << 16 | (out.length() - start) / 4 - 1);
        }
        return out.toBytes();
    }

    /// Writes what follows the header, and returns count and packet type.
    private static int body(Rtcp packet, ByteWriter out) {
        return switch (packet) {
            case Rtcp.SenderReport sr -> {
                out.u32(sr.ssrc()).u64(sr.ntpTimestamp()).u32(sr.rtpTimestamp());
                out.u32(sr.packetCount()).u32(sr.octetCount());
                yield head(reports(sr.reports(), out), RtcpParser.SENDER_REPORT);
            }
            case Rtcp.ReceiverReport rr -> {
                out.u32(rr.ssrc());
                yield head(reports(rr.reports(), out), RtcpParser.RECEIVER_REPORT);
            }
            case Rtcp.SourceDescription sdes -> description(sdes, out);
            case Rtcp.Goodbye bye -> goodbye(bye, out);
            case Rtcp.Nack nack -> {
                out.u32(nack.senderSsrc()).u32(nack.mediaSsrc());
                nackPairs(nack.sequenceNumbers(), out);
                yield head(RtcpParser.FORMAT_NACK, RtcpParser.TRANSPORT_FEEDBACK);
            }
            case Rtcp.PictureLoss pli -> {
                out.u32(pli.senderSsrc()).u32(pli.mediaSsrc());
                yield head(RtcpParser.FORMAT_PICTURE_LOSS, RtcpParser.PAYLOAD_FEEDBACK);
            }
            case Rtcp.FullIntraRequest fir -> {
                out.u32(fir.senderSsrc()).u32(0);
                for (Rtcp.FullIntraRequest.Entry entry : fir.entries()) {
                    out.u32(entry.ssrc()).u8(entry.commandNumber()).u24(0);
                }
                yield head(RtcpParser.FORMAT_FULL_INTRA, RtcpParser.PAYLOAD_FEEDBACK);
            }
            case Rtcp.BitrateLimit limit -> bitrateLimit(limit, out);
            case Rtcp.TransportFeedback feedback -> {
                transportFeedback(feedback, out);
                yield head(RtcpParser.FORMAT_TRANSPORT_WIDE, RtcpParser.TRANSPORT_FEEDBACK);
            }
            case Rtcp.ExtendedReport report -> extendedReport(report, out);
            case Rtcp.Other other -> {
                out.bytes(other.body());
                yield head(other.count(), other.packetType());
            }
        };
    }

    private static int head(int count, int type) {
        if (count > MAX_COUNT) {
            throw new IllegalArgumentException("RTCP type %d with %d entries".formatted(type, count));
        }
        return count << 8 | type;
    }

    private static int reports(List<Rtcp.ReportBlock> reports, ByteWriter out) {
        for (Rtcp.ReportBlock report : reports) {
            out.u32(report.ssrc());
            out.u8(report.fractionLost()).u24(report.cumulativeLost());
            out.u32(report.highestSequence()).u32(report.jitter());
            out.u32(report.lastSenderReport()).u32(report.delaySinceLast());
        }
        return reports.size();
    }

    private static int description(Rtcp.SourceDescription sdes, ByteWriter out) {
        int start = out.length();
        for (Rtcp.SourceDescription.Chunk chunk : sdes.chunks()) {
            out.u32(chunk.ssrc());
            for (Rtcp.SourceDescription.Item item : chunk.items()) {
                byte[] text = item.text().getBytes(StandardCharsets.UTF_8);
                if (text.length > 255) {
                    throw new IllegalArgumentException("SDES item of %d bytes".formatted(text.length));
                }
                out.u8(item.type()).u8(text.length).bytes(text);
            }
            out.u8(0).zeros(start - out.length() & 3);
        }
        return head(sdes.chunks().size(), RtcpParser.SOURCE_DESCRIPTION);
    }

    private static int goodbye(Rtcp.Goodbye bye, ByteWriter out) {
        for (long ssrc : bye.ssrcs()) {
            out.u32(ssrc);
        }
        if (!bye.reason().isEmpty()) {
            byte[] text = bye.reason().getBytes(StandardCharsets.UTF_8);
            if (text.length > 255) {
                throw new IllegalArgumentException("BYE reason of %d bytes".formatted(text.length));
            }
            out.u8(text.length).bytes(text);
        }
        return head(bye.ssrcs().size(), RtcpParser.GOODBYE);
    }

    /// RFC 4585 6.2.1: a lost packet and a bit for each of the 16 that follow it.
    private static void nackPairs(List<Integer> lost, ByteWriter out) {
        for (int i = 0; i < lost.size(); ) {
            int pid = lost.get(i++);
            int blp = 0;
            while (i < lost.size()) {
                int distance = lost.get(i) - pid & 0xFFFF;
                if (distance == 0 || distance > 16) {
                    break;
                }
                blp |= 1 << distance - 1;
                i++;
            }
            out.u16(pid).u16(blp);
        }
    }

    private static int bitrateLimit(Rtcp.BitrateLimit limit, ByteWriter out) {
        out.u32(limit.senderSsrc()).u32(0).u32(RtcpParser.REMB);
        int exponent = Math.max(0, 64 - Long.numberOfLeadingZeros(limit.bitsPerSecond()) - 18);
        out.u8(limit.ssrcs().size()).u24(exponent << 18 | (int) (limit.bitsPerSecond() >> exponent));
        for (long ssrc : limit.ssrcs()) {
            out.u32(ssrc);
        }
        return head(RtcpParser.FORMAT_APPLICATION, RtcpParser.PAYLOAD_FEEDBACK);
    }

    private static int extendedReport(Rtcp.ExtendedReport report, ByteWriter out) {
        out.u32(report.ssrc());
        if (report.receiverTime() != 0) {
            out.u8(RtcpParser.BLOCK_RECEIVER_TIME).u8(0).u16(2).u64(report.receiverTime());
        }
        if (!report.delays().isEmpty()) {
            out.u8(RtcpParser.BLOCK_DELAYS).u8(0).u16(3 * report.delays().size());
            for (Rtcp.ExtendedReport.Delay delay : report.delays()) {
                out.u32(delay.ssrc()).u32(delay.lastReport()).u32(delay.delaySinceLast());
            }
        }
        return head(0, RtcpParser.EXTENDED_REPORT);
    }

    private static void transportFeedback(Rtcp.TransportFeedback feedback, ByteWriter out) {
        List<Integer> deltas = feedback.deltas();
        out.u32(feedback.senderSsrc()).u32(feedback.mediaSsrc());
        out.u16(feedback.baseSequenceNumber()).u16(deltas.size());
        out.u24(feedback.referenceTime()).u8(feedback.feedbackCount());
        for (int at = 0; at < deltas.size(); ) {
            int symbol = symbol(deltas.get(at));
            int run = 1;
            while (at + run < deltas.size() && run < MAX_RUN && symbol(deltas.get(at + run)) == symbol) {
                run++;
            }
            if (run >= SYMBOLS_PER_CHUNK) {
                out.u16(symbol << 13 | run);
                at += run;
                continue;
            }
            int chunk = 0;
            for (int i = 0; i < SYMBOLS_PER_CHUNK; i++) {
                int next = at + i < deltas.size() ? symbol(deltas.get(at + i)) : 0;
                chunk = chunk << 2 | next;
            }
            out.u16(0xC000 | chunk);
            at += SYMBOLS_PER_CHUNK;
        }
        for (int delta : deltas) {
            switch (symbol(delta)) {
                case 1 -> out.u8(delta);
                case 2 -> out.u16(delta);
                default -> {}
            }
        }
    }

    private static int symbol(int delta) {
        if (delta == Rtcp.TransportFeedback.NOT_RECEIVED) {
            return 0;
        }
        return delta >= 0 && delta <= 255 ? 1 : 2;
    }
}
