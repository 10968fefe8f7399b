package tapedeck.container.mp4;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h265.H265;
import tapedeck.container.MemberTrack;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// The `moov` of a file that is being recorded: its tracks, no samples, and a duration that is kept true.
final class InitMovie {
    /// Movie time: fine enough for edit lists to the 11 µs, and whole milliseconds are exact.
    static final int TIMESCALE = 90_000;

    private static final long SECONDS_1904_TO_1970 = Duration.between(
                    Instant.parse("1904-01-01T00:00:00Z"), Instant.EPOCH)
            .toSeconds();

    private static final long NO_END = -1;
    /// alternate_group, 8.3.2: a player shows one of them.
    private static final int VIDEO_OF_MANY = 2;

    private final List<Track> tracks;
    private final MuxerOptions options;
    private final boolean noted;
    private final long creationTime;
    private final Map<Integer, Pictures> pictures = new HashMap<>();
    /// Of a file of many streams, by track id.
    private final Map<Integer, Member> members = new HashMap<>();

    private int durationAt;

    /// @param shiftNanos by how much the time of the track runs ahead of the movie's; below 0 if it begins later
    private record Member(MemberTrack track, long shiftNanos) {}

    /// What a track's pictures are so far.
    ///
    /// @param width of the largest; 0 without pictures
    /// @param level that a decoder of H.264 or H.265 needs for all of them (ISO/IEC 14496-15 5.3.3.1.2, 8.3.3.1.3)
    /// @param inBand whether the sample entry describes the first of them only
    record Pictures(int width, int height, int level, boolean inBand) {
        static final Pictures NONE = new Pictures(0, 0, 0, false);

        static Pictures of(Track track) {
            return switch (track.codec()) {
                case Codec.Video video -> new Pictures(video.width(), video.height(), level(video), false);
                case Codec.Audio _ -> NONE;
            };
        }

        /// With those of another size.
        Pictures with(Codec.Video video) {
            boolean larger = (long) video.width() * video.height() > (long) width * height;
            return new Pictures(
                    larger ? video.width() : width,
                    larger ? video.height() : height,
                    Math.max(level, level(video)),
                    true);
        }

        private static int level(Codec.Video codec) {
            return switch (codec) {
                case Codec.H264 h264 -> h264.sps().getFirst().u8(SampleEntryWriter.AVCC_LEVEL_AT);
                case Codec.H265 h265 -> H265.toHvcc(h265).u8(SampleEntryWriter.HVCC_LEVEL_AT);
                case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _ -> 0;
            };
        }
    }

    InitMovie(List<Track> tracks, MuxerOptions options) {
        this(tracks, options, false);
    }

    /// @param noted whether there is a track of notes
    InitMovie(List<Track> tracks, MuxerOptions options, boolean noted) {
        this.noted = noted;
        this.tracks = new ArrayList<>(tracks);
        tracks.forEach(track -> pictures.put(track.id(), Pictures.of(track)));
        this.options = options;
        creationTime = Math.max(0, options.startedAt().getEpochSecond() + SECONDS_1904_TO_1970);
    }

    /// Ticks per second of a track: 90 kHz for video, so that milliseconds and all usual picture rates are exact; the
    /// sample rate for audio.
    static int timescale(Track track) {
        return switch (track.codec()) {
            case Codec.Video _ -> TIMESCALE;
            case Codec.Audio audio -> audio.sampleRateHz();
        };
    }

    /// From now on it has this track too, in the order of their ids.
    ///
    /// @param shiftNanos by how much the time of the track runs ahead of the movie's; below 0 if it begins later
    void add(MemberTrack member, long shiftNanos) {
        tracks.add(member.track());
        tracks.sort(Comparator.comparingInt(Track::id));
        pictures.put(member.track().id(), Pictures.of(member.track()));
        members.put(member.track().id(), new Member(member, shiftNanos));
    }

    /// How long [#write] is.
    int bytes() {
        return write(0).length();
    }

    /// How much longer [#write] would be with this track, at most.
    int bytesOf(MemberTrack member) {
        BoxWriter out = new BoxWriter(1024);
        trak(out, member.track(), Pictures.of(member.track()), new Member(member, -1));
        trex(out, member.track());
        return out.length();
    }

    /// Where in [#write] the 64-bit duration of `mehd` stands, counted from the start of the `moov`.
    int durationAt() {
        return durationAt;
    }

    /// A track's pictures have another size from now on.
    ///
    /// @return whether [#write] says something else now: other numbers in the same places
    boolean goesOn(Track track) {
        Pictures before = pictures(track);
        if (!(track.codec() instanceof Codec.Video video)) {
            return false;
        }
        Pictures now = before.with(video);
        pictures.put(track.id(), now);
        return !now.equals(before);
    }

    private Pictures pictures(Track track) {
        return pictures.getOrDefault(track.id(), Pictures.NONE);
    }

    /// The same of a movie that has no end: nothing is said of its duration, 8.8.2.
    Bytes writeLive() {
        return write(NO_END);
    }

    Bytes write(long durationTicks) {
        BoxWriter out = new BoxWriter(2048);
        out.box("moov", moov -> {
            mvhd(moov);
            for (Track track : tracks) {
                trak(moov, track, pictures(track), members.get(track.id()));
            }
            if (noted) {
                NoteTrack.trak(moov, creationTime);
            }
            moov.box("mvex", mvex -> {
                if (durationTicks != NO_END) {
                    mvex.fullBox("mehd", 1, 0, b -> {
                        durationAt = b.length();
                        b.u64(durationTicks);
                    });
                }
                for (Track track : tracks) {
                    trex(mvex, track);
                }
                if (noted) {
                    NoteTrack.trex(mvex);
                }
            });
            title(moov);
        });
        return out.toBytes();
    }

    /// 8.8.3.
    private static void trex(BoxWriter out, Track track) {
        out.fullBox(
                "trex",
                0,
                0,
                b -> b.u32(track.id())
                        .u32(1)
                        .u32(TrackClock.usualTicks(track))
                        .u32(0)
                        .u32(track.isVideo() ? TrackFragment.NON_SYNC_FLAGS : TrackFragment.SYNC_FLAGS));
    }

    /// 8.2.2. Version 1: 64-bit times, so that the full `moov` only overwrites the duration.
    private void mvhd(BoxWriter out) {
        int last = tracks.stream().mapToInt(Track::id).max().orElse(0);
        int nextTrackId = Math.max(last, noted ? NoteTrack.ID : 0) + 1;
        out.fullBox("mvhd", 1, 0, b -> {
            b.u64(creationTime).u64(creationTime).u32(TIMESCALE).u64(0);
            b.u32(0x0001_0000).u16(0x0100).zeros(10);
            unityMatrix(b);
            b.zeros(24).u32(nextTrackId);
        });
    }

    private void trak(BoxWriter out, Track track, Pictures largest, @Nullable Member member) {
        out.box("trak", trak -> {
            tkhd(trak, track, largest, member == null ? 0 : VIDEO_OF_MANY);
            if (member != null && member.shiftNanos() != 0) {
                edits(trak, track, member);
            }
            trak.box("mdia", mdia -> {
                mdhd(mdia, creationTime, timescale(track));
                String name = track.isVideo() ? "Video" : "Audio";
                handler(
                        mdia,
                        track.isVideo() ? "vide" : "soun",
                        member == null ? name : member.track().identity().streamName());
                mdia.box("minf", minf -> {
                    if (track.isVideo()) {
                        minf.fullBox("vmhd", 0, 1, b -> b.zeros(8));
                    } else {
                        minf.fullBox("smhd", 0, 0, b -> b.zeros(4));
                    }
                    dinf(minf);
                    minf.box("stbl", stbl -> emptyTable(stbl, track, largest));
                });
            });
            if (member != null) {
                IdentityBoxes.write(trak, member.track());
            }
        });
    }

    /// 8.4.2.
    static void mdhd(BoxWriter out, long creationTime, int timescale) {
        out.fullBox(
                "mdhd",
                1,
                0,
                b -> b.u64(creationTime)
                        .u64(creationTime)
                        .u32(timescale)
                        .u64(0)
                        .u16(0x55C4) // und
                        .u16(0));
    }

    /// 8.7.1: all media is in this file.
    static void dinf(BoxWriter out) {
        out.box("dinf", dinf -> dinf.fullBox("dref", 0, 0, b -> b.u32(1).fullBox("url ", 0, 1, _ -> {})));
    }

    /// 8.6.6: how the track's own time lies in that of the movie, for players while the file grows. The last edit has
    /// no end, 8.8.2.
    private static void edits(BoxWriter out, Track track, Member member) {
        long early = Math.max(0, member.shiftNanos());
        long late = Math.max(0, -member.shiftNanos());
        out.box(
                "edts",
                edts -> edts.fullBox("elst", 1, 0, b -> {
                    b.u32(late > 0 ? 2 : 1);
                    if (late > 0) {
                        b.u64(TrackClock.ticks(late, TIMESCALE))
                                .u64(EditList.NOTHING)
                                .u32(0x0001_0000);
                    }
                    b.u64(0).u64(TrackClock.ticks(early, timescale(track))).u32(0x0001_0000);
                }));
    }

    /// 8.3.2.
    private void tkhd(BoxWriter out, Track track, Pictures largest, int videoGroup) {
        int enabledInMovieAndPreview = 7;
        out.fullBox("tkhd", 1, enabledInMovieAndPreview, b -> {
            b.u64(creationTime).u64(creationTime).u32(track.id()).u32(0).u64(0);
            b.zeros(8).u16(0).u16(track.isVideo() ? videoGroup : 1); // layer, alternate_group
            b.u16(track.isVideo() ? 0 : 0x0100).u16(0);
            matrix(b, track.rotationDegrees(), largest);
            b.u32((long) largest.width() << 16).u32((long) largest.height() << 16);
        });
    }

    private static void emptyTable(BoxWriter out, Track track, Pictures pictures) {
        out.fullBox("stsd", 0, 0, b -> SampleEntryWriter.write(b.u32(1), track.codec(), pictures));
        noSamples(out);
    }

    static void noSamples(BoxWriter out) {
        out.fullBox("stts", 0, 0, b -> b.u32(0));
        out.fullBox("stsc", 0, 0, b -> b.u32(0));
        out.fullBox("stsz", 0, 0, b -> b.u32(0).u32(0));
        out.fullBox("stco", 0, 0, b -> b.u32(0));
    }

    static void handler(BoxWriter out, String type, String name) {
        out.fullBox(
                "hdlr",
                0,
                0,
                b -> b.u32(0).ascii(type).zeros(12).bytes(Bytes.ofUtf8(name)).u8(0));
    }

    /// 8.3.2 and 6.2.2: `a b u, c d v, x y w`. The turned picture is moved back to where its corner is at 0, 0.
    private static void matrix(BoxWriter out, int rotationDegrees, Pictures pictures) {
        if (rotationDegrees == 0 || pictures.width() == 0) {
            unityMatrix(out);
            return;
        }
        int cosine = rotationDegrees == 180 ? -0x0001_0000 : 0;
        int sine = rotationDegrees == 90 ? 0x0001_0000 : rotationDegrees == 270 ? -0x0001_0000 : 0;
        int right = cosine < 0 ? pictures.width() : sine > 0 ? pictures.height() : 0;
        int down = cosine < 0 ? pictures.height() : sine < 0 ? pictures.width() : 0;
        out.u32(cosine).u32(sine).u32(0);
        out.u32(-sine).u32(cosine).u32(0);
        out.u32((long) right << 16).u32((long) down << 16).u32(0x4000_0000);
    }

    static void unityMatrix(BoxWriter out) {
        out.u32(0x0001_0000).zeros(12).u32(0x0001_0000).zeros(12).u32(0x4000_0000);
    }

    /// The stream's name where players look for a title: the `©nam` item of an `mdir` metadata list.
    private void title(BoxWriter out) {
        if (options.title().isEmpty()) {
            return;
        }
        Bytes title = Bytes.ofUtf8(options.title());
        int utf8 = 1;
        out.box(
                "udta",
                udta -> udta.fullBox("meta", 0, 0, meta -> {
                    meta.fullBox(
                            "hdlr",
                            0,
                            0,
                            b -> b.u32(0).ascii("mdirappl").zeros(8).u8(0));
                    meta.box(
                            "ilst",
                            ilst -> ilst.box(
                                    "\u00A9nam",
                                    item -> item.box(
                                            "data", b -> b.u32(utf8).u32(0).bytes(title))));
                }));
    }
}
