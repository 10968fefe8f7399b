package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Type, length and value inside a chunk, RFC 9260 3.2.1; error causes look the same, 3.3.10.
///
/// ```
/// type (16) | length (16), of all four fields but the padding | value … | padding to 32 bits
/// ```
record Parameter(int type, Bytes value) {
    static final int STATE_COOKIE = 7;
    static final int UNRECOGNIZED = 8;
    static final int OUTGOING_RESET_REQUEST = 13;
    static final int INCOMING_RESET_REQUEST = 14;
    static final int ASSOCIATION_RESET_REQUEST = 15;
    static final int RESPONSE = 16;
    static final int ADD_OUTGOING_STREAMS = 17;
    static final int ADD_INCOMING_STREAMS = 18;
    /// RFC 5061 4.2.7: the chunk types that a side knows beyond RFC 9260.
    static final int SUPPORTED_EXTENSIONS = 0x8008;
    /// RFC 3758 3.1.
    static final int FORWARD_TSN_SUPPORTED = 0xC000;

    static final int HEADER_BYTES = 4;
    static final int MAX_PARAMETERS = 64;

    /// @param in ends where the chunk ends
    static List<Parameter> readAll(ByteReader in) {
        List<Parameter> parameters = new ArrayList<>();
        while (in.hasRemaining()) {
            if (parameters.size() == MAX_PARAMETERS) {
                throw new MalformedException("SCTP: chunk of more than %d parameters".formatted(MAX_PARAMETERS));
            }
            int type = in.u16();
            int length = in.u16();
            if (length < HEADER_BYTES) {
                throw new MalformedException("SCTP: parameter 0x%x of length %d".formatted(type, length));
            }
            parameters.add(new Parameter(type, in.take(length - HEADER_BYTES)));
            in.skip(Math.min(padding(length), in.remaining()));
        }
        return parameters;
    }

    void write(ByteWriter out) {
        int length = HEADER_BYTES + value.length();
        out.u16(type).u16(length).bytes(value).zeros(padding(length));
    }

    static int padding(int length) {
        return -length & 3;
    }

    /// RFC 9260 3.2.1, of types that a side does not know: whether to go on with the next one.
    static boolean skips(int type) {
        return (type & 0x8000) != 0;
    }

    /// RFC 9260 3.2.1, of types that a side does not know: whether the peer wants to hear of it.
    static boolean reports(int type) {
        return (type & 0x4000) != 0;
    }

    Bytes toBytes() {
        ByteWriter out = new ByteWriter(HEADER_BYTES + value.length() + 3);
        write(out);
        return out.toBytes();
    }
}
