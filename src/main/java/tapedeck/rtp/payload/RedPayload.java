package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The blocks of a payload with redundancy, RFC 2198 3: earlier packets come once more in front of the newest.
///
/// ```
/// |1| block PT 7 | timestamp offset 14 | block length 10 |   for each earlier one
/// |0| block PT 7 |                                           for the newest, which takes the rest
/// data of all blocks, in the same order
/// ```
/// Which packets are new is for the caller to see: a block was sent at the packet's timestamp less its offset.
public final class RedPayload {
    /// Browsers repeat one or two packets; nobody repeats more than what 14 bits of a 48 kHz clock reach in packets of
    /// 10 ms.
    public static final int MAX_BLOCKS = 36;

    private static final int FOLLOWED = 0x80;
    private static final int HEADER_BYTES = 4;
    private static final int LAST_HEADER_BYTES = 1;

    private RedPayload() {}

    /// @param payloadType what the data would have been sent as alone
    /// @param timestampOffset how much earlier than the packet's timestamp, in ticks; 0 of the newest block
    /// @param data may be empty
    public record Block(int payloadType, int timestampOffset, Bytes data) {}

    /// The blocks as they stand, mostly from the oldest on; the newest is always the last.
    public static List<Block> parse(Bytes payload) {
        int count = 1;
        int at = 0;
        long dataBytes = 0;
        while (u8(payload, at) >= FOLLOWED) {
            if (++count > MAX_BLOCKS) {
                throw new MalformedException("RED: more than %d blocks".formatted(MAX_BLOCKS));
            }
            if (payload.length() < at + HEADER_BYTES) {
                throw new MalformedException("RED: a block header at %d of %d bytes".formatted(at, payload.length()));
            }
            dataBytes += payload.u16(at + 2) & 0x3FF;
            at += HEADER_BYTES;
        }
        int from = at + LAST_HEADER_BYTES;
        if (dataBytes > payload.length() - from) {
            throw new MalformedException(
                    "RED: blocks of %d bytes, %d there".formatted(dataBytes, payload.length() - from));
        }
        List<Block> blocks = new ArrayList<>(count);
        for (int i = 0; i < count - 1; i++) {
            long header = payload.u32(i * HEADER_BYTES);
            int to = from + (int) (header & 0x3FF);
            blocks.add(new Block((int) (header >> 24) & 0x7F, (int) (header >> 10) & 0x3FFF, payload.slice(from, to)));
            from = to;
        }
        blocks.add(new Block(payload.u8(at), 0, payload.slice(from)));
        return blocks;
    }

    /// How many earlier packets come once more in this one, as far as its heads say. Looks only, never throws.
    public static int repeats(Bytes payload) {
        int count = 0;
        for (int at = 0; at + HEADER_BYTES < payload.length() && payload.u8(at) >= FOLLOWED; at += HEADER_BYTES) {
            long header = payload.u32(at);
            if ((header >> 10 & 0x3FFF) != 0 && (header & 0x3FF) != 0) {
                count++;
            }
        }
        return count;
    }

    private static int u8(Bytes payload, int at) {
        if (at >= payload.length()) {
            throw new MalformedException("RED: no last block header in %d bytes".formatted(payload.length()));
        }
        return payload.u8(at);
    }
}
