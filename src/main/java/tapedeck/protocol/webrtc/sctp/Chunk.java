package tapedeck.protocol.webrtc.sctp;

import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// The chunks of RFC 9260 3.3, FORWARD TSN of RFC 3758 3.2 and RE-CONFIG of RFC 6525 3.1.
sealed interface Chunk {
    int DATA = 0;
    int INIT = 1;
    int INIT_ACK = 2;
    int SACK = 3;
    int HEARTBEAT = 4;
    int HEARTBEAT_ACK = 5;
    int ABORT = 6;
    int SHUTDOWN = 7;
    int SHUTDOWN_ACK = 8;
    int ERROR = 9;
    int COOKIE_ECHO = 10;
    int COOKIE_ACK = 11;
    int SHUTDOWN_COMPLETE = 14;
    int RE_CONFIG = 130;
    int FORWARD_TSN = 192;

    int HEADER_BYTES = 4;
    int DATA_HEADER_BYTES = 16;

    /// @param immediate wants its SACK at once, RFC 7053
    /// @param ppid payload protocol identifier: what is inside
    record Data(
            boolean unordered,
            boolean beginning,
            boolean ending,
            boolean immediate,
            long tsn,
            int streamId,
            int ssn,
            long ppid,
            Bytes payload)
            implements Chunk {
        /// With header and padding.
        static int bytes(int payloadBytes) {
            return DATA_HEADER_BYTES + payloadBytes + Parameter.padding(payloadBytes);
        }
    }

    /// INIT or INIT ACK.
    record Init(
            boolean ack,
            long initiateTag,
            long receiverWindow,
            int outboundStreams,
            int inboundStreams,
            long initialTsn,
            List<Parameter> parameters)
            implements Chunk {
        public Init {
            parameters = List.copyOf(parameters);
        }
    }

    record Sack(long cumulativeTsn, long receiverWindow, List<Gap> gaps, List<Long> duplicates) implements Chunk {
        public Sack {
            gaps = List.copyOf(gaps);
            duplicates = List.copyOf(duplicates);
        }

        /// A block of TSNs that came, as offsets to the cumulative TSN.
        record Gap(int from, int to) {}
    }

    /// HEARTBEAT or HEARTBEAT ACK.
    record Heartbeat(boolean ack, Bytes parameters) implements Chunk {}

    /// @param reflected the T bit: the verification tag is the receiver's own
    record Abort(boolean reflected, List<Parameter> causes) implements Chunk {
        public Abort {
            causes = List.copyOf(causes);
        }
    }

    record Shutdown(long cumulativeTsn) implements Chunk {}

    record ShutdownAck() implements Chunk {}

    record ErrorReport(List<Parameter> causes) implements Chunk {
        public ErrorReport {
            causes = List.copyOf(causes);
        }
    }

    record CookieEcho(Bytes cookie) implements Chunk {}

    record CookieAck() implements Chunk {}

    /// @param reflected the T bit: the verification tag is the receiver's own
    record ShutdownComplete(boolean reflected) implements Chunk {}

    record ForwardTsn(long cumulativeTsn, List<Skip> skips) implements Chunk {
        public ForwardTsn {
            skips = List.copyOf(skips);
        }

        /// The greatest SSN of an ordered stream that will not come.
        record Skip(int streamId, int ssn) {}
    }

    record Reconfig(List<Parameter> parameters) implements Chunk {
        public Reconfig {
            parameters = List.copyOf(parameters);
        }
    }

    /// @param raw the whole chunk
    record Unknown(int type, Bytes raw) implements Chunk {}

    default void write(ByteWriter out) {
        int at = out.length();
        switch (this) {
            case Data data -> data(out, data);
            case Init init -> init(out, init);
            case Sack sack -> sack(out, sack);
            case Heartbeat beat ->
                head(out, beat.ack() ? HEARTBEAT_ACK : HEARTBEAT, 0).bytes(beat.parameters());
            case Abort abort -> tlvs(head(out, ABORT, abort.reflected() ? 1 : 0), abort.causes());
            case Shutdown shutdown -> head(out, SHUTDOWN, 0).u32(shutdown.cumulativeTsn());
            case ShutdownAck _ -> head(out, SHUTDOWN_ACK, 0);
            case ErrorReport report -> tlvs(head(out, ERROR, 0), report.causes());
            case CookieEcho echo -> head(out, COOKIE_ECHO, 0).bytes(echo.cookie());
            case CookieAck _ -> head(out, COOKIE_ACK, 0);
            case ShutdownComplete complete -> head(out, SHUTDOWN_COMPLETE, complete.reflected() ? 1 : 0);
            case ForwardTsn forward -> {
                head(out, FORWARD_TSN, 0).u32(forward.cumulativeTsn());
                forward.skips().forEach(skip -> out.u16(skip.streamId()).u16(skip.ssn()));
            }
            case Reconfig reconfig -> tlvs(head(out, RE_CONFIG, 0), reconfig.parameters());
            case Unknown unknown -> out.bytes(unknown.raw());
        }
        int length = out.length() - at;
        // Type and flags stay, the length comes behind them: RFC 9260 3.2.
        out.patch32(at, (long) out.u16At(at) << 16 | length);
        out.zeros(Parameter.padding(length));
    }

    /// With its padding.
    default Bytes toBytes() {
        ByteWriter out = new ByteWriter();
        write(out);
        return out.handOver();
    }

    private static ByteWriter head(ByteWriter out, int type, int flags) {
        return out.u8(type).u8(flags).u16(0);
    }

    private static void tlvs(ByteWriter out, List<Parameter> parameters) {
        parameters.forEach(parameter -> parameter.write(out));
    }

    private static void data(ByteWriter out, Data data) {
        int flags = (data.immediate() ? 8 : 0)
                | (data.unordered() ? 4 : 0)
                | (data.beginning() ? 2 : 0)
                | (data.ending() ? 1 : 0);
        head(out, DATA, flags)
                .u32(data.tsn())
                .u16(data.streamId())
                .u16(data.ssn())
                .u32(data.ppid())
                .bytes(data.payload());
    }

    private static void init(ByteWriter out, Init init) {
        head(out, init.ack() ? INIT_ACK : INIT, 0)
                .u32(init.initiateTag())
                .u32(init.receiverWindow())
                .u16(init.outboundStreams())
                .u16(init.inboundStreams())
                .u32(init.initialTsn());
        tlvs(out, init.parameters());
    }

    private static void sack(ByteWriter out, Sack sack) {
        head(out, SACK, 0)
                .u32(sack.cumulativeTsn())
                .u32(sack.receiverWindow())
                .u16(sack.gaps().size())
                .u16(sack.duplicates().size());
        sack.gaps().forEach(gap -> out.u16(gap.from()).u16(gap.to()));
        sack.duplicates().forEach(out::u32);
    }
}
