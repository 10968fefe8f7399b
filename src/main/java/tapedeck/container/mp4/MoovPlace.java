package tapedeck.container.mp4;

import java.io.IOException;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// Where the `moov` of a file of many streams goes each time that a track joins. Its fragments begin at a fixed place;
/// the `moov` that counts stands somewhere in front of them, and everything around it is free. A new one is laid behind
/// it if there is room, else right in front of it, and then the first `free` is made to end where the new one begins:
///
/// ```
/// | ftyp | free ................. | ftyp2 moov1 | free | moof …
/// | ftyp | free . | ftyp2 moov2 | free ............... | moof …    a track joined
/// | ftyp | free ............. | ftyp2 moov3 | free ... | moof …    another one
/// ```
/// So all of them together need no more than about three times the room of the last one, however many there were.
final class MoovPlace {
    static final long NOWHERE = -1;

    private MoovPlace() {}

    /// @param fragmentsAt where the first fragment is going to stand
    static long first(long fragmentsAt, long bytes) {
        long at = floor(fragmentsAt - BoxWriter.HEADER_BYTES - bytes);
        return at >= Layout.MIN_RESERVE_BYTES ? at : NOWHERE;
    }

    /// @param at the one that counts
    /// @param end where that ends
    static long next(long at, long end, long fragmentsAt, long bytes) {
        long behind = first(fragmentsAt, bytes);
        // What stands right behind the one that counts is the header of the free.
        if (behind - Layout.RESERVE_TAIL_BYTES >= end + BoxWriter.HEADER_BYTES) {
            return behind;
        }
        return first(at - Layout.RESERVE_TAIL_BYTES, bytes);
    }

    private static long floor(long position) {
        return Math.floorDiv(position, Layout.RESERVE_ALIGNMENT) * Layout.RESERVE_ALIGNMENT;
    }

    /// Where the fragments behind this `moov` begin.
    static long fragmentsAt(FileBoxes boxes, TopBox moov) throws IOException {
        TopBox box = boxes.at(moov.end());
        return box != null && box.type().equals("free") && box.end() <= boxes.size() ? box.end() : moov.end();
    }
}
