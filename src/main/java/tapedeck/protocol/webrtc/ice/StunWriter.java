package tapedeck.protocol.webrtc.ice;

import java.net.InetSocketAddress;
import java.util.List;
import javax.crypto.Mac;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Writes one STUN message, attribute by attribute; integrity and fingerprint come last, in this order.
public final class StunWriter {
    private final ByteWriter out = new ByteWriter(128);
    private final int type;
    private final Bytes transactionId;

    public StunWriter(int type, Bytes transactionId) {
        this.type = type;
        this.transactionId = transactionId;
        out.u16(type).u16(0).u32(StunMessage.MAGIC_COOKIE).bytes(transactionId);
    }

    /// RFC 8489 14: padding may have any value; zeros here.
    public StunWriter attribute(int type, Bytes value) {
        out.u16(type).u16(value.length()).bytes(value).zeros(-value.length() & 3);
        return this;
    }

    /// RFC 8489 14.2: port and address XORed with the cookie and, for IPv6, the transaction id.
    public StunWriter xorMappedAddress(InetSocketAddress address) {
        byte[] ip = address.getAddress().getAddress();
        byte[] mask = new ByteWriter()
                .u32(StunMessage.MAGIC_COOKIE)
                .bytes(transactionId)
                .toByteArray();
        for (int i = 0; i < ip.length; i++) {
            ip[i] ^= mask[i];
        }
        int family = ip.length == 4 ? 1 : 2;
        int port = address.getPort() ^ StunMessage.MAGIC_COOKIE >>> 16;
        return attribute(
                StunMessage.XOR_MAPPED_ADDRESS,
                new ByteWriter().u8(0).u8(family).u16(port).bytes(ip).toBytes());
    }

    /// RFC 8489 14.8.
    public StunWriter errorCode(int code, String reason) {
        return attribute(
                StunMessage.ERROR_CODE,
                new ByteWriter()
                        .u16(0)
                        .u8(code / 100)
                        .u8(code % 100)
                        .utf8(reason)
                        .toBytes());
    }

    /// RFC 8489 14.10.
    public StunWriter unknownAttributes(List<Integer> types) {
        ByteWriter value = new ByteWriter();
        types.forEach(value::u16);
        return attribute(StunMessage.UNKNOWN_ATTRIBUTES, value.toBytes());
    }

    public StunWriter integrity(Mac hmac) {
        setLength(24);
        byte[] digest = hmac.doFinal(out.toByteArray());
        return attribute(StunMessage.MESSAGE_INTEGRITY, Bytes.wrap(digest));
    }

    public StunWriter fingerprint() {
        setLength(8);
        int crc = StunMessage.fingerprint(out.toBytes());
        return attribute(StunMessage.FINGERPRINT, new ByteWriter(4).u32(crc).toBytes());
    }

    public Bytes toBytes() {
        setLength(0);
        return out.toBytes();
    }

    /// The length field as if `further` bytes followed.
    private void setLength(int further) {
        int length = out.length() + further - StunMessage.HEADER_BYTES;
        out.patch32(0, (long) type << 16 | length);
    }
}
