package tapedeck.container.ts;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// PES packets out of the packets of one PID. One that has a length is whole when it has it, one without when the next
/// begins; one with a hole is left out.
final class PesAssembler {
    /// More than the largest keyframe: 8K at the highest level has 10 MB.
    static final int MAX_PES_BYTES = 16 << 20;

    /// A PES packet of sound has to say its length, which has 16 bits; some do not.
    static final int MAX_SOUND_BYTES = 256 << 10;

    /// Room for one at first, and for one that follows a large one.
    private static final int FIRST_BYTES = 4 * TsPacket.BYTES;

    private static final int MOST_FIRST_BYTES = 64 << 10;

    private final int maxBytes;
    private @Nullable ByteWriter gathered;
    /// Whether what is gathered said how long it is; then each packet is looked at.
    private boolean sized = true;
    private int lastBytes;
    private boolean randomAccess;
    private int counter = -1;
    private long damaged;

    PesAssembler(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// @param randomAccess what the adaptation field of its first packet said
    record Pes(PesHeader header, boolean randomAccess, Bytes data) {}

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
            sized = true;
            gathered = new ByteWriter(Math.clamp(lastBytes, FIRST_BYTES, MOST_FIRST_BYTES));
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
    boolean append(Bytes packet) {
        ByteWriter out = gathered;
        int control = packet.u8(3);
        if (out == null
                || sized
                || control != (0x10 | counter + 1 & 0xF)
                || (packet.u8(1) & 0xC0) != 0
                || out.length() + TsPacket.BYTES > maxBytes) {
            return false;
        }
        counter = control & 0xF;
        out.bytes(packet.slice(TsPacket.HEADER_BYTES));
        return true;
    }

    /// One that has all the bytes it said. When the packet before it became whole in the same call, this one waits.
    private @Nullable Pes full(ByteWriter out) {
        if (out.length() < PesHeader.LENGTH_AT + 2) {
            return null;
        }
        int length = out.u16At(PesHeader.LENGTH_AT);
        sized = length > 0;
        return length > 0 && out.length() >= PesHeader.LENGTH_AT + 2 + length ? take() : null;
    }

    /// The counter may begin anywhere.
    void restart() {
        gathered = null;
        counter = -1;
    }

    private void drop() {
        damaged++;
        gathered = null;
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
        lastBytes = out.length() + out.length() / 4;
        Bytes bytes = out.handOver();
        PesHeader header = PesHeader.parse(bytes);
        int end = header.bytes() == 0 ? bytes.length() : Math.min(header.bytes(), bytes.length());
        if (header.dataAt() > end) {
            throw new MalformedException("MPEG-TS: PES header of %d in %d bytes".formatted(header.dataAt(), end));
        }
        return new Pes(header, randomAccess, bytes.slice(header.dataAt(), end));
    }
}
