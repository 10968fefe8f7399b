package tapedeck.rtp;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A view of one RTP packet, RFC 3550 5.1, over the bytes that arrived; nothing is copied.
///
/// ```
///  0                   1                   2                   3
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// |                           timestamp                           |
/// |                             SSRC                              |
/// |                       CSRC × CC                               |
/// |   extension profile           |       length in words         |  if X
/// ```
public final class RtpPacket {
    public static final int MIN_HEADER_BYTES = 12;

    /// RFC 8285 4.2.
    private static final int ONE_BYTE_PROFILE = 0xBEDE;
    /// RFC 8285 4.3; the low four bits are for the application.
    private static final int TWO_BYTE_PROFILE = 0x1000;

    private static final int MAX_ONE_BYTE_ID = 14;
    private static final int MAX_ONE_BYTE_LENGTH = 16;

    private final Bytes bytes;
    private final int extensionOffset;
    private final int payloadOffset;
    private final int payloadEnd;

    private RtpPacket(Bytes bytes, int extensionOffset, int payloadOffset, int payloadEnd) {
        this.bytes = bytes;
        this.extensionOffset = extensionOffset;
        this.payloadOffset = payloadOffset;
        this.payloadEnd = payloadEnd;
    }

    /// One header extension element, RFC 8285.
    public record Extension(int id, Bytes data) {}

    public static RtpPacket parse(Bytes bytes) {
        int length = bytes.length();
        if (length < MIN_HEADER_BYTES) {
            throw new MalformedException("RTP header: 12 bytes needed, %d there".formatted(length));
        }
        int first = bytes.u8(0);
        if (first >> 6 != 2) {
            throw new MalformedException("RTP version %d".formatted(first >> 6));
        }
        int payloadOffset = MIN_HEADER_BYTES + 4 * (first & 0x0F);
        int extensionOffset = payloadOffset;
        if ((first & 0x10) != 0) {
            if (payloadOffset + 4 > length) {
                throw new MalformedException(
                        "RTP extension header beyond the %d bytes of the packet".formatted(length));
            }
            payloadOffset += 4 + 4 * bytes.u16(payloadOffset + 2);
        }
        if (payloadOffset > length) {
            throw new MalformedException("RTP header of %d bytes in a packet of %d".formatted(payloadOffset, length));
        }
        int payloadEnd = length;
        if ((first & 0x20) != 0) {
            // RFC 3550 5.1: the last byte counts the padding, itself included.
            int padding = payloadOffset < length ? bytes.u8(length - 1) : 0;
            if (padding == 0 || padding > length - payloadOffset) {
                throw new MalformedException(
                        "RTP padding of %d in %d bytes".formatted(padding, length - payloadOffset));
            }
            payloadEnd -= padding;
        }
        return new RtpPacket(bytes, extensionOffset, payloadOffset, payloadEnd);
    }

    /// A new packet. Extensions take the one-byte form where all fit in, else the two-byte form.
    public static RtpPacket of(
            int payloadType,
            boolean marker,
            int sequenceNumber,
            long timestamp,
            long ssrc,
            List<Extension> extensions,
            Bytes payload) {
        ByteWriter out = new ByteWriter(MIN_HEADER_BYTES + 4 + payload.length() + 20 * extensions.size());
        out.u8(0x80 | (extensions.isEmpty() ? 0 : 0x10));
        out.u8((marker ? 0x80 : 0) | payloadType & 0x7F);
        out.u16(sequenceNumber).u32(timestamp).u32(ssrc);
        if (!extensions.isEmpty()) {
            writeExtensions(out, extensions);
        }
        int payloadOffset = out.length();
        out.bytes(payload);
        return new RtpPacket(out.toBytes(), MIN_HEADER_BYTES, payloadOffset, out.length());
    }

    private static void writeExtensions(ByteWriter out, List<Extension> extensions) {
        boolean oneByte = true;
        for (Extension extension : extensions) {
            int size = extension.data().length();
            oneByte &= extension.id() <= MAX_ONE_BYTE_ID && size >= 1 && size <= MAX_ONE_BYTE_LENGTH;
        }
        int start = out.length();
        out.u32(0);
        for (Extension extension : extensions) {
            if (oneByte) {
                out.u8(extension.id() << 4 | extension.data().length() - 1);
            } else {
                out.u8(extension.id()).u8(extension.data().length());
            }
            out.bytes(extension.data());
        }
        out.zeros((start - out.length()) & 3);
        int words = (out.length() - start - 4) / 4;
        out.patch32(start, (long) (oneByte ? ONE_BYTE_PROFILE : TWO_BYTE_PROFILE) << 16 | words);
    }

    public Bytes bytes() {
        return bytes;
    }

    public boolean marker() {
        return (bytes.u8(1) & 0x80) != 0;
    }

    public int payloadType() {
        return bytes.u8(1) & 0x7F;
    }

    public int sequenceNumber() {
        return bytes.u16(2);
    }

    public long timestamp() {
        return bytes.u32(4);
    }

    public long ssrc() {
        return bytes.u32(8);
    }

    public int csrcCount() {
        return bytes.u8(0) & 0x0F;
    }

    public long csrc(int index) {
        return bytes.u32(MIN_HEADER_BYTES + 4 * index);
    }

    /// Without header and padding; empty for a packet that is padding alone.
    public Bytes payload() {
        return bytes.slice(payloadOffset, payloadEnd);
    }

    public int payloadLength() {
        return payloadEnd - payloadOffset;
    }

    /// The element with this id, or null. An element that runs over the extension's end ends the search: what stands
    /// behind it cannot be found, and nothing else of the packet depends on it.
    public @Nullable Bytes extension(int id) {
        if (extensionOffset == payloadOffset) {
            return null;
        }
        int profile = bytes.u16(extensionOffset);
        int at = extensionOffset + 4;
        if (profile == ONE_BYTE_PROFILE) {
            return oneByteExtension(id, at);
        }
        return (profile & 0xFFF0) == TWO_BYTE_PROFILE ? twoByteExtension(id, at) : null;
    }

    private @Nullable Bytes oneByteExtension(int id, int from) {
        for (int at = from; at < payloadOffset; ) {
            int head = bytes.u8(at);
            if (head == 0) {
                at++;
                continue;
            }
            int end = at + 2 + (head & 0x0F);
            // RFC 8285 4.2: id 15 ends the processing, id 0 with a length is to be ignored.
            if (head >> 4 == 15 || end > payloadOffset) {
                return null;
            }
            if (head >> 4 == id) {
                return bytes.slice(at + 1, end);
            }
            at = end;
        }
        return null;
    }

    private @Nullable Bytes twoByteExtension(int id, int from) {
        for (int at = from; at < payloadOffset; ) {
            int found = bytes.u8(at);
            if (found == 0) {
                at++;
                continue;
            }
            if (at + 2 > payloadOffset) {
                return null;
            }
            int end = at + 2 + bytes.u8(at + 1);
            if (end > payloadOffset) {
                return null;
            }
            if (found == id) {
                return bytes.slice(at + 2, end);
            }
            at = end;
        }
        return null;
    }

    @Override
    public String toString() {
        return "RTP ssrc=%08x pt=%d seq=%d ts=%d%s %d bytes"
                .formatted(ssrc(), payloadType(), sequenceNumber(), timestamp(), marker() ? " M" : "", payloadLength());
    }
}
