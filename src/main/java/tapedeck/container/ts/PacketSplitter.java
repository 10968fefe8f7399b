package tapedeck.container.ts;

import tapedeck.bytes.Bytes;

/// Cuts bytes, in pieces of any size, into packets. They come every 188 bytes; every 192 with a time code of four
/// bytes in front (M2TS), or every 204 with 16 bytes of parity behind (DVB). Where a packet should begin and does not,
/// what is there is skipped up to where [#LOCK_PACKETS] begin at such distances.
final class PacketSplitter {
    /// So many sync bytes in the right places are no accident.
    static final int LOCK_PACKETS = 4;

    private static final int[] STRIDES = {TsPacket.BYTES, 192, 204};

    /// Where packets go.
    interface Packets {
        /// @param bytes lent
        /// @param at where its 188 bytes begin, with the sync byte
        void packet(Bytes bytes, int at);
    }

    private final Packets packets;
    private Bytes rest = Bytes.EMPTY;
    private int stride;
    private long skippedBytes;

    PacketSplitter(Packets packets) {
        this.packets = packets;
    }

    /// Bytes between packets that were none.
    long skippedBytes() {
        return skippedBytes;
    }

    /// @param bytes lent
    void receive(Bytes bytes) {
        int missing = stride - rest.length();
        if (stride > 0 && !rest.isEmpty() && missing > 0 && missing < bytes.length()) {
            // Only the packet that both pieces share is put together.
            split(joined(rest, bytes.slice(0, missing)), LOCK_PACKETS);
            split(joined(rest, bytes.slice(missing)), LOCK_PACKETS);
        } else {
            split(joined(rest, bytes), LOCK_PACKETS);
        }
    }

    /// Forgets what was too little.
    void restart() {
        rest = Bytes.EMPTY;
    }

    /// Hands over what there was too little of to be sure.
    void end() {
        for (int packetsInRow = LOCK_PACKETS - 1; packetsInRow > 0; packetsInRow--) {
            split(rest, packetsInRow);
        }
    }

    private static Bytes joined(Bytes one, Bytes other) {
        if (one.isEmpty()) {
            return other;
        }
        byte[] both = new byte[one.length() + other.length()];
        one.copyTo(0, both, 0, one.length());
        other.copyTo(0, both, one.length(), other.length());
        return Bytes.wrap(both);
    }

    /// @param lockPackets how many have to be in the right places; at the end what comes behind the last may be missing
    private void split(Bytes bytes, int lockPackets) {
        int at = 0;
        while (true) {
            if (stride == 0) {
                int found = lock(bytes, at, lockPackets);
                skippedBytes += found - at;
                at = found;
            }
            int needed = lockPackets < LOCK_PACKETS ? TsPacket.BYTES : stride;
            if (stride == 0 || bytes.length() - at < needed) {
                break;
            }
            if (bytes.u8(at) == TsPacket.SYNC) {
                packets.packet(bytes, at);
                at += Math.min(stride, bytes.length() - at);
            } else {
                stride = 0;
            }
        }
        rest = bytes.slice(at).copy();
    }

    /// Where the first packets begin, whose distance is [#stride] then; or what has to be looked at again
    /// with more bytes.
    private int lock(Bytes bytes, int from, int lockPackets) {
        for (int at = from; at < bytes.length(); at++) {
            if (bytes.u8(at) != TsPacket.SYNC) {
                continue;
            }
            boolean undecided = false;
            for (int candidate : STRIDES) {
                int last = at + (lockPackets - 1) * candidate;
                if (last + TsPacket.BYTES > bytes.length()) {
                    undecided = true;
                } else if (inRow(bytes, at, candidate, lockPackets)) {
                    stride = candidate;
                    return at;
                }
            }
            if (undecided && lockPackets == LOCK_PACKETS) {
                return at;
            }
        }
        return lockPackets == LOCK_PACKETS ? bytes.length() : from;
    }

    private static boolean inRow(Bytes bytes, int at, int stride, int packets) {
        for (int i = 1; i < packets; i++) {
            if (bytes.u8(at + i * stride) != TsPacket.SYNC) {
                return false;
            }
        }
        return true;
    }
}
