package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.AvcConfiguration;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.HevcConfiguration;
import tapedeck.container.CodedTrack;
import tapedeck.container.FrameSink;
import tapedeck.container.PendingBytes;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// A fragmented MP4 as it is written, in pieces of any size: `moov`, then `moof` and `mdat` again and again. Frames
/// come when their fragment is whole, in the order of their decoding times. Another `moov` begins anew.
public final class FragmentDemuxer {
    /// Without an index a movie needs no more.
    static final int MAX_MOOV_BYTES = 1 << 20;

    static final int MAX_MOOF_BYTES = 1 << 20;
    /// Ten seconds at 25 Mbit/s.
    static final int MAX_MDAT_BYTES = 32 << 20;
    /// Of one fragment.
    static final int MAX_SAMPLES = 1 << 16;

    /// 80 ms.
    private static final int OPUS_PRE_ROLL_SAMPLES = 3840;
    /// Of libopus, which browsers use.
    private static final int OPUS_DELAY_SAMPLES = 312;

    private static final String MOOF = "moof";
    private static final int MFHD_BYTES = 16;

    private final FrameSink sink;
    private final PendingBytes pending = new PendingBytes();
    private final Map<Integer, Line> lines = new HashMap<>();
    private @Nullable Movie movie;
    private List<TrackRun> runs = List.of();
    private long toSkip;
    private boolean searching;
    private boolean indexed;

    private static final class Line {
        private final CodedTrack track;
        private final long timescale;
        private final long shiftTicks;
        private long nextTicks;

        Line(CodedTrack track, long timescale, long shiftTicks) {
            this.track = track;
            this.timescale = timescale;
            this.shiftTicks = shiftTicks;
        }
    }

    /// A sample whose bytes are there.
    private record Sample(Line line, long dtsNanos, long ptsNanos, boolean sync, Bytes data) {}

    public FragmentDemuxer(FrameSink sink) {
        this.sink = sink;
    }

    /// Whether a file that begins so is one of these.
    public static boolean matches(Bytes first) {
        return first.length() >= 8
                && (Layout.type(first, 4).equals("ftyp")
                        || Layout.type(first, 4).equals("moov"));
    }

    /// @throws MalformedException if this cannot be what it says; nothing can follow then but [#resync]
    public void receive(Bytes bytes) {
        pending.append(bytes);
        boolean more = true;
        while (more && pending.length() > 0) {
            more = searching ? search() : toSkip > 0 ? skip() : box();
        }
    }

    /// Whether it was refused because it has no fragments, but an index: it can be read here and there only.
    public boolean isIndexed() {
        return indexed;
    }

    /// How much has come of what is not whole yet.
    public int pendingBytes() {
        return pending.length();
    }

    /// Something is missing: what comes next is the middle of a box. It goes on at the next `moof`.
    public void resync() {
        pending.clear();
        toSkip = 0;
        runs = List.of();
        searching = movie != null;
    }

    /// ISO/IEC 14496-12 8.8.5: `mfhd` is the first in a `moof`, and always as long.
    private boolean search() {
        for (int at = 0; at + MFHD_BYTES <= pending.length(); at++) {
            if (pending.u8(at + 4) == 'm'
                    && isType(at + 4, MOOF)
                    && pending.u32(at + 8) == MFHD_BYTES
                    && isType(at + 12, "mfhd")) {
                pending.skip(at);
                searching = false;
                return true;
            }
        }
        pending.skip(Math.max(0, pending.length() - MFHD_BYTES));
        return false;
    }

    private boolean isType(int at, String type) {
        for (int i = 0; i < type.length(); i++) {
            if (pending.u8(at + i) != type.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean skip() {
        int count = (int) Math.min(toSkip, pending.length());
        pending.skip(count);
        toSkip -= count;
        return true;
    }

    /// Takes in the box that begins here, as soon as there is enough of it.
    private boolean box() {
        if (pending.length() < BoxWriter.HEADER_BYTES) {
            return false;
        }
        long size = pending.u32(0);
        int header = BoxWriter.HEADER_BYTES;
        if (size == 1) {
            header = Layout.LARGE_HEADER_BYTES;
            if (pending.length() < header) {
                return false;
            }
            size = pending.u32(8) << 32 | pending.u32(12);
        }
        String type = Layout.type(pending.copy(4, 4), 0);
        if (size < header) {
            throw new MalformedException("MP4: box %s of %d bytes at %d".formatted(type, size, pending.position()));
        }
        int most = switch (type) {
            case "moov" -> MAX_MOOV_BYTES;
            case MOOF -> MAX_MOOF_BYTES;
            case "mdat" -> runs.isEmpty() ? 0 : MAX_MDAT_BYTES;
            default -> 0;
        };
        if (type.equals("mdat") && movie == null) {
            throw indexed();
        }
        if (most == 0) {
            pending.skip(header);
            toSkip = size - header;
            return true;
        }
        if (size > most) {
            throw new MalformedException(
                    "MP4: %s of %d bytes at %d, at most %d allowed".formatted(type, size, pending.position(), most));
        }
        if (pending.length() < size) {
            return false;
        }
        take(type, header, (int) size);
        return true;
    }

    private void take(String type, int header, int size) {
        switch (type) {
            case "moov" -> begin(Movie.parse(pending.copy(header, size - header)));
            case MOOF -> {
                Movie known = movie;
                if (known == null) {
                    throw new MalformedException("MP4: a moof before the moov");
                }
                runs = MovieFragment.parse(
                        pending.copy(header, size - header),
                        pending.position(),
                        known.fragmentDefaults(),
                        new SampleBudget(MAX_SAMPLES));
            }
            default -> {
                samples(header, size);
                runs = List.of();
            }
        }
        pending.skip(size);
    }

    private void begin(Movie begun) {
        if (!begun.fragmented()) {
            throw indexed();
        }
        movie = begun;
        lines.clear();
        boolean video = false;
        boolean audio = false;
        for (MovieTrack track : begun.tracks()) {
            Codec codec = withoutPreRoll(track.codec());
            boolean isVideo = codec instanceof Codec.Video;
            boolean second = isVideo ? video : audio;
            if (codec == null || second) {
                sink.unsupported(second ? "a second track of a kind" : "track %d".formatted(track.id()));
                continue;
            }
            video |= isVideo;
            audio |= !isVideo;
            CodedTrack coded = CodedTrack.of(isVideo ? Track.VIDEO : Track.AUDIO, codec, nalLengthBytes(track));
            lines.put(
                    track.id(),
                    new Line(coded, track.timescale(), EditList.of(track, begun).shiftTicks()));
            coded.track().ifPresent(sink::track);
        }
    }

    private MalformedException indexed() {
        indexed = true;
        return new MalformedException("MP4: it has no fragments: only what is made while it is sent can be live");
    }

    /// Chromium's recorder says here what a decoder needs behind a seek (RFC 7845 4.6), and not the delay of
    /// its encoder: sound would be early by that.
    private static @Nullable Codec withoutPreRoll(@Nullable Codec codec) {
        return codec instanceof Codec.Opus opus && opus.preSkip() == OPUS_PRE_ROLL_SAMPLES
                ? new Codec.Opus(opus.channels(), OPUS_DELAY_SAMPLES)
                : codec;
    }

    static int nalLengthBytes(MovieTrack track) {
        Codec codec = track.codec();
        if (!(codec instanceof Codec.H264 || codec instanceof Codec.H265)) {
            return H264.NAL_LENGTH_BYTES;
        }
        Bytes configuration = SampleEntryReader.configuration(Box.need("stbl", track.tableBoxes(), "stsd"));
        return codec instanceof Codec.H264
                ? AvcConfiguration.parse(configuration).nalLengthBytes()
                : HevcConfiguration.parse(configuration).nalLengthBytes();
    }

    /// All frames of the `mdat` that is pending.
    private void samples(int header, int size) {
        List<Sample> samples = new ArrayList<>();
        long begin = pending.position();
        long left = (long) size - header;
        for (TrackRun run : runs) {
            Line line = lines.get(run.trackId());
            if (line == null) {
                continue;
            }
            if (run.offset() < begin + header || run.offset() + run.bytes() > begin + size) {
                throw new MalformedException("MP4: samples of track %d at %d, the mdat is from %d to %d"
                        .formatted(run.trackId(), run.offset(), begin, begin + size));
            }
            // Each sample is copied: runs that share their bytes would make much of little.
            left -= run.bytes();
            if (left < 0) {
                throw new MalformedException(
                        "MP4: the samples have %d bytes more than the mdat of %d at %d".formatted(-left, size, begin));
            }
            long ticks = run.decodeTime() == TrackRun.UNKNOWN ? line.nextTicks : run.decodeTime();
            int at = (int) (run.offset() - begin);
            for (int i = 0; i < run.count(); i++) {
                samples.add(new Sample(
                        line,
                        TrackClock.nanos(ticks + line.shiftTicks, line.timescale),
                        TrackClock.nanos(ticks + run.compositionOffset(i) + line.shiftTicks, line.timescale),
                        run.isSync(i),
                        pending.copy(at, run.size(i))));
                at += run.size(i);
                ticks += run.duration(i);
            }
            line.nextTicks = ticks;
        }
        samples.sort(Comparator.comparingLong(Sample::dtsNanos));
        for (Sample sample : samples) {
            Frame frame = sample.line().track.frame(sample.dtsNanos(), sample.ptsNanos(), sample.sync(), sample.data());
            if (frame != null) {
                sink.frame(frame);
            }
        }
    }
}
