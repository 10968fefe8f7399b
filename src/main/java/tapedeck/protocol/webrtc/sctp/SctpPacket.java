package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A packet, RFC 9260 3.
///
/// ```
/// source port (16) | destination port (16) | verification tag (32) | CRC32c (32, little-endian: appendix A) | chunks …
/// ```
record SctpPacket(int sourcePort, int destinationPort, long verificationTag, List<Chunk> chunks) {
    static final int HEADER_BYTES = 12;
    static final int MAX_CHUNKS = 128;

    private static final Bytes NO_CHECKSUM = Bytes.wrap(new byte[4]);

    SctpPacket {
        chunks = List.copyOf(chunks);
    }

    static SctpPacket parse(Bytes packet) {
        if (packet.length() < HEADER_BYTES + Chunk.HEADER_BYTES) {
            throw new MalformedException("SCTP: packet of %d bytes".formatted(packet.length()));
        }
        ByteReader in = packet.reader();
        int sourcePort = in.u16();
        int destinationPort = in.u16();
        long tag = in.u32();
        int checksum = in.i32Le();
        if (checksum != checksum(packet)) {
            throw new MalformedException("SCTP: wrong checksum");
        }
        List<Chunk> chunks = new ArrayList<>();
        while (in.hasRemaining()) {
            if (chunks.size() == MAX_CHUNKS) {
                throw new MalformedException("SCTP: packet of more than %d chunks".formatted(MAX_CHUNKS));
            }
            chunks.add(ChunkParser.parse(in));
        }
        return new SctpPacket(sourcePort, destinationPort, tag, chunks);
    }

    private static int checksum(Bytes packet) {
        CRC32C crc = new CRC32C();
        packet.slice(0, 8).update(crc);
        NO_CHECKSUM.update(crc);
        packet.slice(HEADER_BYTES).update(crc);
        return (int) crc.getValue();
    }

    Bytes toBytes() {
        ByteWriter out = begin(sourcePort, destinationPort, verificationTag);
        chunks.forEach(chunk -> chunk.write(out));
        return end(out);
    }

    /// A packet to which chunks are written before it is given to [#end].
    static ByteWriter begin(int sourcePort, int destinationPort, long verificationTag) {
        return new ByteWriter(SctpAssociation.MAX_PACKET_BYTES)
                .u16(sourcePort)
                .u16(destinationPort)
                .u32(verificationTag)
                .u32(0);
    }

    static Bytes end(ByteWriter packet) {
        // Over a packet whose checksum is still 0.
        CRC32C crc = new CRC32C();
        byte[] array = packet.toByteArray();
        crc.update(array);
        int checksum = Integer.reverseBytes((int) crc.getValue());
        array[8] = (byte) (checksum >> 24);
        array[9] = (byte) (checksum >> 16);
        array[10] = (byte) (checksum >> 8);
        array[11] = (byte) checksum;
        return Bytes.wrap(array);
    }
}
