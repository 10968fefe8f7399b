package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// Goes through the fragments that a muxer left, by their `moof`s, and collects the samples of the good ones.
///
/// A process that died left at most the last fragment torn. A machine that lost power may have left zeros in what it
/// wrote last, in boxes that look whole: the fragments at the tail are checked by their checksums. And where no
/// fragment is, the next intact one is looked for, so that a few bad bytes never cost all that follows.
final class FragmentScan {
    /// How many fragments at the end may turn out to be torn: more than the half minute that a system keeps written
    /// pages from the disk.
    static final int MAX_TORN_FRAGMENTS = 64;
    /// What is read to try the places that look like the start of a fragment, in sizes of the file: bounds the work
    /// on hostile content.
    static final int MAX_SEARCH_FACTOR = 2;

    private static final int BUFFER_BYTES = 256 << 10;
    private static final int MOOF = 0x6D6F6F66;

    private final FileChannel file;
    private final FileBoxes boxes;
    private final Movie movie;
    private final Map<Integer, SampleTableWriter> tables;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private final long keptBytes;
    private long end;
    private long searchedBytes;
    private boolean passesOverUnknownTracks;
    private final Ranges good = new Ranges();
    private boolean kept = true;

    /// A fragment whose boxes are all there.
    private record Fragment(TopBox moof, Bytes moofBody, long crcStart, int crc) {
        long start() {
            return moof.start();
        }

        long end() {
            return crcStart + Layout.CRC_BOX_BYTES;
        }
    }

    /// @param keptBytes how much the tables keep at most
    FragmentScan(
            FileChannel file, FileBoxes boxes, Movie movie, Map<Integer, SampleTableWriter> tables, long keptBytes) {
        this.keptBytes = keptBytes;
        this.file = file;
        this.boxes = boxes;
        this.movie = movie;
        this.tables = tables;
    }

    /// A fragment may have frames of tracks that the movie does not name: the others of it count.
    void passOverUnknownTracks() {
        passesOverUnknownTracks = true;
    }

    /// Adds all good fragments from `start` on to the tables and returns where the last of them ends. The last ones
    /// wait until it is known how the file ends.
    long run(long start) throws IOException {
        end = start;
        Deque<Fragment> waiting = new ArrayDeque<>();
        long at = start;
        while (true) {
            Fragment next = fragmentAt(at);
            if (next == null) {
                next = search(at);
            }
            if (next == null) {
                break;
            }
            at = next.end();
            waiting.add(next);
            if (waiting.size() > MAX_TORN_FRAGMENTS) {
                add(waiting.remove());
            }
        }
        boolean closed = at == boxes.size() && !waiting.isEmpty() && isIntact(waiting.getLast());
        for (Fragment fragment : waiting) {
            // A file that was closed in order was written in order.
            if (closed || isIntact(fragment)) {
                add(fragment);
            }
        }
        return end;
    }

    /// All of the fragment or, if it contradicts itself, nothing.
    private void add(Fragment fragment) {
        // Of each fragment: what its own bytes can hold is bounded, however long the recording became.
        SampleBudget budget = new SampleBudget(fragment.end() - fragment.start());
        List<TrackRun> runs;
        try {
            runs = MovieFragment.parse(fragment.moofBody(), fragment.start(), movie.fragmentDefaults(), budget);
        } catch (MalformedException _) {
            return;
        }
        for (TrackRun run : runs) {
            if (!passesOverUnknownTracks && !tables.containsKey(run.trackId())
                    || run.offset() < fragment.start()
                    || run.offset() + run.bytes() > fragment.crcStart()) {
                return;
            }
        }
        for (TrackRun run : runs) {
            SampleTableWriter table = tables.get(run.trackId());
            if (table != null) {
                table.add(run);
            }
        }
        good.add(fragment.start(), fragment.end() - fragment.start());
        end = fragment.end();
        if (kept
                && tables.values().stream()
                                .mapToLong(SampleTableWriter::keptBytes)
                                .sum()
                        > keptBytes) {
            kept = false;
            tables.values().forEach(SampleTableWriter::forget);
        }
    }

    /// Whether the tables have all that was found; else they have counted it, and want it [#again].
    boolean isKept() {
        return kept;
    }

    /// Adds what was found to other tables of the same tracks.
    ///
    /// @param moved the same file, in which the fragments may stand elsewhere now
    /// @param shift by how much
    void again(FileBoxes moved, long shift, Map<Integer, SampleTableWriter> others) throws IOException {
        FragmentScan second = new FragmentScan(file, moved, movie, others, 0);
        second.passesOverUnknownTracks = passesOverUnknownTracks;
        second.kept = false;
        for (int i = 0; i < good.count(); i++) {
            for (long at = good.from(i) + shift; at < good.to(i) + shift; ) {
                Fragment fragment = second.fragmentAt(at);
                if (fragment == null) {
                    throw new MalformedException("MP4: the fragment at %d is gone".formatted(at));
                }
                second.add(fragment);
                at = fragment.end();
            }
        }
    }

    private @Nullable Fragment fragmentAt(long position) throws IOException {
        TopBox moof = boxes.at(position);
        if (moof == null
                || !moof.type().equals("moof")
                || moof.bodyBytes() > MovieFragment.MAX_MOOF_BYTES
                || moof.end() > boxes.size()) {
            return null;
        }
        TopBox mdat = boxes.at(moof.end());
        if (mdat == null || !mdat.type().equals("mdat") || mdat.end() > boxes.size() - Layout.CRC_BOX_BYTES) {
            return null;
        }
        // The body first: it is in the window that the checksum's box moves on.
        Bytes moofBody = boxes.body(moof, MovieFragment.MAX_MOOF_BYTES);
        Bytes crc = boxes.read(mdat.end(), Layout.CRC_BOX_BYTES);
        if (crc.u32(0) != Layout.CRC_BOX_BYTES
                || !Layout.type(crc, 4).equals("free")
                || crc.i32(8) != Layout.CRC_MAGIC) {
            return null;
        }
        return new Fragment(moof, moofBody, mdat.end(), crc.i32(12));
    }

    /// The next fragment behind `from` whose checksum is right.
    private @Nullable Fragment search(long from) throws IOException {
        ByteBuffer window = ByteBuffer.allocate(BUFFER_BYTES);
        for (long at = from; at + BoxWriter.HEADER_BYTES <= boxes.size(); at += window.limit() - 3) {
            window.clear();
            while (window.hasRemaining() && file.read(window, at + window.position()) > 0) {
                // a file may give fewer bytes than asked for
            }
            window.flip();
            if (window.limit() < 4) {
                return null;
            }
            for (int i = 0; i + 4 <= window.limit(); i++) {
                if (window.get(i) == 'm' && window.getInt(i) == MOOF && at + i - 4 > from) {
                    if (!maySearch(FileBoxes.WINDOW_BYTES)) {
                        return null;
                    }
                    Fragment found = fragmentAt(at + i - 4);
                    if (found != null && maySearch(found.end() - found.start()) && isIntact(found)) {
                        return found;
                    }
                }
            }
        }
        return null;
    }

    private boolean maySearch(long bytes) {
        searchedBytes += bytes;
        return searchedBytes <= MAX_SEARCH_FACTOR * boxes.size();
    }

    private boolean isIntact(Fragment fragment) throws IOException {
        CRC32C crc = new CRC32C();
        for (long at = fragment.start(); at < fragment.crcStart(); ) {
            buffer.clear().limit((int) Math.min(BUFFER_BYTES, fragment.crcStart() - at));
            int count = file.read(buffer, at);
            if (count <= 0) {
                return false;
            }
            crc.update(buffer.flip());
            at += count;
        }
        return (int) crc.getValue() == fragment.crc();
    }
}
