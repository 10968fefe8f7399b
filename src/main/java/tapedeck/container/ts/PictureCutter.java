package tapedeck.container.ts;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Access units out of a byte stream whose PES packets begin anywhere. A stamp is that of the first access unit that
/// begins in its packet, 2.4.3.7.
final class PictureCutter {
    /// Where they go.
    interface Cuts {
        /// @param ptsTicks -1 for one without a stamp
        void cut(Bytes data, long ptsTicks, long dtsTicks, boolean randomAccess);
    }

    /// @param at where its packet began
    private record Stamp(int at, long ptsTicks, long dtsTicks, boolean randomAccess) {}

    /// Access units that may begin in one PES packet: more than those of a second.
    static final int MAX_UNITS = 256;

    private static final int START_CODE_BYTES = 3;

    private final boolean h265;
    private byte[] array = new byte[0];
    /// Where the access unit begins that is not whole yet; what is before has left.
    private int base;
    private int length;
    private int units;
    private int scanned;
    private int sliceSeen;
    private boolean begun;
    private final Deque<Stamp> stamps = new ArrayDeque<>();
    private @Nullable Stamp current;

    PictureCutter(boolean h265) {
        this.h265 = h265;
    }

    void receive(PesAssembler.Pes pes, Cuts cuts) {
        int count = pes.data().length();
        compact();
        if (length + count > PesAssembler.MAX_PES_BYTES) {
            lost();
            throw new MalformedException(
                    "MPEG-TS: picture of more than %d bytes".formatted(PesAssembler.MAX_PES_BYTES));
        }
        if (pes.header().ptsTicks() >= 0) {
            stamps.add(new Stamp(length, pes.header().ptsTicks(), pes.header().dtsTicks(), pes.randomAccess()));
        }
        if (length + count > array.length) {
            array = Arrays.copyOf(array, Math.max(length + count, 2 * array.length));
        }
        pes.data().copyTo(0, array, length, count);
        length += count;
        units = 0;
        scan(cuts);
    }

    /// Once for each PES packet, so that no byte moves more than once whatever is cut from it.
    private void compact() {
        // Of the stamps that no access unit took, the next takes the last.
        Stamp untaken = null;
        while (!stamps.isEmpty() && stamps.getFirst().at() <= scanned) {
            untaken = stamps.removeFirst();
        }
        if (untaken != null) {
            stamps.addFirst(untaken);
        }
        if (base == 0) {
            return;
        }
        System.arraycopy(array, base, array, 0, length - base);
        for (int i = stamps.size(); i > 0; i--) {
            Stamp each = stamps.removeFirst();
            stamps.addLast(new Stamp(each.at() - base, each.ptsTicks(), each.dtsTicks(), each.randomAccess()));
        }
        length -= base;
        scanned -= base;
        base = 0;
    }

    private void scan(Cuts cuts) {
        int at = scanned;
        while (at + START_CODE_BYTES + PictureUnits.HEAD_BYTES <= length) {
            int third = array[at + 2];
            if (third < 0 || third > 1) {
                at += START_CODE_BYTES;
            } else if (third == 1 && array[at] == 0 && array[at + 1] == 0) {
                unit(at, cuts);
                at += START_CODE_BYTES;
            } else {
                at++;
            }
        }
        scanned = at;
    }

    /// A NAL unit begins at `at`.
    private void unit(int at, Cuts cuts) {
        int head = at + START_CODE_BYTES;
        scanned = head;
        Bytes unit = Bytes.wrap(Arrays.copyOfRange(array, head, head + PictureUnits.HEAD_BYTES));
        boolean begins = (!begun || sliceSeen > 0) && PictureUnits.startsNext(h265, unit);
        if (begins) {
            sliceSeen = 0;
        }
        switch (PictureUnits.kind(h265, unit)) {
            case KEYFRAME, SLICE -> sliceSeen++;
            case DELIMITER, SET, OTHER -> {}
        }
        if (begins) {
            // zero_byte
            begin(at > base && array[at - 1] == 0 ? at - 1 : at, cuts);
        }
    }

    /// What is before `start` leaves, if it is whole.
    private void begin(int start, Cuts cuts) {
        if (++units > MAX_UNITS) {
            lost();
            throw new MalformedException("MPEG-TS: more than %d pictures in a PES packet".formatted(MAX_UNITS));
        }
        Bytes whole = begun ? Bytes.wrap(Arrays.copyOfRange(array, base, start)) : Bytes.EMPTY;
        Stamp stamp = current;
        base = start;
        current = null;
        // Of a packet that began in the start code's own zeros, too.
        while (!stamps.isEmpty() && stamps.getFirst().at() <= start + 1) {
            current = stamps.removeFirst();
        }
        begun = true;
        if (!whole.isEmpty()) {
            emit(whole, stamp, cuts);
        }
    }

    int waitingBytes() {
        return array.length;
    }

    private static void emit(Bytes whole, @Nullable Stamp stamp, Cuts cuts) {
        if (stamp == null) {
            cuts.cut(whole, -1, -1, false);
        } else {
            cuts.cut(whole, stamp.ptsTicks(), stamp.dtsTicks(), stamp.randomAccess());
        }
    }

    /// What is there is not whole; the next that begins is.
    void lost() {
        array = new byte[0];
        base = 0;
        length = 0;
        scanned = 0;
        sliceSeen = 0;
        begun = false;
        stamps.clear();
        current = null;
    }

    void end(Cuts cuts) {
        if (begun && sliceSeen > 0) {
            emit(Bytes.wrap(Arrays.copyOfRange(array, base, length)), current, cuts);
        }
        lost();
    }
}
