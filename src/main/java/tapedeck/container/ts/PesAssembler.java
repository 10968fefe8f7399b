package tapedeck.container.ts;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// PES packets out of the packets of one PID. One that has a length is whole when it has it, one without when the next
/// begins; one with a hole is left out. They are lent: the next one is gathered in the same place.
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
    private final ByteWriter writer = new ByteWriter(FIRST_BYTES);
    /// Whether something is in it that may become whole.
    private boolean gathers;
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
        return gathers ? writer.length() : 0;
    }

    /// @param whole gets the PES packets that are whole now
    /// @throws MalformedException for one that is none
    void receive(TsPacket packet, Consumer<Pes> whole) {
        if (!packet.hasPayload()) {
            return;
        }
        if (counter >= 0 && !packet.discontinuity()) {
            if (packet.counter() == counter) {
                return; // 2.4.3.3: a packet may be sent twice
            }
            if (packet.counter() != (counter + 1 & 0xF)) {
                drop();
            }
        }
        counter = packet.counter();
        if (packet.scrambled()) {
            drop();
            return;
        }
        if (packet.unitStart()) {
            try {
                give(end(), whole);
            } finally {
                // Whatever the one before was.
                begin(packet.randomAccess());
                writer.bytes(packet.payload());
            }
        } else if (gathers) {
            writer.bytes(packet.payload());
        } else {
            return;
        }
        if (writer.length() > maxBytes) {
            drop();
            throw new MalformedException("MPEG-TS: PES packet of more than %d bytes".formatted(maxBytes));
        }
        give(full(), whole);
    }

    private static void give(@Nullable Pes pes, Consumer<Pes> whole) {
        if (pes != null) {
            whole.accept(pes);
        }
    }

    private void begin(boolean entry) {
        writer.clear();
        gathers = true;
        wholeBytes = UNKNOWN;
        randomAccess = entry;
    }

    /// Takes a packet in the middle of a PES packet, which nearly all are: of its own counter, not scrambled, without
    /// adaptation field. Returns false for any other, which is untouched.
    ///
    /// @param at where in the bytes it is
    boolean append(Bytes bytes, int at) {
        int control = bytes.u8(at + 3);
        if (!gathers
                || wholeBytes == UNKNOWN
                || wholeBytes > 0 && writer.length() + TsPacket.BYTES >= wholeBytes
                || control != (0x10 | counter + 1 & 0xF)
                || (bytes.u8(at + 1) & 0xC0) != 0
                || writer.length() + TsPacket.BYTES > maxBytes) {
            return false;
        }
        counter = control & 0xF;
        writer.bytes(bytes, at + TsPacket.HEADER_BYTES, at + TsPacket.BYTES);
        return true;
    }

    /// One that has all the bytes it said.
    private @Nullable Pes full() {
        if (writer.length() < PesHeader.LENGTH_AT + 2) {
            return null;
        }
        int length = writer.u16At(PesHeader.LENGTH_AT);
        wholeBytes = length == 0 ? 0 : PesHeader.LENGTH_AT + 2 + length;
        return length > 0 && writer.length() >= wholeBytes ? take() : null;
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
        if (writer.length() > KEPT_BYTES) {
            writer.handOver();
        }
        gathers = false;
    }

    /// What is kept while nothing is gathered.
    int roomBytes() {
        return writer.capacity();
    }

    /// What is there when nothing more comes: a packet without a length.
    @Nullable
    Pes end() {
        if (!gathers) {
            return null;
        }
        if (writer.length() < PesHeader.LENGTH_AT + 2) {
            drop();
            return null;
        }
        int length = writer.u16At(PesHeader.LENGTH_AT);
        if (length > 0 && writer.length() < PesHeader.LENGTH_AT + 2 + length) {
            drop();
            return null;
        }
        return take();
    }

    private Pes take() {
        gathers = false;
        Bytes bytes = writer.length() > KEPT_BYTES ? writer.handOver() : writer.lend();
        PesHeader header = PesHeader.parse(bytes);
        int end = header.bytes() == 0 ? bytes.length() : Math.min(header.bytes(), bytes.length());
        if (header.dataAt() > end) {
            throw new MalformedException("MPEG-TS: PES header of %d in %d bytes".formatted(header.dataAt(), end));
        }
        return new Pes(header, randomAccess, bytes.slice(header.dataAt(), end));
    }
}
