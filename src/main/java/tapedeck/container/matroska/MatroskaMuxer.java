package tapedeck.container.matroska;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Writes a growing Matroska or WebM file: the head with the first flush, and one or more whole clusters with each.
///
/// A cluster starts at every video keyframe, so that a cue point is a cluster's position and finishing needs to look at
/// nothing but the beginning of each cluster.
final class MatroskaMuxer implements Muxer {
    private static final long TICK_NANOS = Head.TIMESTAMP_SCALE_NANOS;

    private final Output output;
    private final Doctype doctype;
    private final List<Track> tracks;
    /// What each of them is now, which is what it was at the start but for its pictures' size.
    private final List<Track> current;

    private final MuxerOptions options;
    private final List<TrackEnd> ends = new ArrayList<>();
    private final List<Frame> pending = new ArrayList<>();
    private final ClusterWriter cluster;
    private long originNanos;
    /// 0 before the head is written: Duration never stands at the start of a file.
    private int durationAt;

    MatroskaMuxer(Output output, Doctype doctype, List<Track> tracks, MuxerOptions options) {
        this.output = output;
        this.doctype = doctype;
        this.tracks = List.copyOf(tracks);
        this.current = new ArrayList<>(tracks);
        this.options = options;
        this.cluster = new ClusterWriter(options.clusters());
        for (Track track : this.tracks) {
            check(doctype, track);
            ends.add(new TrackEnd(track.codec()));
        }
        if (this.tracks.stream().map(Track::id).distinct().count() != this.tracks.size() || tracks.isEmpty()) {
            throw new IllegalArgumentException("one track or more, each with its own id: " + tracks);
        }
    }

    static void check(Doctype doctype, Track track) {
        if (!doctype.canCarry(track.codec())) {
            throw new IllegalArgumentException(
                    "%s cannot carry %s".formatted(doctype.text(), track.codec().name()));
        }
        if (track.id() < 1 || track.id() > TrackEntry.MAX_NUMBER) {
            throw new IllegalArgumentException("track id %d".formatted(track.id()));
        }
        // RFC 9559 5.1.4.1.30: PixelWidth and PixelHeight are not 0.
        if (track.codec() instanceof Codec.Video video && (video.width() <= 0 || video.height() <= 0)) {
            throw new IllegalArgumentException("%s without a picture size".formatted(video.name()));
        }
    }

    @Override
    public void write(Frame frame) {
        int index = indexOf(frame.track());
        if (index < 0) {
            throw new IllegalArgumentException("no such track in this file: " + frame.track());
        }
        pending.add(options.sizeChange().stored(frame));
        current.set(index, frame.track());
    }

    @Override
    public boolean carries(Track track) {
        return indexOf(track) >= 0;
    }

    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private int indexOf(Track track) {
        for (int i = 0; i < current.size(); i++) {
            if (current.get(i) == track || options.sizeChange().goesOn(current.get(i), track)) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public void flush() throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        if (durationAt == 0) {
            originNanos = pending.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        }
        List<Bytes> parts = new ArrayList<>(2 * pending.size() + 8);
        for (Frame frame : pending) {
            add(frame, parts);
        }
        cluster.finish(parts);
        pending.clear();
        double durationMillis = (double) durationNanos() / TICK_NANOS;
        if (durationAt == 0) {
            Head head = Head.of(doctype, tracks, options, durationMillis);
            output.append(List.of(head.bytes()));
            output.skip(head.holeBytes());
            output.append(parts);
            durationAt = head.durationAt();
        } else {
            output.append(parts);
            output.patch(durationAt, new ByteWriter(8).f64(durationMillis).toBytes());
        }
    }

    private void add(Frame frame, List<Bytes> parts) {
        int index = indexOf(frame.track());
        Track track = tracks.get(index);
        // The one rounding of a file, to the nearest tick. What comes from before the file's start is put at its start.
        long ptsTicks = Math.max(0, Math.floorDiv(frame.ptsNanos() - originNanos + TICK_NANOS / 2, TICK_NANOS));
        long time = ptsTicks + ticks(TrackEntry.delayNanos(track.codec()));
        boolean entryPoint = track.isVideo() && frame.keyframe();
        if (entryPoint && !cluster.isEmpty()
                || !cluster.takes(time, frame.data().length())) {
            cluster.finish(parts);
        }
        cluster.add(track.id(), time, frame.keyframe(), frame.data());
        ends.get(index).add(ptsTicks * TICK_NANOS, frame.data(), frame.data().length());
    }

    /// RFC 9559 5.1.4.1.28: readers subtract CodecDelay, in their own rounding, from every timestamp.
    static long ticks(long nanos) {
        return Math.floorDiv(nanos + TICK_NANOS / 2, TICK_NANOS);
    }

    /// RFC 9559 5.1.2.10: Duration is more than 0.
    private long durationNanos() {
        return Math.max(
                TICK_NANOS, ends.stream().mapToLong(TrackEnd::endNanos).max().orElse(0));
    }

    @Override
    public void close() throws IOException {
        flush();
    }
}
