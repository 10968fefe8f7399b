package tapedeck.protocol.http;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.media.Carried;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Stream;
import tapedeck.stream.Tally;

/// Cuts one publication into segments that begin with keyframes, and those into parts. Used from one thread.
///
/// What is in a segment or part belongs to its time, on all tracks: players take the earliest time in the first
/// one that they load for the place where the playlist has it (hls.js so passes over parts if sound comes
/// late).
final class HlsSegmenter {
    /// A segment ends with the first keyframe behind this; a little less, because clocks are rounded.
    static final long TARGET_NANOS = 1_900_000_000L;
    /// The first one of all, and what is before and in the first transport stream, may be shorter: somebody waits for
    /// it.
    static final long FIRST_NANOS = 500_000_000L;
    /// Without a keyframe a segment ends with any picture.
    static final int MAX_TARGET_SECONDS = 6;

    static final int MIN_TARGET_SECONDS = 2;
    /// The longest part; all but the last of a segment have 85 % of it, rfc8216bis 4.4.4.9.
    static final long PART_TARGET_NANOS = 500_000_000L;

    static final long PART_NANOS = 430_000_000L;
    static final long MAX_SEGMENT_BYTES = 16 << 20;
    /// ffmpeg reads so many bytes before it looks what they are (`PROBE_BUF_MIN`): with a first segment of quiet sound
    /// it would wait for the second.
    static final int LEAST_INIT_BYTES = 2048;

    /// RFC 8216 4.3.3.1: a duration is rounded to the nearest second before it is compared.
    private static final long ROUNDING_NANOS = 450_000_000L;

    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long USUAL_STEP_NANOS = 33_333_333L;

    private final HlsWindow window;
    private final Stream stream;
    private final LongSupplier gopNanos;
    private final SequencedMap<Integer, Track> tracks = new TreeMap<>();
    private final TimeOrder order;
    private boolean first;
    private int targetSeconds;
    private @Nullable LiveFragments fragments;
    private @Nullable TsPieces transport;
    private boolean transportTaken;
    private Tally carried = new Tally();
    private HlsSegment.@Nullable Init init;
    private boolean discontinuity;
    private int mainId;
    private boolean open;
    private boolean independent;
    private long segmentNanos;
    private long segmentBytes;
    private long partNanos;
    private long lastNanos;
    private long stepNanos = USUAL_STEP_NANOS;
    /// Of what goes along with the pictures.
    private long soundNanos;

    private long soundEndNanos;
    private boolean over;

    /// @param tracks of the stream, as far as they are known
    /// @param targetSeconds of the publication before, or 0
    /// @param gopNanos how long a group of pictures is, as far as that is known
    HlsSegmenter(HlsWindow window, Stream stream, List<Track> tracks, int targetSeconds, LongSupplier gopNanos) {
        this.window = window;
        this.stream = stream;
        this.targetSeconds = targetSeconds;
        this.gopNanos = gopNanos;
        this.first = targetSeconds == 0;
        this.discontinuity = !first;
        tracks.forEach(track -> this.tracks.put(track.id(), track));
        this.order = new TimeOrder(
                tracks.stream().filter(track -> canCarry(track.codec())).toList(), this::writeInOrder);
    }

    static boolean canCarry(Codec codec) {
        return switch (codec) {
            case Codec.H264 _, Codec.H265 _, Codec.Vp9 _, Codec.Av1 _, Codec.Aac _, Codec.Opus _, Codec.Mp3 _ -> true;
            // No player takes these in fragments.
            case Codec.Vp8 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ -> false;
        };
    }

    int targetSeconds() {
        return targetSeconds;
    }

    /// When the segment that is open could end, in the time of the stream.
    long wantedKeyframeNanos() {
        return open ? segmentNanos + TARGET_NANOS : Long.MAX_VALUE;
    }

    void write(Item.Media media) {
        if (canCarry(media.frame().track().codec())) {
            order.add(media);
        }
    }

    private void writeInOrder(Item.Media media) {
        Frame frame = media.frame();
        LiveFragments now = fragments;
        if (now == null || !now.carries(frame.track())) {
            now = begin(frame.track());
        }
        if (frame.track().id() == mainId) {
            cut(media);
        } else if (!open) {
            return;
        } else {
            long step = frame.dtsNanos() - soundNanos;
            soundNanos = frame.dtsNanos();
            soundEndNanos = soundNanos + (step < SECOND_NANOS ? Math.max(step, 0) : 0);
        }
        now.write(frame);
        carried.add(frame);
        TsPieces ts = transport;
        if (ts != null && ts.carries(frame.track())) {
            ts.write(frame);
        }
        segmentBytes += frame.data().length();
    }

    /// Other tracks need another initialization segment.
    private LiveFragments begin(Track changed) {
        close();
        discontinuity |= fragments != null;
        tracks.put(changed.id(), changed);
        List<Track> these = carriedTracks();
        mainId = these.stream()
                .filter(Track::isVideo)
                .findFirst()
                .orElse(these.getFirst())
                .id();
        LiveFragments made = new LiveFragments(these, stream.name().value(), stream.startedAt());
        fragments = made;
        transport = null;
        init = new HlsSegment.Init(window.nextNumber(), made.init(LEAST_INIT_BYTES));
        return made;
    }

    /// Before a picture, or a sound where there are no pictures.
    private void cut(Item.Media media) {
        long nowNanos = media.frame().dtsNanos();
        if (open) {
            long step = nowNanos - lastNanos;
            stepNanos = step > 0 && step < SECOND_NANOS ? step : stepNanos;
            long sinceNanos = nowNanos - segmentNanos;
            boolean due = media.entryPoint() && sinceNanos >= (isWaitedFor() ? FIRST_NANOS : TARGET_NANOS);
            boolean isLast = isBehindLastSound(nowNanos);
            if (!isLast && (due || sinceNanos + stepNanos > maxNanos() || segmentBytes > window.maxSegmentBytes())) {
                endSegment(nowNanos);
            } else if (!isLast
                    && (nowNanos - partNanos + stepNanos > PART_TARGET_NANOS || nowNanos - partNanos >= PART_NANOS)) {
                endPart(nowNanos);
                independent = media.frame().keyframe();
            }
        }
        if (!open) {
            open = true;
            segmentNanos = nowNanos;
            segmentBytes = 0;
            partNanos = nowNanos;
            independent = media.entryPoint();
            Instant time = stream.startedAt().plusNanos(media.frame().ptsNanos());
            window.begin(Objects.requireNonNull(init), discontinuity, time.truncatedTo(ChronoUnit.MILLIS));
            discontinuity = false;
            if (transport == null && window.wantsTransportStreams()) {
                transport = new TsPieces(carriedTracks(), stream.name().value(), stream.startedAt());
            }
        }
        lastNanos = nowNanos;
    }

    private List<Track> carriedTracks() {
        return Carried.of(List.copyOf(tracks.values()), HlsSegmenter::canCarry).tracks();
    }

    private boolean isWaitedFor() {
        return first || window.wantsTransportStreams() && !transportTaken;
    }

    /// A picture at the end of all, of whose time there is no sound: it goes into the part in which the sound ends.
    private boolean isBehindLastSound(long nowNanos) {
        return over && soundEndNanos > partNanos && nowNanos >= soundEndNanos;
    }

    private long maxNanos() {
        int seconds = targetSeconds == 0 ? MAX_TARGET_SECONDS : targetSeconds;
        return seconds * SECOND_NANOS + ROUNDING_NANOS;
    }

    private void endPart(long nowNanos) {
        LiveFragments now = fragments;
        Bytes data = now == null ? Bytes.EMPTY : now.fragment();
        if (!data.isEmpty()) {
            long durationNanos = nowNanos > partNanos ? nowNanos - partNanos : stepNanos;
            window.add(new HlsSegment.Part(data, durationNanos, independent, carried));
        }
        carried = new Tally();
        partNanos = nowNanos;
        independent = false;
    }

    private void endSegment(long nowNanos) {
        endPart(nowNanos);
        if (targetSeconds == 0) {
            targetSeconds = target(nowNanos - segmentNanos);
        }
        window.whole(targetSeconds, transport == null ? null : transport.take());
        open = false;
        first = false;
        transportTaken |= transport != null;
    }

    /// The longest that segments will be, as far as one can tell after the first: it may never change, RFC 8216
    /// 4.3.3.1.
    private int target(long firstNanos) {
        long gop = Math.max(gopNanos.getAsLong(), 1);
        long groups = (TARGET_NANOS + gop - 1) / gop;
        long longest = Math.max(firstNanos, gop >= TARGET_NANOS ? gop : groups * gop);
        long seconds = (longest - ROUNDING_NANOS + SECOND_NANOS - 1) / SECOND_NANOS;
        return Math.clamp(seconds, MIN_TARGET_SECONDS, MAX_TARGET_SECONDS);
    }

    /// Frames are missing: players have to be told, or they wait for a time that never comes.
    void gap() {
        order.flush();
        close();
        discontinuity |= fragments != null;
    }

    /// Ends what is open: the publication is over.
    ///
    /// The last part is as long as there is sound with its pictures. hls.js takes a stream for over when half of
    /// that part is buffered, and pictures without sound do not count as buffered; publishers by RTSP keep their
    /// last sounds.
    void finish() {
        over = true;
        order.flush();
        long endNanos = lastNanos + stepNanos;
        close(soundEndNanos > partNanos ? Math.min(endNanos, soundEndNanos) : endNanos);
    }

    private void close() {
        close(lastNanos + stepNanos);
    }

    private void close(long endNanos) {
        if (open) {
            endSegment(endNanos);
        }
    }
}
