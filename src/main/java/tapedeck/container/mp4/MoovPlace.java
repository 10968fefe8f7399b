package tapedeck.container.mp4;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
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
    /// How far the last one that was laid is looked for where nothing says where the fragments begin.
    static final long MAX_SEARCHED_BYTES = 4 << 20;

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

    /// The last one that was laid whole, whatever the switch says: of the two, a machine that lost power may have
    /// written only one. Each names more tracks than those before it, and so is larger.
    ///
    /// @param before where the fragments begin, as far as that is known
    static @Nullable TopBox latest(FileBoxes boxes, long before) throws IOException {
        TopBox latest = null;
        long last = Math.min(boxes.size(), before) - BoxWriter.HEADER_BYTES;
        for (long at = Layout.MIN_RESERVE_BYTES; at <= last; at += Layout.RESERVE_ALIGNMENT) {
            TopBox moov = IndexMove.isReserve(boxes, at) ? boxes.at(at) : null;
            if (moov != null && (latest == null || moov.size() > latest.size()) && isWhole(boxes, moov)) {
                latest = moov;
            }
        }
        return latest;
    }

    private static boolean isWhole(FileBoxes boxes, TopBox moov) throws IOException {
        long fragments = fragmentsAt(boxes, moov);
        TopBox moof = boxes.at(fragments);
        if (fragments == moov.end() || moof == null || !moof.type().equals("moof")) {
            return false;
        }
        try {
            Movie movie = Movie.parse(boxes.body(moov, FragmentDemuxer.MAX_MOOV_BYTES));
            return movie.fragmented()
                    && !movie.tracks().isEmpty()
                    && movie.tracks().stream()
                            .allMatch(track -> movie.fragmentDefaults().containsKey(track.id())
                                    && (track.codec() != null || track.id() == NoteTrack.ID));
        } catch (MalformedException _) {
            return false;
        }
    }
}
