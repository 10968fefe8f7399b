package tapedeck.container.ts;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Summary;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What a transport stream in a file says of itself: its tracks from its beginning, and its duration from the stamps
/// there and at its end. Nothing between is read, so the times of day that [TsMuxer] puts in tell how often the clock
/// has wrapped; without them it is taken to have not.
final class TsFacts {
    /// Where a track has to have begun, and where the last of it is looked for.
    static final long MAX_HEAD_BYTES = 16 << 20;

    static final long MAX_TAIL_BYTES = 64 << 20;

    private static final int STEP_BYTES = TsPacket.BYTES * 2048;
    private static final int FIRST_TAIL_BYTES = TsPacket.BYTES * 2048;
    /// A picture behind a pause does not stay as long as the pause was.
    private static final long MAX_PICTURE_NANOS = 1_000_000_000;

    private TsFacts() {}

    /// What the frames of a part of the file add up to.
    private static final class Span implements TsDemuxer.Sink {
        private final Map<Integer, Track> tracks = new TreeMap<>();
        private final Map<Integer, ElementaryWriter> writers = new HashMap<>();
        private final Map<Integer, long[]> pictures = new HashMap<>();
        private long firstNanos = Long.MAX_VALUE;
        private long endNanos = Long.MIN_VALUE;

        @Override
        public void frame(Frame frame) {
            Track track = frame.track();
            tracks.putIfAbsent(track.id(), track);
            firstNanos = Math.min(firstNanos, frame.ptsNanos());
            if (track.isVideo()) {
                picture(pictures.computeIfAbsent(track.id(), _ -> new long[] {-1, -1}), frame.ptsNanos());
                return;
            }
            ElementaryWriter writer = writers.computeIfAbsent(track.id(), _ -> new ElementaryWriter(track.codec()));
            endNanos = Math.max(endNanos, frame.ptsNanos() + writer.durationNanos(frame.data()));
        }

        /// The two latest times, for the last picture stays as long as the one before it did.
        private void picture(long[] latest, long ptsNanos) {
            if (ptsNanos > latest[1]) {
                latest[0] = latest[1];
                latest[1] = ptsNanos;
            } else if (ptsNanos > latest[0] && ptsNanos < latest[1]) {
                latest[0] = ptsNanos;
            }
        }

        private long endNanos() {
            long end = endNanos;
            for (long[] latest : pictures.values()) {
                long last = latest[0] < 0 ? 0 : Math.min(latest[1] - latest[0], MAX_PICTURE_NANOS);
                end = Math.max(end, latest[1] + last);
            }
            return end;
        }
    }

    static Summary read(FileChannel file) throws IOException {
        Span head = new Span();
        TsDemuxer start = new TsDemuxer(head);
        long size = file.size();
        long headBytes = Math.min(size, MAX_HEAD_BYTES);
        long at = 0;
        while (at < headBytes && (at == 0 || head.tracks.size() < Math.max(1, start.streams()))) {
            Bytes bytes = read(file, at, (int) Math.min(STEP_BYTES, headBytes - at));
            start.receive(bytes);
            at += bytes.length();
        }
        if (at == size) {
            start.end();
        }
        if (head.tracks.isEmpty()) {
            throw new MalformedException("MPEG-TS: no frame in the first %d bytes".formatted(at));
        }
        Span tail = at == size ? head : tail(file, size, start);
        long endNanos = Math.max(head.endNanos(), tail.endNanos());
        List<Track> tracks = head.tracks.values().stream()
                .sorted(Comparator.comparingInt(Track::id))
                .toList();
        return new Summary(Math.max(0, endNanos - head.firstNanos), tracks);
    }

    private static Span tail(FileChannel file, long size, TsDemuxer start) throws IOException {
        Instant firstTime = start.firstTime();
        for (long bytes = FIRST_TAIL_BYTES; ; bytes *= 2) {
            long count = Math.min(Math.min(bytes, size), MAX_TAIL_BYTES);
            Instant lastTime = lastTime(file, size - count, size);
            boolean all = count == Math.min(size, MAX_TAIL_BYTES);
            if (firstTime != null && lastTime == null && !all) {
                continue;
            }
            long near = start.zeroTicks()
                    + (firstTime == null || lastTime == null
                            ? TsTime.WRAP_TICKS / 2
                            : TsTime.ticks(Duration.between(firstTime, lastTime).toNanos()));
            Span span = new Span();
            TsDemuxer demuxer = new TsDemuxer(span, start.zeroTicks(), near);
            feed(file, size - count, size, demuxer);
            if (!span.tracks.isEmpty() || all) {
                return span;
            }
        }
    }

    private static @org.jspecify.annotations.Nullable Instant lastTime(FileChannel file, long from, long to)
            throws IOException {
        TsDemuxer demuxer = new TsDemuxer(_ -> {});
        feed(file, from, to, demuxer);
        return demuxer.lastTime();
    }

    private static void feed(FileChannel file, long from, long to, TsDemuxer demuxer) throws IOException {
        for (long at = from; at < to; ) {
            Bytes bytes = read(file, at, (int) Math.min(STEP_BYTES, to - at));
            demuxer.receive(bytes);
            at += bytes.length();
        }
        demuxer.end();
    }

    /// @throws MalformedException if the file is shorter than it was
    static Bytes read(FileChannel file, long at, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, at + buffer.position()) < 0) {
                throw new MalformedException("MPEG-TS: the file ends at %d".formatted(at + buffer.position()));
            }
        }
        return Bytes.wrap(buffer.array());
    }
}
