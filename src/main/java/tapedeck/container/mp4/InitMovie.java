package tapedeck.container.mp4;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h265.H265;
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

    private final List<Track> tracks;
    private final MuxerOptions options;
    private final long creationTime;
    private final Map<Integer, Pictures> pictures = new HashMap<>();
    private int durationAt;

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
        this.tracks = tracks;
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
                trak(moov, track);
            }
            moov.box("mvex", mvex -> {
                if (durationTicks != NO_END) {
                    mvex.fullBox("mehd", 1, 0, b -> {
                        durationAt = b.length();
                        b.u64(durationTicks);
                    });
                }
                for (Track track : tracks) {
                    mvex.fullBox(
                            "trex",
                            0,
                            0,
                            b -> b.u32(track.id())
                                    .u32(1)
                                    .u32(TrackClock.usualTicks(track))
                                    .u32(0)
                                    .u32(track.isVideo() ? TrackFragment.NON_SYNC_FLAGS : TrackFragment.SYNC_FLAGS));
                }
            });
            title(moov);
        });
        return out.toBytes();
    }

    /// 8.2.2. Version 1: 64-bit times, so that the full `moov` only overwrites the duration.
    private void mvhd(BoxWriter out) {
        int nextTrackId = tracks.stream().mapToInt(Track::id).max().orElse(0) + 1;
        out.fullBox("mvhd", 1, 0, b -> {
            b.u64(creationTime).u64(creationTime).u32(TIMESCALE).u64(0);
            b.u32(0x0001_0000).u16(0x0100).zeros(10);
            unityMatrix(b);
            b.zeros(24).u32(nextTrackId);
        });
    }

    private void trak(BoxWriter out, Track track) {
        out.box("trak", trak -> {
            tkhd(trak, track);
            trak.box("mdia", mdia -> {
                mdia.fullBox(
                        "mdhd",
                        1,
                        0,
                        b -> b.u64(creationTime)
                                .u64(creationTime)
                                .u32(timescale(track))
                                .u64(0)
                                .u16(0x55C4) // und
                                .u16(0));
                handler(mdia, track.isVideo() ? "vide" : "soun", track.isVideo() ? "Video" : "Audio");
                mdia.box("minf", minf -> {
                    if (track.isVideo()) {
                        minf.fullBox("vmhd", 0, 1, b -> b.zeros(8));
                    } else {
                        minf.fullBox("smhd", 0, 0, b -> b.zeros(4));
                    }
                    minf.box(
                            "dinf",
                            dinf -> dinf.fullBox("dref", 0, 0, b -> b.u32(1).fullBox("url ", 0, 1, _ -> {})));
                    minf.box("stbl", stbl -> emptyTable(stbl, track));
                });
            });
        });
    }

    /// 8.3.2.
    private void tkhd(BoxWriter out, Track track) {
        int enabledInMovieAndPreview = 7;
        out.fullBox("tkhd", 1, enabledInMovieAndPreview, b -> {
            b.u64(creationTime).u64(creationTime).u32(track.id()).u32(0).u64(0);
            b.zeros(8).u16(0).u16(track.isVideo() ? 0 : 1); // layer, alternate_group
            b.u16(track.isVideo() ? 0 : 0x0100).u16(0);
            Pictures largest = pictures(track);
            matrix(b, track.rotationDegrees(), largest);
            b.u32((long) largest.width() << 16).u32((long) largest.height() << 16);
        });
    }

    private void emptyTable(BoxWriter out, Track track) {
        out.fullBox("stsd", 0, 0, b -> SampleEntryWriter.write(b.u32(1), track.codec(), pictures(track)));
        out.fullBox("stts", 0, 0, b -> b.u32(0));
        out.fullBox("stsc", 0, 0, b -> b.u32(0));
        out.fullBox("stsz", 0, 0, b -> b.u32(0).u32(0));
        out.fullBox("stco", 0, 0, b -> b.u32(0));
    }

    private static void handler(BoxWriter out, String type, String name) {
        out.fullBox(
                "hdlr", 0, 0, b -> b.u32(0).ascii(type).zeros(12).ascii(name).u8(0));
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

    private static void unityMatrix(BoxWriter out) {
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
