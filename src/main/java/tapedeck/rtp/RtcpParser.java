package tapedeck.rtp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Reads compound RTCP, RFC 3550 6.
final class RtcpParser {
    static final int SENDER_REPORT = 200;
    static final int RECEIVER_REPORT = 201;
    static final int SOURCE_DESCRIPTION = 202;
    static final int GOODBYE = 203;
    static final int TRANSPORT_FEEDBACK = 205;
    static final int PAYLOAD_FEEDBACK = 206;
    static final int EXTENDED_REPORT = 207;

    static final int FORMAT_NACK = 1;
    static final int FORMAT_TRANSPORT_WIDE = 15;
    static final int FORMAT_PICTURE_LOSS = 1;
    static final int FORMAT_FULL_INTRA = 4;
    static final int FORMAT_APPLICATION = 15;
    static final long REMB = 0x52454D42L;
    static final int BLOCK_RECEIVER_TIME = 4;
    static final int BLOCK_DELAYS = 5;

    /// A datagram has no room for more than about 370 of the smallest; a TCP frame would.
    static final int MAX_PACKETS = 512;
    /// Twelve bytes can claim 65535 packets; nobody reports on more than a few hundred at once.
    static final int MAX_TRANSPORT_STATUSES = 8192;

    private RtcpParser() {}

    static List<Rtcp> parse(Bytes compound) {
        List<Rtcp> packets = new ArrayList<>(4);
        ByteReader in = compound.reader();
        do {
            if (packets.size() == MAX_PACKETS) {
                throw new MalformedException("RTCP compound of more than %d packets".formatted(MAX_PACKETS));
            }
            packets.add(packet(in));
        } while (in.hasRemaining());
        return packets;
    }

    private static Rtcp packet(ByteReader in) {
        int at = in.position();
        if (in.remaining() < 4) {
            throw new MalformedException("RTCP header at %d: 4 bytes needed, %d there".formatted(at, in.remaining()));
        }
        int first = in.u8();
        if (first >> 6 != 2) {
            throw new MalformedException("RTCP version %d at %d".formatted(first >> 6, at));
        }
        int type = in.u8();
        int length = 4 * in.u16();
        if (length > in.remaining()) {
            throw new MalformedException(
                    "RTCP type %d at %d: %d bytes needed, %d there".formatted(type, at, length, in.remaining()));
        }
        Bytes body = in.take(length);
        if ((first & 0x20) != 0) {
            int padding = length == 0 ? 0 : body.u8(length - 1);
            if (padding == 0 || padding > length) {
                throw new MalformedException("RTCP type %d at %d: padding of %d".formatted(type, at, padding));
            }
            body = body.slice(0, length - padding);
        }
        return body(type, first & 0x1F, body);
    }

    private static Rtcp body(int type, int count, Bytes body) {
        return switch (type) {
            case SENDER_REPORT -> {
                ByteReader in = body.reader();
                yield new Rtcp.SenderReport(in.u32(), in.i64(), in.u32(), in.u32(), in.u32(), reports(in, count));
            }
            case RECEIVER_REPORT -> {
                ByteReader in = body.reader();
                yield new Rtcp.ReceiverReport(in.u32(), reports(in, count));
            }
            case SOURCE_DESCRIPTION -> description(body.reader(), count);
            case GOODBYE -> goodbye(body.reader(), count);
            case TRANSPORT_FEEDBACK -> transportFeedback(count, body);
            case PAYLOAD_FEEDBACK -> payloadFeedback(count, body);
            case EXTENDED_REPORT -> extendedReport(body.reader());
            default -> new Rtcp.Other(type, count, body);
        };
    }

    private static List<Rtcp.ReportBlock> reports(ByteReader in, int count) {
        List<Rtcp.ReportBlock> reports = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long ssrc = in.u32();
            int lost = in.i32();
            reports.add(
                    new Rtcp.ReportBlock(ssrc, lost >>> 24, lost << 8 >> 8, in.u32(), in.u32(), in.u32(), in.u32()));
        }
        return reports;
    }

    private static Rtcp description(ByteReader in, int count) {
        List<Rtcp.SourceDescription.Chunk> chunks = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long ssrc = in.u32();
            List<Rtcp.SourceDescription.Item> items = new ArrayList<>();
            for (int type = in.u8(); type != 0; type = in.u8()) {
                items.add(new Rtcp.SourceDescription.Item(type, in.take(in.u8()).toUtf8()));
            }
            // The end mark and the fill to a word are the same zeros.
            in.skip(Math.min(in.remaining(), -in.position() & 3));
            chunks.add(new Rtcp.SourceDescription.Chunk(ssrc, items));
        }
        return new Rtcp.SourceDescription(chunks);
    }

    private static Rtcp goodbye(ByteReader in, int count) {
        List<Long> ssrcs = ssrcs(in, count);
        String reason = "";
        if (in.hasRemaining()) {
            reason = new String(in.take(in.u8()).toByteArray(), StandardCharsets.UTF_8);
        }
        return new Rtcp.Goodbye(ssrcs, reason);
    }

    private static List<Long> ssrcs(ByteReader in, int count) {
        if (in.remaining() < 4 * count) {
            throw new MalformedException("RTCP: %d sources claimed, %d bytes there".formatted(count, in.remaining()));
        }
        List<Long> ssrcs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            ssrcs.add(in.u32());
        }
        return ssrcs;
    }

    /// RFC 3611 3: blocks of other types are passed over.
    private static Rtcp extendedReport(ByteReader in) {
        long ssrc = in.u32();
        long receiverTime = 0;
        List<Rtcp.ExtendedReport.Delay> delays = new ArrayList<>(1);
        while (in.hasRemaining()) {
            int type = in.u8();
            in.skip(1);
            ByteReader block = in.take(4L * in.u16()).reader();
            if (type == BLOCK_RECEIVER_TIME) {
                receiverTime = block.i64();
            } else if (type == BLOCK_DELAYS) {
                while (block.hasRemaining()) {
                    delays.add(new Rtcp.ExtendedReport.Delay(block.u32(), block.u32(), block.u32()));
                }
            }
        }
        return new Rtcp.ExtendedReport(ssrc, receiverTime, delays);
    }

    private static Rtcp transportFeedback(int format, Bytes body) {
        return switch (format) {
            case FORMAT_NACK -> nack(body.reader());
            case FORMAT_TRANSPORT_WIDE -> arrivals(body.reader());
            default -> new Rtcp.Other(TRANSPORT_FEEDBACK, format, body);
        };
    }

    private static Rtcp payloadFeedback(int format, Bytes body) {
        ByteReader in = body.reader();
        return switch (format) {
            case FORMAT_PICTURE_LOSS -> new Rtcp.PictureLoss(in.u32(), in.u32());
            case FORMAT_FULL_INTRA -> {
                long sender = in.u32();
                in.skip(4);
                List<Rtcp.FullIntraRequest.Entry> entries = new ArrayList<>(in.remaining() / 8);
                while (in.hasRemaining()) {
                    entries.add(new Rtcp.FullIntraRequest.Entry(in.u32(), in.u8()));
                    in.skip(3);
                }
                yield new Rtcp.FullIntraRequest(sender, entries);
            }
            case FORMAT_APPLICATION -> {
                if (body.length() < 12 || body.u32(8) != REMB) {
                    yield new Rtcp.Other(PAYLOAD_FEEDBACK, format, body);
                }
                yield bitrateLimit(in);
            }
            default -> new Rtcp.Other(PAYLOAD_FEEDBACK, format, body);
        };
    }

    private static Rtcp nack(ByteReader in) {
        long sender = in.u32();
        long media = in.u32();
        List<Integer> lost = new ArrayList<>();
        while (in.hasRemaining()) {
            int pid = in.u16();
            int blp = in.u16();
            lost.add(pid);
            for (int bit = 0; bit < 16; bit++) {
                if ((blp >> bit & 1) != 0) {
                    lost.add(pid + bit + 1 & 0xFFFF);
                }
            }
        }
        return new Rtcp.Nack(sender, media, lost);
    }

    private static Rtcp bitrateLimit(ByteReader in) {
        long sender = in.u32();
        in.skip(8);
        int count = in.u8();
        int rate = in.u24();
        int exponent = rate >> 18;
        long mantissa = rate & 0x3FFFF;
        // 2^63 bit/s is no limit: libwebrtc treats an overflow the same way.
        long bitsPerSecond = exponent > 45 && mantissa != 0 ? Long.MAX_VALUE : mantissa << exponent;
        return new Rtcp.BitrateLimit(sender, bitsPerSecond, ssrcs(in, count));
    }

    private static Rtcp arrivals(ByteReader in) {
        long sender = in.u32();
        long media = in.u32();
        int base = in.u16();
        int count = in.u16();
        if (count > MAX_TRANSPORT_STATUSES) {
            throw new MalformedException("transport feedback on %d packets".formatted(count));
        }
        int referenceTime = in.u24() << 8 >> 8;
        int feedbackCount = in.u8();
        byte[] symbols = new byte[count];
        for (int at = 0; at < count; ) {
            at = chunk(in.u16(), symbols, at);
        }
        List<Integer> deltas = new ArrayList<>(count);
        for (byte symbol : symbols) {
            deltas.add(
                    switch (symbol) {
                        case 0 -> Rtcp.TransportFeedback.NOT_RECEIVED;
                        case 1 -> in.u8();
                        case 2 -> (int) (short) in.u16();
                        default -> throw new MalformedException("transport feedback: reserved packet status 3");
                    });
        }
        return new Rtcp.TransportFeedback(sender, media, base, referenceTime, feedbackCount, deltas);
    }

    /// Draft 3.1.3 and 3.1.4: a run of one status, or a vector of 14 one-bit or 7 two-bit ones.
    private static int chunk(int chunk, byte[] symbols, int from) {
        int at = from;
        if (chunk >> 15 == 0) {
            int run = chunk & 0x1FFF;
            if (run == 0) {
                throw new MalformedException("transport feedback: run of length 0");
            }
            byte symbol = (byte) (chunk >> 13 & 3);
            for (int end = Math.min(symbols.length, at + run); at < end; at++) {
                symbols[at] = symbol;
            }
        } else if ((chunk >> 14 & 1) == 0) {
            for (int bit = 13; bit >= 0 && at < symbols.length; bit--) {
                symbols[at++] = (byte) (chunk >> bit & 1);
            }
        } else {
            for (int bit = 12; bit >= 0 && at < symbols.length; bit -= 2) {
                symbols[at++] = (byte) (chunk >> bit & 3);
            }
        }
        return at;
    }
}
