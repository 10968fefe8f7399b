package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;

/// The fragments of a file of ours, in each of its states: what stands from the hidden `ftyp` on is a fragmented MP4 of
/// its own ([Layout]), and no finishing changes a byte of it. All places are counted from there, so they stay right
/// when the file is finished, whatever is put in front.
///
/// A file that grows is read on from where it ended the last time.
public final class FragmentIndex {
    /// More than a day of them.
    static final int MAX_FRAGMENTS = 1_000_000;

    /// @param offset from the beginning of the fragments' own file
    /// @param bytes `moof`, `mdat` and what is behind them
    /// @param keyframe whether one is in it
    public record Fragment(long offset, long bytes, long startNanos, long endNanos, boolean keyframe) {}

    private static final long NOWHERE = -1;

    private final List<Fragment> fragments = new ArrayList<>();
    private final Movie movie;
    private final int initBytes;
    private final Map<Integer, Long> nextTicks = new HashMap<>();
    /// By their numbers.
    private final Map<Integer, Timed> timed = new HashMap<>();
    private long base;
    private long end;

    private FragmentIndex(Movie movie, int initBytes, long firstOffset) {
        this.movie = movie;
        this.initBytes = initBytes;
        this.end = firstOffset;
        List<MovieTrack> known =
                movie.tracks().stream().filter(track -> track.codec() != null).toList();
        boolean pictures = known.stream().anyMatch(MovieTrack::isVideo);
        // Of many streams none is there all the time, and a file of them begins before some of their tracks do.
        boolean many = known.stream().filter(MovieTrack::isVideo).count() > 1
                || known.stream().filter(track -> !track.isVideo()).count() > 1;
        for (MovieTrack track : known) {
            if (many || timed.isEmpty() && track.isVideo() == pictures) {
                long shift = many ? EditList.of(track, movie).shiftTicks() : 0;
                timed.put(track.id(), new Timed(track.timescale(), shift, track.isVideo() == pictures));
            }
        }
    }

    /// A track that says how long a fragment is.
    ///
    /// @param shiftTicks from its times to those of the file
    /// @param opens whether one may begin at its keyframes
    private record Timed(long timescale, long shiftTicks, boolean opens) {
        long nanos(long ticks) {
            return TrackClock.nanos(ticks + shiftTicks, timescale);
        }
    }

    /// @throws MalformedException if this is no file of ours
    public static FragmentIndex of(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        long base = base(boxes);
        TopBox moov = boxes.at(base + Layout.HIDDEN_FTYP_BYTES);
        if (moov == null) {
            throw new MalformedException("MP4: no moov at %d".formatted(base + Layout.HIDDEN_FTYP_BYTES));
        }
        FragmentIndex index = new FragmentIndex(
                Movie.parse(boxes.body(moov, FragmentDemuxer.MAX_MOOV_BYTES)),
                (int) (moov.end() - base),
                MoovPlace.fragmentsAt(boxes, moov) - base);
        index.update(file);
        return index;
    }

    /// Where the fragments' own file begins in this one.
    ///
    /// @throws MalformedException if this is no file of ours
    static long base(FileChannel file) throws IOException {
        return base(new FileBoxes(file));
    }

    private static long base(FileBoxes boxes) throws IOException {
        Bytes head = boxes.read(0, (int) Math.min(Layout.BODY_AT, boxes.size()));
        long reserve = switch (Layout.state(head)) {
            case RECORDING -> behindFree(boxes, head.u32(Layout.FLIP_AT) + Layout.FLIP_AT);
            case FINISHED -> behindIndex(boxes);
            case FOREIGN -> NOWHERE;
        };
        if (!IndexMove.isReserve(boxes, reserve)) {
            throw new MalformedException("MP4: no fragments of ours inside");
        }
        return reserve - Layout.HIDDEN_FTYP_BYTES;
    }

    /// Where the reserve is just being made larger, another `free` is between.
    private static long behindFree(FileBoxes boxes, long at) throws IOException {
        TopBox box = boxes.at(at);
        return box != null && box.type().equals("free") ? box.end() : at;
    }

    /// In state F the header of the `mdat` stands in the tail of the reserve. State T does not say how large that was.
    private static long behindIndex(FileBoxes boxes) throws IOException {
        TopBox box = boxes.at(Layout.FLIP_AT);
        if (box != null && box.type().equals("mdat")) {
            Long reserve = IndexMove.reserve(boxes, boxes.size());
            return reserve == null ? NOWHERE : reserve;
        }
        TopBox mdat = box == null ? null : boxes.at(behindFree(boxes, box.end()));
        return mdat != null && mdat.type().equals("mdat") ? mdat.start() + Layout.RESERVE_TAIL_BYTES : NOWHERE;
    }

    /// Takes in what has come since the last time.
    public void update(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        base = base(boxes);
        while (fragments.size() < MAX_FRAGMENTS) {
            TopBox moof = boxes.at(base + end);
            if (moof == null
                    || !moof.type().equals("moof")
                    || moof.end() > boxes.size()
                    || moof.bodyBytes() > MovieFragment.MAX_MOOF_BYTES) {
                return;
            }
            TopBox mdat = boxes.at(moof.end());
            if (mdat == null || !mdat.type().equals("mdat") || mdat.end() > boxes.size() - Layout.CRC_BOX_BYTES) {
                return;
            }
            // It is the last that is written of a fragment.
            if (boxes.read(mdat.end(), Layout.CRC_BOX_BYTES).i32(8) != Layout.CRC_MAGIC) {
                return;
            }
            long bytes = mdat.end() + Layout.CRC_BOX_BYTES - moof.start();
            add(boxes.body(moof, MovieFragment.MAX_MOOF_BYTES), moof.start(), bytes);
        }
    }

    private void add(Bytes moof, long start, long bytes) {
        List<TrackRun> runs = MovieFragment.parse(
                moof, start, movie.fragmentDefaults(), new SampleBudget(FragmentDemuxer.MAX_SAMPLES));
        long before = fragments.isEmpty() ? 0 : fragments.getLast().endNanos();
        Part part = new Part(before);
        for (TrackRun run : runs) {
            Timed track = timed.get(run.trackId());
            if (track != null) {
                part.add(run, track);
            }
        }
        fragments.add(
                new Fragment(end, bytes, part.startNanos, Math.max(part.startNanos, part.endNanos), part.keyframe));
        end += bytes;
    }

    /// What the runs of a fragment say of it.
    private final class Part {
        private long startNanos;
        private long endNanos;
        private boolean keyframe;
        private boolean begun;

        Part(long before) {
            startNanos = before;
            endNanos = before;
        }

        void add(TrackRun run, Timed track) {
            long ticks =
                    run.decodeTime() == TrackRun.UNKNOWN ? nextTicks.getOrDefault(run.trackId(), 0L) : run.decodeTime();
            long start = track.nanos(ticks);
            startNanos = begun ? Math.min(startNanos, start) : start;
            begun = true;
            for (int i = 0; i < run.count(); i++) {
                keyframe |= track.opens() && run.isSync(i);
                ticks += run.duration(i);
            }
            nextTicks.put(run.trackId(), ticks);
            endNanos = Math.max(endNanos, track.nanos(ticks));
        }
    }

    /// Where the fragments' own file began in this one when it was read last.
    public long base() {
        return base;
    }

    /// The initialization section stands in front of the first fragment.
    public int initBytes() {
        return initBytes;
    }

    /// Where the last fragment ends.
    public long bytes() {
        return end;
    }

    /// How many fragments there are.
    public int size() {
        return fragments.size();
    }

    public List<Fragment> fragments() {
        return List.copyOf(fragments);
    }
}
