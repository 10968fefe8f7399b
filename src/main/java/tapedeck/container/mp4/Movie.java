package tapedeck.container.mp4;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.media.Codec;

/// What a `moov` says (ISO/IEC 14496-12 8.2). Of a file its sample tables stay where they are, however large they are.
///
/// @param durationTicks of `mvhd`, or of `mehd` where that is longer
/// @param fragmented whether there is an `mvex`
record Movie(
        List<Box> boxes,
        long timescale,
        long durationTicks,
        boolean fragmented,
        List<MovieTrack> tracks,
        Map<Integer, MovieFragment.Defaults> fragmentDefaults) {
    /// What fits a reserve of [Layout]: at least 85 million samples.
    static final int MAX_MOOV_BYTES = Layout.MAX_RESERVE_BYTES - (64 << 10);
    /// Of a `moov` in a file, without the sample tables: more than a thousand tracks say of themselves.
    static final int MAX_HEAD_BYTES = 16 << 20;

    private static final List<String> PARENTS = List.of("trak", "mdia", "minf", "stbl");

    /// One `trak`.
    ///
    /// @param boxes its children
    /// @param mediaBoxes the children of its `mdia`
    /// @param tableBoxes the children of its `stbl`; of a file those that are no sample tables
    /// @param tables the sample tables
    /// @param codec null if it is none that we know
    record MovieTrack(
            int id,
            long timescale,
            long durationTicks,
            List<Box> boxes,
            List<Box> mediaBoxes,
            List<Box> tableBoxes,
            SampleTables tables,
            @Nullable Codec codec) {
        boolean isVideo() {
            return codec instanceof Codec.Video;
        }
    }

    /// What the `moov` of a file says, without reading its sample tables.
    static Movie read(FileBoxes boxes, TopBox moov) throws IOException {
        if (moov.bodyBytes() > MAX_MOOV_BYTES) {
            throw new MalformedException(
                    "MP4: moov of %d bytes, at most %d allowed".formatted(moov.bodyBytes(), MAX_MOOV_BYTES));
        }
        if (moov.end() > boxes.size()) {
            throw new MalformedException("MP4: moov ends at %d, the file at %d".formatted(moov.end(), boxes.size()));
        }
        ByteWriter head = new ByteWriter(4096);
        List<SampleTables> tables = new ArrayList<>();
        head(boxes, moov, head, tables);
        return parse(head.handOver(), tables);
    }

    /// Copies a box's content without the sample tables.
    private static void head(FileBoxes boxes, TopBox parent, ByteWriter out, List<SampleTables> tables)
            throws IOException {
        for (long at = parent.bodyStart(); at + BoxWriter.HEADER_BYTES <= parent.end(); ) {
            TopBox box = boxes.at(at);
            if (box == null || box.end() > parent.end()) {
                throw new MalformedException("MP4: a box at %d that does not fit into %s".formatted(at, parent.type()));
            }
            at = box.end();
            if (out.length() > MAX_HEAD_BYTES) {
                throw new MalformedException(
                        "MP4: more than %d bytes beside the sample tables".formatted(MAX_HEAD_BYTES));
            }
            if (isParent(parent, box) && box.type().equals("trak")) {
                if (tables.size() == Mp4Muxer.MAX_TRACKS) {
                    throw new MalformedException("MP4: more than %d tracks".formatted(Mp4Muxer.MAX_TRACKS));
                }
                tables.add(new SampleTables());
            }
            if (parent.type().equals("stbl") && SampleTables.isOne(box.type()) && !tables.isEmpty()) {
                tables.getLast().add(box.type(), boxes.table(box));
                continue;
            }
            int start = out.length();
            out.bytes(Layout.header(box.type(), 0));
            if (isParent(parent, box)) {
                head(boxes, box, out, tables);
            } else {
                out.bytes(boxes.body(box, MAX_HEAD_BYTES - Math.min(MAX_HEAD_BYTES, out.length())));
            }
            out.patch32(start, out.length() - start);
        }
    }

    /// Whether sample tables lie below it: each such box in the one that it belongs into (8.1.1), and so never deeper.
    static boolean isParent(TopBox parent, TopBox box) {
        int level = PARENTS.indexOf(box.type());
        return level >= 0 && (level == 0 ? "moov" : PARENTS.get(level - 1)).equals(parent.type());
    }

    static Movie parse(Bytes body) {
        return parse(body, List.of());
    }

    /// @param stored of each `trak`; none where they are in the body
    private static Movie parse(Bytes body, List<SampleTables> stored) {
        List<Box> boxes = Box.children("moov", body);
        Box mvhd = Box.need("moov", boxes, "mvhd");
        ByteReader in = afterTimes(mvhd);
        long timescale = timescale(mvhd, in);
        long duration = duration(mvhd, in);
        List<MovieTrack> tracks = new ArrayList<>();
        Set<Integer> ids = new HashSet<>();
        for (Box box : boxes) {
            if (box.type().equals("trak")) {
                if (tracks.size() == Mp4Muxer.MAX_TRACKS) {
                    throw new MalformedException("MP4: more than %d tracks".formatted(Mp4Muxer.MAX_TRACKS));
                }
                MovieTrack track = track(box, stored.isEmpty() ? null : stored.get(tracks.size()));
                if (!ids.add(track.id())) {
                    throw new MalformedException("MP4: two tracks with the id %d".formatted(track.id()));
                }
                tracks.add(track);
            }
        }
        Map<Integer, MovieFragment.Defaults> defaults = new HashMap<>();
        Box mvex = Box.find(boxes, "mvex");
        if (mvex != null) {
            for (Box box : mvex.children()) {
                switch (box.type()) {
                    case "mehd" -> {
                        ByteReader mehd = box.fullBody();
                        duration = Math.max(duration, box.version() == 1 ? mehd.i64() : mehd.u32());
                    }
                    case "trex" -> {
                        ByteReader trex = box.fullBody();
                        int id = trex.i32();
                        trex.skip(4);
                        defaults.put(id, new MovieFragment.Defaults(trex.u32(), trex.u32(), trex.u32()));
                    }
                    default -> {}
                }
            }
        }
        return new Movie(boxes, timescale, duration, mvex != null, tracks, defaults);
    }

    private static MovieTrack track(Box trak, @Nullable SampleTables stored) {
        List<Box> boxes = trak.children();
        Box tkhd = Box.need("trak", boxes, "tkhd");
        int id = afterTimes(tkhd).i32();
        List<Box> media = Box.need("trak", boxes, "mdia").children();
        Box mdhd = Box.need("mdia", media, "mdhd");
        ByteReader in = afterTimes(mdhd);
        long timescale = timescale(mdhd, in);
        long duration = duration(mdhd, in);
        List<Box> table = Box.need("mdia", media, "minf").need("stbl").children();
        Box stsd = Box.find(table, "stsd");
        Codec codec = stsd == null ? null : SampleEntryReader.read(stsd);
        SampleTables tables = stored == null ? SampleTables.of(table) : stored;
        return new MovieTrack(id, timescale, duration, boxes, media, table, tables, codec);
    }

    /// Over the samples of a track, in tables or in fragments.
    ///
    /// @param moov where this stands
    SampleCursor samples(FileBoxes boxes, TopBox moov, MovieTrack track) throws IOException {
        if (fragmented) {
            return new FragmentCursor(boxes, this, track.id(), moov.end());
        }
        TableCursor cursor = new TableCursor(track.tables());
        // A sample has a byte of media at the least, but a few bytes can claim 2^32 of them.
        if (cursor.count() > boxes.size()) {
            throw new MalformedException("MP4: %d samples in %d bytes".formatted(cursor.count(), boxes.size()));
        }
        return cursor;
    }

    /// What a `moof` says of its samples.
    ///
    /// @param budget of all that one goes through
    List<TrackRun> runs(FileBoxes boxes, TopBox moof, SampleBudget budget) throws IOException {
        return MovieFragment.parse(
                boxes.body(moof, MovieFragment.MAX_MOOF_BYTES), moof.start(), fragmentDefaults, budget);
    }

    /// The same of one track alone.
    List<TrackRun> runs(FileBoxes boxes, TopBox moof, SampleBudget budget, int trackId) throws IOException {
        return MovieFragment.parse(
                boxes.body(moof, MovieFragment.MAX_MOOF_BYTES), moof.start(), fragmentDefaults, budget, trackId);
    }

    /// A cursor behind creation_time and modification_time.
    private static ByteReader afterTimes(Box box) {
        ByteReader in = box.fullBody();
        in.skip(box.version() == 1 ? 16 : 8);
        return in;
    }

    private static long timescale(Box box, ByteReader in) {
        long timescale = in.u32();
        if (timescale == 0 || timescale > Integer.MAX_VALUE) {
            throw new MalformedException("MP4: timescale %d in %s".formatted(timescale, box.type()));
        }
        return timescale;
    }

    /// 8.2.2.3: all ones if it is unknown; also 0 then.
    private static long duration(Box box, ByteReader in) {
        if (box.version() == 1) {
            return Math.max(0, in.i64());
        }
        long duration = in.u32();
        return duration == 0xFFFF_FFFFL ? 0 : duration;
    }

    /// The tracks as the rest of the server knows them; those of unknown codecs are left out.
    List<tapedeck.media.Track> knownTracks() {
        List<tapedeck.media.Track> known = new ArrayList<>();
        for (MovieTrack track : tracks) {
            if (track.codec() != null) {
                known.add(new tapedeck.media.Track(track.id(), track.codec()));
            }
        }
        return known;
    }
}
