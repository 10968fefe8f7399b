package tapedeck.protocol.webrtc.sctp;

import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The Data Channel Establishment Protocol, RFC 8832 5.
///
/// ```
/// type (8) = 3 | channel type (8) | priority (16) | reliability (32) | label length (16) | protocol length (16) | …
/// ```
final class Dcep {
    static final int OPEN = 3;
    static final int ACK = 2;
    /// Of a label, and of a protocol.
    static final int MAX_NAME_BYTES = 1_024;

    private static final int UNORDERED = 0x80;
    private static final int RELIABLE = 0;
    private static final int RETRANSMITS = 1;
    private static final int LIFETIME = 2;
    /// RFC 8831 6.4: "normal".
    private static final int PRIORITY = 256;

    private static final Bytes ACK_MESSAGE = Bytes.ofU8(ACK);

    private Dcep() {}

    static Bytes ack() {
        return ACK_MESSAGE;
    }

    static Bytes open(DataChannel channel) {
        int type = channel.ordered() ? 0 : UNORDERED;
        long parameter = 0;
        switch (channel.reliability()) {
            case DataChannel.Reliability.Full _ -> {}
            case DataChannel.Reliability.Retransmits retransmits -> {
                type |= RETRANSMITS;
                parameter = retransmits.most();
            }
            case DataChannel.Reliability.Lifetime lifetime -> {
                type |= LIFETIME;
                parameter = lifetime.millis();
            }
        }
        Bytes label = Bytes.ofUtf8(channel.label());
        Bytes protocol = Bytes.ofUtf8(channel.protocol());
        return new ByteWriter(12 + label.length() + protocol.length())
                .u8(OPEN)
                .u8(type)
                .u16(PRIORITY)
                .u32(parameter)
                .u16(label.length())
                .u16(protocol.length())
                .bytes(label)
                .bytes(protocol)
                .handOver();
    }

    /// @param id the stream in which it came
    static DataChannel parseOpen(int id, Bytes message) {
        ByteReader in = message.reader();
        in.skip(1);
        int type = in.u8();
        in.skip(2);
        int parameter = (int) Math.min(in.u32(), Integer.MAX_VALUE);
        int labelBytes = in.u16();
        int protocolBytes = in.u16();
        if (labelBytes > MAX_NAME_BYTES || protocolBytes > MAX_NAME_BYTES) {
            throw new MalformedException("DCEP: label of %d and protocol of %d bytes, %d allowed"
                    .formatted(labelBytes, protocolBytes, MAX_NAME_BYTES));
        }
        String label = in.take(labelBytes).toUtf8();
        String protocol = in.take(protocolBytes).toUtf8();
        DataChannel.Reliability reliability = switch (type & ~UNORDERED) {
            case RELIABLE -> new DataChannel.Reliability.Full();
            case RETRANSMITS -> new DataChannel.Reliability.Retransmits(parameter);
            case LIFETIME -> new DataChannel.Reliability.Lifetime(parameter);
            default -> throw new MalformedException("DCEP: channel type 0x%x".formatted(type));
        };
        return new DataChannel(id, label, protocol, (type & UNORDERED) == 0, reliability);
    }
}
