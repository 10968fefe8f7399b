package tapedeck.protocol.webrtc.ice;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One STUN message, RFC 8489 5.
///
/// ```
/// |00|   type (14)   |  length (16)  |   magic cookie 2112A442 (32)
/// |                 transaction id (96)                           |
/// | type (16) | length (16) | value, padded to 4 bytes | …
/// ```
///
/// @param attributes in order, without what follows MESSAGE-INTEGRITY (14.5: to be ignored) except FINGERPRINT
/// @param bytes the whole message
public record StunMessage(int type, Bytes transactionId, List<Attribute> attributes, Bytes bytes) {
    /// @param position of its header in the message
    public record Attribute(int type, Bytes value, int position) {}

    public static final int BINDING_REQUEST = 0x0001;
    static final int BINDING_INDICATION = 0x0011;
    public static final int BINDING_SUCCESS = 0x0101;
    public static final int BINDING_ERROR = 0x0111;

    public static final int USERNAME = 0x0006;
    public static final int MESSAGE_INTEGRITY = 0x0008;
    static final int ERROR_CODE = 0x0009;
    static final int UNKNOWN_ATTRIBUTES = 0x000A;
    public static final int MESSAGE_INTEGRITY_SHA256 = 0x001C;
    static final int XOR_MAPPED_ADDRESS = 0x0020;
    public static final int PRIORITY = 0x0024;
    public static final int USE_CANDIDATE = 0x0025;
    static final int SOFTWARE = 0x8022;
    static final int FINGERPRINT = 0x8028;
    public static final int ICE_CONTROLLED = 0x8029;
    public static final int ICE_CONTROLLING = 0x802A;

    static final int MAGIC_COOKIE = 0x2112A442;
    static final int HEADER_BYTES = 20;
    public static final int TRANSACTION_ID_BYTES = 12;
    /// RFC 8489 14.7: what the CRC is XORed with, "STUN" in ASCII.
    static final int FINGERPRINT_XOR = 0x5354554E;

    /// A connectivity check has about 100 bytes; RFC 8489 6.1 asks to stay below the path MTU.
    static final int MAX_BYTES = 1_280;
    static final int MAX_ATTRIBUTES = 32;
    /// RFC 8489 14.3: fewer than 509 bytes.
    static final int MAX_USERNAME_BYTES = 508;

    private static final int INTEGRITY_BYTES = 20;

    public StunMessage {
        attributes = List.copyOf(attributes);
    }

    /// RFC 7983 7 and RFC 8489 5: whether a datagram claims to be STUN at all.
    static boolean looksLikeStun(Bytes datagram) {
        return datagram.length() >= HEADER_BYTES && datagram.u8(0) < 4 && datagram.i32(4) == MAGIC_COOKIE;
    }

    public static StunMessage parse(Bytes bytes) {
        if (bytes.length() > MAX_BYTES) {
            throw new MalformedException(
                    "STUN: at most %d bytes allowed, %d given".formatted(MAX_BYTES, bytes.length()));
        }
        ByteReader in = bytes.reader();
        int type = in.u16();
        int length = in.u16();
        int cookie = in.i32();
        Bytes transactionId = in.take(TRANSACTION_ID_BYTES);
        if ((type & 0xC000) != 0 || cookie != MAGIC_COOKIE) {
            throw new MalformedException("STUN: no message");
        }
        if (length % 4 != 0 || length != in.remaining()) {
            throw new MalformedException("STUN: length %d, %d bytes there".formatted(length, in.remaining()));
        }
        return new StunMessage(type, transactionId, attributes(in), bytes);
    }

    private static List<Attribute> attributes(ByteReader in) {
        List<Attribute> attributes = new ArrayList<>();
        boolean sealed = false;
        while (in.hasRemaining()) {
            if (attributes.size() == MAX_ATTRIBUTES) {
                throw new MalformedException("STUN: more than %d attributes".formatted(MAX_ATTRIBUTES));
            }
            int position = in.position();
            int type = in.u16();
            Bytes value = in.take(in.u16());
            in.skip(-value.length() & 3);
            if (type == USERNAME && value.length() > MAX_USERNAME_BYTES) {
                throw new MalformedException("STUN: USERNAME of %d bytes".formatted(value.length()));
            }
            if (type == FINGERPRINT && in.hasRemaining()) {
                throw new MalformedException("STUN: FINGERPRINT is not the last attribute");
            }
            if (!sealed || type == FINGERPRINT) {
                attributes.add(new Attribute(type, value, position));
            }
            sealed |= type == MESSAGE_INTEGRITY;
        }
        return attributes;
    }

    /// The first attribute of this type.
    public Optional<Attribute> attribute(int type) {
        for (Attribute attribute : attributes) {
            if (attribute.type() == type) {
                return Optional.of(attribute);
            }
        }
        return Optional.empty();
    }

    public boolean has(int type) {
        return attribute(type).isPresent();
    }

    /// RFC 8489 14.2: what XOR-MAPPED-ADDRESS says, or null.
    public @Nullable InetSocketAddress mappedAddress() {
        Bytes value = attribute(XOR_MAPPED_ADDRESS).map(Attribute::value).orElse(Bytes.EMPTY);
        int addressBytes = value.length() - 4;
        if (addressBytes != 4 && addressBytes != 16 || value.u8(1) != (addressBytes == 4 ? 1 : 2)) {
            return null;
        }
        // Cookie and transaction id, as they stand in our own header.
        byte[] address = bytes.slice(4, 4 + addressBytes).toByteArray();
        for (int i = 0; i < addressBytes; i++) {
            address[i] ^= (byte) value.u8(4 + i);
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), value.u16(2) ^ MAGIC_COOKIE >>> 16);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /// RFC 8489 14.5: whether MESSAGE-INTEGRITY is there and was made with the key in `hmac`. The HMAC covers all bytes
    /// before the attribute, with the length field as if the message ended right behind it.
    public boolean integrityBy(Mac hmac) {
        Attribute integrity = attribute(MESSAGE_INTEGRITY).orElse(null);
        if (integrity == null || integrity.value().length() != INTEGRITY_BYTES) {
            return false;
        }
        byte[] covered = bytes.slice(0, integrity.position()).toByteArray();
        int length = integrity.position() + 4 + INTEGRITY_BYTES - HEADER_BYTES;
        covered[2] = (byte) (length >> 8);
        covered[3] = (byte) length;
        return MessageDigest.isEqual(hmac.doFinal(covered), integrity.value().toByteArray());
    }

    /// RFC 8489 14.7: whether FINGERPRINT is there and right.
    public boolean fingerprintRight() {
        Attribute fingerprint = attribute(FINGERPRINT).orElse(null);
        if (fingerprint == null || fingerprint.value().length() != 4) {
            return false;
        }
        return fingerprint.value().i32(0) == fingerprint(bytes.slice(0, fingerprint.position()));
    }

    static int fingerprint(Bytes covered) {
        CRC32 crc = new CRC32();
        crc.update(covered.asByteBuffer());
        return (int) crc.getValue() ^ FINGERPRINT_XOR;
    }
}
