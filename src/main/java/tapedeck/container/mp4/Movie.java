package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// What a `moov` says (ISO/IEC 14496-12 8.2), with its tables still as bytes.
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
    /// More than the index of four days.
    static final int MAX_MOOV_BYTES = 256 << 20;

    /// One `trak`.
    ///
    /// @param boxes its children
    /// @param mediaBoxes the children of its `mdia`
    /// @param tableBoxes the children of its `stbl`
    /// @param codec null if it is none that we know
    record MovieTrack(
            int id,
            long timescale,
            long durationTicks,
            List<Box> boxes,
            List<Box> mediaBoxes,
            List<Box> tableBoxes,
            @Nullable Codec codec) {}

    static Movie parse(Bytes body) {
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
                MovieTrack track = track(box);
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

    private static MovieTrack track(Box trak) {
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
        return new MovieTrack(id, timescale, duration, boxes, media, table, codec);
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
