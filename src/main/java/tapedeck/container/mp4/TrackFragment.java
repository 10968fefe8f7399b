package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.Muxer;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The frames of one track since the last flush, and what has to be known of those before: two numbers.
final class TrackFragment {
    /// sample_flags, ISO/IEC 14496-12 8.8.3.1: depends on no other.
    static final int SYNC_FLAGS = 0x0200_0000;
    /// Depends on others, is no sync sample.
    static final int NON_SYNC_FLAGS = 0x0101_0000;

    // tr_flags, 8.8.8.1
    private static final int DATA_OFFSET = 0x1;
    private static final int FIRST_SAMPLE_FLAGS = 0x4;
    private static final int DURATIONS = 0x100;
    private static final int SIZES = 0x200;
    private static final int FLAGS = 0x400;
    private static final int COMPOSITION_OFFSETS = 0x800;

    // tf_flags, 8.8.7.1
    private static final int DEFAULT_DURATION = 0x8;
    private static final int DEFAULT_BASE_IS_MOOF = 0x2_0000;

    private static final long MAX_DURATION_TICKS = 0xFFFF_FFFFL;
    private static final int USUAL_FRAMES_PER_SECOND = 30;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Track track;
    private final TrackClock clock;
    private final List<Frame> frames = new ArrayList<>();

    /// Whether the first frame is decoded at the time at which it is shown, as the edit lists of files want it.
    /// Pictures that come out of order then have offsets below 0.
    private final boolean decodesWhenShown;

    private boolean started;
    private boolean leftOut;
    /// By how much its own time runs ahead of the movie's.
    private long shiftNanos;
    /// From the publisher's decoding time to ours: so much that the first frame is decoded when it is shown.
    private long decodeShiftNanos;

    private long lastDecodeTicks;
    private long lastDurationTicks;
    private long endTicks;

    TrackFragment(Track track, boolean decodesWhenShown) {
        this.track = track;
        this.decodesWhenShown = decodesWhenShown;
        clock = new TrackClock(track);
        lastDurationTicks = track.isVideo() ? InitMovie.timescale(track) / USUAL_FRAMES_PER_SECOND : 0;
    }

    Track track() {
        return track;
    }

    private long usualDuration() {
        return TrackClock.usualTicks(track);
    }

    void add(Frame frame) {
        frames.add(frame);
    }

    List<Frame> frames() {
        return frames;
    }

    /// The earliest presentation time of the frames; the latest there is if there are none.
    long earliestNanos() {
        long earliest = Long.MAX_VALUE;
        for (Frame frame : frames) {
            earliest = Math.min(earliest, frame.ptsNanos());
        }
        return earliest;
    }

    /// Its own time begins here in the movie's, which may be before that begins: whole ticks of the movie, so that an
    /// edit list can say it.
    void beginAt(long nanos) {
        shiftNanos = -TrackClock.nanos(
                Math.floorDiv(nanos, NANOS_PER_SECOND) * InitMovie.TIMESCALE
                        + Math.floorMod(nanos, NANOS_PER_SECOND) * InitMovie.TIMESCALE / NANOS_PER_SECOND,
                InitMovie.TIMESCALE);
    }

    long shiftNanos() {
        return shiftNanos;
    }

    /// When the last sample written so far ends, in ticks of the movie.
    long endMovieTicks() {
        long nanos = TrackClock.nanos(endTicks, InitMovie.timescale(track)) - shiftNanos;
        return TrackClock.ticks(nanos, InitMovie.TIMESCALE);
    }

    /// Leaves out what would be shown before time 0; a track begins with a keyframe.
    ///
    /// @return how many frames are missing by that: sound of [Muxer#EARLY_SOUND_NANOS] in front of the
    /// first picture is not
    int leaveOutBefore(long zeroNanos) {
        if (started) {
            return 0;
        }
        int first = 0;
        int missing = 0;
        while (first < frames.size()
                && (frames.get(first).ptsNanos() < zeroNanos
                        || leftOut && !frames.get(first).keyframe())) {
            leftOut = true;
            missing += track.isAudio() && frames.get(first).ptsNanos() >= zeroNanos - Muxer.EARLY_SOUND_NANOS ? 0 : 1;
            first++;
        }
        frames.subList(0, first).clear();
        return missing;
    }

    /// Writes the `traf` (8.8.6) of all frames and empties the list. Returns where its data_offset is to be patched.
    int write(BoxWriter out, long zeroNanos) {
        int count = frames.size();
        long[] decode = new long[count];
        long[] composition = new long[count];
        times(zeroNanos - shiftNanos, decode, composition);
        long[] durations = durations(decode);
        boolean sameDuration = allEqual(durations);
        int[] dataOffsetAt = new int[1];
        out.box("traf", traf -> {
            boolean defaultDuration = sameDuration && durations[0] != usualDuration();
            int tfFlags = DEFAULT_BASE_IS_MOOF | (defaultDuration ? DEFAULT_DURATION : 0);
            traf.fullBox("tfhd", 0, tfFlags, b -> {
                b.u32(track.id());
                if (defaultDuration) {
                    b.u32(durations[0]);
                }
            });
            if (decode[0] > 0xFFFF_FFFFL) {
                traf.fullBox("tfdt", 1, 0, b -> b.u64(decode[0]));
            } else {
                traf.fullBox("tfdt", 0, 0, b -> b.u32(decode[0]));
            }
            int flags = trunFlags(decode, composition) | (sameDuration ? 0 : DURATIONS);
            traf.fullBox("trun", 1, flags, b -> {
                b.u32(count);
                dataOffsetAt[0] = b.length();
                b.u32(0);
                if ((flags & FIRST_SAMPLE_FLAGS) != 0) {
                    b.u32(SYNC_FLAGS);
                }
                for (int i = 0; i < count; i++) {
                    sample(b, flags, durations[i], frames.get(i), composition[i] - decode[i]);
                }
            });
        });
        return dataOffsetAt[0];
    }

    private static void sample(BoxWriter out, int flags, long duration, Frame frame, long compositionOffset) {
        if ((flags & DURATIONS) != 0) {
            out.u32(duration);
        }
        out.u32(frame.data().length());
        if ((flags & FLAGS) != 0) {
            out.u32(frame.keyframe() ? SYNC_FLAGS : NON_SYNC_FLAGS);
        }
        if ((flags & COMPOSITION_OFFSETS) != 0) {
            out.u32(compositionOffset);
        }
    }

    /// Empties the list once its bytes are on their way.
    void clear() {
        frames.clear();
    }

    private void times(long zeroNanos, long[] decode, long[] composition) {
        if (!started) {
            Frame first = frames.getFirst();
            decodeShiftNanos = decodesWhenShown ? first.ptsNanos() - first.dtsNanos() : 0;
            started = true;
        }
        for (int i = 0; i < decode.length; i++) {
            Frame frame = frames.get(i);
            long nanos = frame.dtsNanos() + decodeShiftNanos - zeroNanos;
            decode[i] = Math.max(lastDecodeTicks, clock.next(frame, nanos));
            lastDecodeTicks = decode[i];
            composition[i] = track.isVideo() ? clock.nearest(frame.ptsNanos() - zeroNanos) : decode[i];
        }
    }

    /// A sample lasts until the next one; how long the last one lasts, its own count or the one before it tells until
    /// the next fragment corrects it.
    private long[] durations(long[] decode) {
        long[] durations = new long[decode.length];
        int last = decode.length - 1;
        for (int i = 0; i < last; i++) {
            durations[i] = Math.min(decode[i + 1] - decode[i], MAX_DURATION_TICKS);
            lastDurationTicks = durations[i];
        }
        int samples = clock.samples(frames.get(last).data());
        if (samples > 0) {
            lastDurationTicks = samples;
        }
        durations[last] = lastDurationTicks;
        endTicks = decode[last] + lastDurationTicks;
        return durations;
    }

    private int trunFlags(long[] decode, long[] composition) {
        int flags = DATA_OFFSET | SIZES;
        boolean offsets = false;
        boolean furtherSync = false;
        for (int i = 0; i < decode.length; i++) {
            offsets |= composition[i] != decode[i];
            furtherSync |= i > 0 && frames.get(i).keyframe();
        }
        if (track.isVideo() && furtherSync) {
            flags |= FLAGS;
        } else if (track.isVideo() && frames.getFirst().keyframe()) {
            flags |= FIRST_SAMPLE_FLAGS;
        }
        return flags | (offsets ? COMPOSITION_OFFSETS : 0);
    }

    private static boolean allEqual(long[] values) {
        for (long value : values) {
            if (value != values[0]) {
                return false;
            }
        }
        return true;
    }

    /// The bytes of all frames, in order.
    void appendTo(List<Bytes> parts) {
        for (Frame frame : frames) {
            parts.add(frame.data());
        }
    }

    long sizeBytes() {
        long size = 0;
        for (Frame frame : frames) {
            size += frame.data().length();
        }
        return size;
    }
}
