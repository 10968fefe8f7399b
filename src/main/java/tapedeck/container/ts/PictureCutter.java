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

    private static final int START_CODE_BYTES = 3;

    private final boolean h265;
    private byte[] array = new byte[0];
    private int length;
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
        scan(cuts);
    }

    private void scan(Cuts cuts) {
        int at = scanned;
        while (at + START_CODE_BYTES + PictureUnits.HEAD_BYTES <= length) {
            int third = array[at + 2];
            if (third < 0 || third > 1) {
                at += START_CODE_BYTES;
            } else if (third == 1 && array[at] == 0 && array[at + 1] == 0) {
                at = unit(at, cuts);
                scanned = at;
            } else {
                at++;
            }
        }
        scanned = at;
    }

    /// A NAL unit begins at `at`. Returns from where on to look for the next.
    private int unit(int at, Cuts cuts) {
        int head = at + START_CODE_BYTES;
        Bytes unit = Bytes.wrap(Arrays.copyOfRange(array, head, head + PictureUnits.HEAD_BYTES));
        int from = at;
        if ((!begun || sliceSeen > 0) && PictureUnits.startsNext(h265, unit)) {
            // zero_byte
            int start = at > 0 && array[at - 1] == 0 ? at - 1 : at;
            from = at - start;
            begin(start, cuts);
        }
        switch (PictureUnits.kind(h265, unit)) {
            case KEYFRAME, SLICE -> sliceSeen++;
            case DELIMITER, SET, OTHER -> {}
        }
        return from + START_CODE_BYTES;
    }

    /// What is before `start` leaves, if it is whole.
    private void begin(int start, Cuts cuts) {
        Bytes whole = begun ? Bytes.wrap(Arrays.copyOf(array, start)) : Bytes.EMPTY;
        Stamp stamp = current;
        System.arraycopy(array, start, array, 0, length - start);
        length -= start;
        current = null;
        Deque<Stamp> later = new ArrayDeque<>();
        for (Stamp each : stamps) {
            // Of a packet that began in the start code's own zeros, too.
            if (each.at() <= start + 1) {
                current = each;
            } else {
                later.add(new Stamp(each.at() - start, each.ptsTicks(), each.dtsTicks(), each.randomAccess()));
            }
        }
        stamps.clear();
        stamps.addAll(later);
        begun = true;
        sliceSeen = 0;
        scanned = START_CODE_BYTES;
        if (!whole.isEmpty()) {
            emit(whole, stamp, cuts);
        }
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
        length = 0;
        scanned = 0;
        sliceSeen = 0;
        begun = false;
        stamps.clear();
        current = null;
    }

    void end(Cuts cuts) {
        if (begun && sliceSeen > 0) {
            emit(Bytes.wrap(Arrays.copyOf(array, length)), current, cuts);
        }
        lost();
    }
}
