package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tapedeck.bytes.Bytes;

/// The notes of a file since the last flush, and when the last one was.
final class NoteFragment {
    // tf_flags and tr_flags, ISO/IEC 14496-12 8.8.7.1 and 8.8.8.1
    private static final int DEFAULT_BASE_IS_MOOF = 0x2_0000;
    private static final int DATA_OFFSET = 0x1;
    private static final int DURATIONS = 0x100;
    private static final int SIZES = 0x200;

    private record Note(long nanos, Bytes json) {}

    private final List<Note> notes = new ArrayList<>();
    private long lastTicks;

    void add(long nanos, Bytes json) {
        notes.add(new Note(nanos, json));
    }

    boolean isEmpty() {
        return notes.isEmpty();
    }

    /// Writes the `traf`. Each note lasts until the next one, and what is not known yet a tick.
    ///
    /// @param endTicks no note is later than the media
    /// @return where its data_offset is to be patched
    int write(BoxWriter out, long endTicks) {
        notes.sort(Comparator.comparingLong(Note::nanos));
        long[] ticks = new long[notes.size()];
        for (int i = 0; i < ticks.length; i++) {
            long at = TrackClock.ticks(Math.max(0, notes.get(i).nanos()), NoteTrack.TIMESCALE);
            lastTicks = Math.max(lastTicks, Math.min(at, endTicks));
            ticks[i] = lastTicks;
        }
        int[] dataOffsetAt = new int[1];
        out.box("traf", traf -> {
            traf.fullBox("tfhd", 0, DEFAULT_BASE_IS_MOOF, b -> b.u32(NoteTrack.ID));
            traf.fullBox("tfdt", 1, 0, b -> b.u64(ticks[0]));
            traf.fullBox("trun", 0, DATA_OFFSET | DURATIONS | SIZES, b -> {
                b.u32(ticks.length);
                dataOffsetAt[0] = b.length();
                b.u32(0);
                for (int i = 0; i < ticks.length; i++) {
                    b.u32(i + 1 < ticks.length ? ticks[i + 1] - ticks[i] : 1);
                    b.u32(notes.get(i).json().length());
                }
            });
        });
        return dataOffsetAt[0];
    }

    long sizeBytes() {
        return notes.stream().mapToLong(note -> note.json().length()).sum();
    }

    void appendTo(List<Bytes> parts) {
        notes.forEach(note -> parts.add(note.json()));
    }

    /// Empties the list once its bytes are on their way.
    void clear() {
        notes.clear();
    }
}
