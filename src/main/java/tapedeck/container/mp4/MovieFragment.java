package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Reads a `moof`, ISO/IEC 14496-12 8.8.4 to 8.8.12.
final class MovieFragment {
    static final int MAX_MOOF_BYTES = 16 << 20;
    /// Offsets beyond this could overflow when sizes are added.
    static final long MAX_OFFSET = 1L << 62;

    private static final int NOT_SYNC = 0x1_0000;
    /// Where a track's data is counted from, `tfhd` 8.8.7.
    private static final int BASE_SAID = 0x1;

    private static final int BASE_IS_MOOF = 0x2_0000;

    /// Defaults of a track, `trex` 8.8.3.
    record Defaults(long duration, long size, long flags) {
        static final Defaults NONE = new Defaults(0, 0, 0);
    }

    private final long moofStart;
    private final Map<Integer, Defaults> tracks;
    private final SampleBudget budget;
    private final List<TrackRun> runs = new ArrayList<>();
    /// Where data goes on that says no place of its own.
    private long dataEnd;

    private MovieFragment(long moofStart, Map<Integer, Defaults> tracks, SampleBudget budget) {
        this.moofStart = moofStart;
        this.tracks = tracks;
        this.budget = budget;
        dataEnd = moofStart;
    }

    /// The runs of samples in a `moof` that begins at `moofStart` in the file.
    static List<TrackRun> parse(Bytes moofBody, long moofStart, Map<Integer, Defaults> tracks, SampleBudget budget) {
        MovieFragment fragment = new MovieFragment(moofStart, tracks, budget);
        for (Box box : Box.children("moof", moofBody)) {
            if (box.type().equals("traf")) {
                fragment.traf(box);
            }
        }
        return fragment.runs;
    }

    /// Those of one track. The others are passed over, unless it depends on their data where its own stands.
    static List<TrackRun> parse(
            Bytes moofBody, long moofStart, Map<Integer, Defaults> tracks, SampleBudget budget, int trackId) {
        List<Box> trafs = Box.children("moof", moofBody).stream()
                .filter(box -> box.type().equals("traf"))
                .toList();
        List<Bytes> heads = trafs.stream()
                .map(traf -> Box.need("traf", traf.children(), "tfhd").body())
                .toList();
        boolean apart = heads.stream().allMatch(head -> (head.i32(0) & (BASE_SAID | BASE_IS_MOOF)) != 0);
        MovieFragment fragment = new MovieFragment(moofStart, tracks, budget);
        for (int i = 0; i < trafs.size(); i++) {
            if (!apart || heads.get(i).i32(Integer.BYTES) == trackId) {
                fragment.traf(trafs.get(i));
            }
        }
        return fragment.runs.stream().filter(run -> run.trackId() == trackId).toList();
    }

    private void traf(Box traf) {
        List<Box> boxes = traf.children();
        Box tfhd = Box.need("traf", boxes, "tfhd");
        ByteReader in = tfhd.body().reader();
        int flags = in.i32() & 0xFF_FFFF;
        int trackId = in.i32();
        Defaults trex = tracks.getOrDefault(trackId, Defaults.NONE);
        boolean baseIsMoof = (flags & BASE_IS_MOOF) != 0;
        long base = baseIsMoof ? moofStart : dataEnd;
        if ((flags & BASE_SAID) != 0) {
            base = in.i64();
            checkOffset(base);
        }
        if ((flags & 0x2) != 0) {
            in.skip(4); // sample_description_index
        }
        Defaults defaults = new Defaults(
                (flags & 0x8) != 0 ? in.u32() : trex.duration(),
                (flags & 0x10) != 0 ? in.u32() : trex.size(),
                (flags & 0x20) != 0 ? in.u32() : trex.flags());
        long decodeTime = TrackRun.UNKNOWN;
        Box tfdt = Box.find(boxes, "tfdt");
        if (tfdt != null) {
            ByteReader time = tfdt.fullBody();
            decodeTime = tfdt.version() == 1 ? time.i64() : time.u32();
            if (decodeTime < 0 || decodeTime > MAX_OFFSET) {
                throw new MalformedException("MP4: baseMediaDecodeTime %d".formatted(decodeTime));
            }
        }
        long runStart = base;
        for (Box box : boxes) {
            if (box.type().equals("trun")) {
                TrackRun run = trun(box, trackId, decodeTime, base, runStart, defaults);
                runs.add(run);
                decodeTime = TrackRun.UNKNOWN;
                runStart = run.offset() + run.bytes();
                dataEnd = runStart;
            }
        }
    }

    private TrackRun trun(Box trun, int trackId, long decodeTime, long base, long runStart, Defaults defaults) {
        ByteReader in = trun.body().reader();
        int flags = in.i32() & 0xFF_FFFF;
        long claimed = in.u32();
        long offset = (flags & 0x1) != 0 ? base + in.i32() : runStart;
        checkOffset(offset);
        long firstFlags = (flags & 0x4) != 0 ? in.u32() : -1;
        int fields = Integer.bitCount(flags & 0xF00);
        if (claimed * fields * 4 > in.remaining()) {
            throw new MalformedException("MP4: trun claims %d samples of %d bytes, %d bytes are there"
                    .formatted(claimed, fields * 4, in.remaining()));
        }
        int count = budget.take(claimed);
        TrackRun run = new TrackRun(trackId, decodeTime, offset, count);
        for (int i = 0; i < count; i++) {
            long duration = (flags & 0x100) != 0 ? in.u32() : defaults.duration();
            long size = (flags & 0x200) != 0 ? in.u32() : defaults.size();
            if (size > Integer.MAX_VALUE) {
                throw new MalformedException("MP4: sample of %d bytes".formatted(size));
            }
            long sampleFlags = (flags & 0x400) != 0 ? in.u32() : defaults.flags();
            if (i == 0 && firstFlags >= 0) {
                sampleFlags = firstFlags;
            }
            int compositionOffset = (flags & 0x800) != 0 ? in.i32() : 0;
            run.set(i, duration, (int) size, compositionOffset, (sampleFlags & NOT_SYNC) == 0);
        }
        return run;
    }

    private static void checkOffset(long offset) {
        if (offset < 0 || offset > MAX_OFFSET) {
            throw new MalformedException("MP4: data offset %d".formatted(offset));
        }
    }
}
