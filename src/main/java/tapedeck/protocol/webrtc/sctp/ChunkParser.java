package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Reads one chunk.
final class ChunkParser {
    private ChunkParser() {}

    /// @param in at the chunk's type; afterwards behind its padding
    static Chunk parse(ByteReader in) {
        int type = in.u8();
        int flags = in.u8();
        int length = in.u16();
        if (length < Chunk.HEADER_BYTES || length - Chunk.HEADER_BYTES > in.remaining()) {
            throw new MalformedException("SCTP: chunk %d of length %d, %d bytes left"
                    .formatted(type, length, in.remaining() + Chunk.HEADER_BYTES));
        }
        Bytes value = in.take(length - Chunk.HEADER_BYTES);
        in.skip(Math.min(Parameter.padding(length), in.remaining()));
        ByteReader body = value.reader();
        return switch (type) {
            case Chunk.DATA -> data(flags, body);
            case Chunk.INIT, Chunk.INIT_ACK -> init(type == Chunk.INIT_ACK, body);
            case Chunk.SACK -> sack(body);
            case Chunk.HEARTBEAT, Chunk.HEARTBEAT_ACK -> new Chunk.Heartbeat(type == Chunk.HEARTBEAT_ACK, value);
            case Chunk.ABORT -> new Chunk.Abort((flags & 1) != 0, Parameter.readAll(body));
            case Chunk.SHUTDOWN -> new Chunk.Shutdown(body.u32());
            case Chunk.SHUTDOWN_ACK -> new Chunk.ShutdownAck();
            case Chunk.ERROR -> new Chunk.ErrorReport(Parameter.readAll(body));
            case Chunk.COOKIE_ECHO -> new Chunk.CookieEcho(value);
            case Chunk.COOKIE_ACK -> new Chunk.CookieAck();
            case Chunk.SHUTDOWN_COMPLETE -> new Chunk.ShutdownComplete((flags & 1) != 0);
            case Chunk.RE_CONFIG -> new Chunk.Reconfig(Parameter.readAll(body));
            case Chunk.FORWARD_TSN -> forward(body);
            default -> new Chunk.Unknown(type, raw(type, flags, value));
        };
    }

    private static Bytes raw(int type, int flags, Bytes value) {
        return new tapedeck.bytes.ByteWriter(Chunk.HEADER_BYTES + value.length())
                .u8(type)
                .u8(flags)
                .u16(Chunk.HEADER_BYTES + value.length())
                .bytes(value)
                .handOver();
    }

    private static Chunk data(int flags, ByteReader body) {
        return new Chunk.Data(
                (flags & 4) != 0,
                (flags & 2) != 0,
                (flags & 1) != 0,
                (flags & 8) != 0,
                body.u32(),
                body.u16(),
                body.u16(),
                body.u32(),
                body.rest());
    }

    private static Chunk init(boolean ack, ByteReader body) {
        return new Chunk.Init(ack, body.u32(), body.u32(), body.u16(), body.u16(), body.u32(), Parameter.readAll(body));
    }

    private static Chunk sack(ByteReader body) {
        long cumulative = body.u32();
        long window = body.u32();
        int gapCount = body.u16();
        int duplicateCount = body.u16();
        if (4 * (gapCount + duplicateCount) > body.remaining()) {
            throw new MalformedException("SCTP: SACK of %d gaps and %d duplicates in %d bytes"
                    .formatted(gapCount, duplicateCount, body.remaining()));
        }
        List<Chunk.Sack.Gap> gaps = new ArrayList<>(gapCount);
        for (int i = 0; i < gapCount; i++) {
            int from = body.u16();
            int to = body.u16();
            if (from == 0 || to < from) {
                throw new MalformedException("SCTP: SACK with a gap from %d to %d".formatted(from, to));
            }
            gaps.add(new Chunk.Sack.Gap(from, to));
        }
        List<Long> duplicates = new ArrayList<>(duplicateCount);
        for (int i = 0; i < duplicateCount; i++) {
            duplicates.add(body.u32());
        }
        return new Chunk.Sack(cumulative, window, gaps, duplicates);
    }

    private static Chunk forward(ByteReader body) {
        long cumulative = body.u32();
        List<Chunk.ForwardTsn.Skip> skips = new ArrayList<>();
        while (body.hasRemaining()) {
            skips.add(new Chunk.ForwardTsn.Skip(body.u16(), body.u16()));
        }
        return new Chunk.ForwardTsn(cumulative, skips);
    }
}
