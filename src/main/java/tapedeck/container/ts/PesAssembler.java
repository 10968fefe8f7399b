package tapedeck.container.ts;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// PES packets out of the packets of one PID. One that has a length is whole when it has it, one without when the next
/// begins; one with a hole is left out. They are lent: the one behind the next is gathered in the same place.
final class PesAssembler {
    /// More than the largest keyframe: 8K at the highest level has 10 MB.
    static final int MAX_PES_BYTES = 16 << 20;

    /// A PES packet of sound has to say its length, which has 16 bits; some do not.
    static final int MAX_SOUND_BYTES = 256 << 10;

    /// The room for a larger one is not kept for those that follow.
    static final int KEPT_BYTES = 128 << 10;

    private static final int FIRST_BYTES = 4 * TsPacket.BYTES;
    private static final int UNKNOWN = -1;

    private final int maxBytes;
    private @Nullable ByteWriter gathered;
    /// One gathers the next while the other is lent.
    private final ByteWriter[] writers = {new ByteWriter(FIRST_BYTES), new ByteWriter(FIRST_BYTES)};

    private int turn;
    /// What is gathered said that it is so long; 0 where it does not say, and [#UNKNOWN] at first.
    private int wholeBytes = UNKNOWN;
    private boolean randomAccess;
    private int counter = -1;
    private long damaged;

    PesAssembler(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// @param randomAccess what the adaptation field of its first packet said
    /// @param data lent
    record Pes(PesHeader header, boolean randomAccess, Bytes data) {
        Pes kept() {
            return new Pes(header, randomAccess, data.copy());
        }
    }

    /// PES packets that were left out, and holes in the counters.
    long damaged() {
        return damaged;
    }

    /// How much is gathered of what is not whole yet.
    int waitingBytes() {
        return gathered == null ? 0 : gathered.length();
    }

    /// @return a PES packet that is whole now, or null
    /// @throws MalformedException for one that is none
    @Nullable
    Pes receive(TsPacket packet) {
        if (!packet.hasPayload()) {
            return null;
        }
        if (counter >= 0 && !packet.discontinuity()) {
            if (packet.counter() == counter) {
                return null; // 2.4.3.3: a packet may be sent twice
            }
            if (packet.counter() != (counter + 1 & 0xF)) {
                drop();
            }
        }
        counter = packet.counter();
        if (packet.scrambled()) {
            drop();
            return null;
        }
        Pes whole = null;
        if (packet.unitStart()) {
            whole = end();
            wholeBytes = UNKNOWN;
            turn ^= 1;
            gathered = writers[turn];
            gathered.clear();
            randomAccess = packet.randomAccess();
        }
        ByteWriter out = gathered;
        if (out == null) {
            return whole;
        }
        out.bytes(packet.payload());
        if (out.length() > maxBytes) {
            drop();
            throw new MalformedException("MPEG-TS: PES packet of more than %d bytes".formatted(maxBytes));
        }
        return whole != null ? whole : full(out);
    }

    /// Takes a packet in the middle of a PES packet, which nearly all are: of its own counter, not scrambled, without
    /// adaptation field. Returns false for any other, which is untouched.
    ///
    /// @param at where in the bytes it is
    boolean append(Bytes bytes, int at) {
        ByteWriter out = gathered;
        int control = bytes.u8(at + 3);
        if (out == null
                || wholeBytes == UNKNOWN
                || wholeBytes > 0 && out.length() + TsPacket.BYTES >= wholeBytes
                || control != (0x10 | counter + 1 & 0xF)
                || (bytes.u8(at + 1) & 0xC0) != 0
                || out.length() + TsPacket.BYTES > maxBytes) {
            return false;
        }
        counter = control & 0xF;
        out.bytes(bytes, at + TsPacket.HEADER_BYTES, at + TsPacket.BYTES);
        return true;
    }

    /// One that has all the bytes it said. When the packet before it became whole in the same call, this one waits.
    private @Nullable Pes full(ByteWriter out) {
        if (out.length() < PesHeader.LENGTH_AT + 2) {
            return null;
        }
        int length = out.u16At(PesHeader.LENGTH_AT);
        wholeBytes = length == 0 ? 0 : PesHeader.LENGTH_AT + 2 + length;
        return length > 0 && out.length() >= wholeBytes ? take() : null;
    }

    /// The counter may begin anywhere.
    void restart() {
        forget();
        counter = -1;
    }

    private void drop() {
        damaged++;
        forget();
    }

    private void forget() {
        if (gathered != null && gathered.length() > KEPT_BYTES) {
            gathered.handOver();
        }
        gathered = null;
    }

    /// What both writers keep while nothing is gathered.
    int roomBytes() {
        return writers[0].capacity() + writers[1].capacity();
    }

    /// What is there when nothing more comes: a packet without a length.
    @Nullable
    Pes end() {
        ByteWriter out = gathered;
        if (out == null) {
            return null;
        }
        if (out.length() < PesHeader.LENGTH_AT + 2) {
            drop();
            return null;
        }
        int length = out.u16At(PesHeader.LENGTH_AT);
        if (length > 0 && out.length() < PesHeader.LENGTH_AT + 2 + length) {
            drop();
            return null;
        }
        return take();
    }

    private @Nullable Pes take() {
        ByteWriter out = gathered;
        gathered = null;
        if (out == null) {
            return null;
        }
        Bytes bytes = out.length() > KEPT_BYTES ? out.handOver() : out.lend();
        PesHeader header = PesHeader.parse(bytes);
        int end = header.bytes() == 0 ? bytes.length() : Math.min(header.bytes(), bytes.length());
        if (header.dataAt() > end) {
            throw new MalformedException("MPEG-TS: PES header of %d in %d bytes".formatted(header.dataAt(), end));
        }
        return new Pes(header, randomAccess, bytes.slice(header.dataAt(), end));
    }
}
