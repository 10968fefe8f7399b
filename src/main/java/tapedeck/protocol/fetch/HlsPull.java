package tapedeck.protocol.fetch;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.fetch.Playlist.Part;
import tapedeck.protocol.fetch.Playlist.Segment;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// Segments of a playlist, one after the other: those that are there when it is finished, the newest ones and what
/// comes then when it is live. None twice; what was missed is a gap.
final class HlsPull {
    /// RFC 8216 6.3.3: nobody begins closer to the live edge.
    static final int EDGE_SEGMENTS = 3;
    /// A live playlist without a new segment for so many target durations is dead, but not before [#LEAST_STALL_NANOS].
    static final int STALLED_TARGETS = 5;

    static final long LEAST_STALL_NANOS = 20_000_000_000L;
    /// A segment that is not there is passed over; so many in a row are no accident.
    static final int MAX_FAILED = 3;
    /// Initialisation sections are short.
    static final int MAX_INIT_BYTES = 4 << 20;

    private static final Logger log = LoggerFactory.getLogger(HlsPull.class);
    private static final int READ_BYTES = 64 * 1024;
    private static final long LEAST_RELOAD_MILLIS = 500;

    private final RelayTarget address;
    private final Outlet outlet;
    private @Nullable SourceReader reader;
    private @Nullable Part init;
    private long nextSequence = -1;
    private int failed;

    HlsPull(RelayTarget address, Outlet outlet) {
        this.address = address;
        this.outlet = outlet;
    }

    /// @param first the playlist as it was found already, and where
    void run(Bytes first, RelayTarget where, PullSink sink) throws IOException, InterruptedException {
        RelayTarget at = where;
        Playlist playlist = parsed(first);
        if (playlist.isMaster()) {
            at = where.redirected(playlist.variants().getFirst().uri());
            Loaded loaded = load(at);
            at = loaded.target();
            playlist = parsed(loaded.bytes());
            if (playlist.isMaster()) {
                throw new MalformedException("HLS: a master playlist in a master playlist");
            }
        }
        if (playlist.ended()) {
            sink.controls(outlet.playhead());
            do {
                finished(playlist, at);
                outlet.nextRound();
            } while (FilePull.loops(address));
            return;
        }
        if (FilePull.loops(address)) {
            throw FilePull.refused("loop: this playlist is live, so it cannot be begun again");
        }
        long newNanos = System.nanoTime();
        while (true) {
            long loadedNanos = System.nanoTime();
            if (fetch(playlist, at)) {
                newNanos = System.nanoTime();
            }
            if (playlist.ended()) {
                return;
            }
            long stallNanos = Math.max(LEAST_STALL_NANOS, (long) (playlist.targetSeconds() * STALLED_TARGETS * 1e9));
            if (System.nanoTime() - newNanos > stallNanos) {
                throw new IOException("HLS: no new segment for %d s".formatted(stallNanos / 1_000_000_000));
            }
            // RFC 8216 6.3.4: half of the target where nothing was new; what was fetched took its time already.
            long waitMillis = Math.max(LEAST_RELOAD_MILLIS, (long) (playlist.targetSeconds() * 500));
            long spentMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - loadedNanos);
            TimeUnit.MILLISECONDS.sleep(Math.max(0, waitMillis - spentMillis));
            playlist = parsed(load(at).bytes());
        }
    }

    /// From the first segment to the last, or wherever somebody sends it.
    private void finished(Playlist playlist, RelayTarget at) throws IOException, InterruptedException {
        forget();
        for (long wanted = from(0, playlist, at); wanted != Playhead.NOWHERE; ) {
            int segment = playlist.segmentAt(wanted);
            // Its times are not known before it is read.
            outlet.skipTo(wanted - playlist.beginNanos(segment));
            forget();
            wanted = from(segment, playlist, at);
        }
        if (outlet.frames() == 0) {
            throw FilePull.refused("the playlist has nothing that can be carried");
        }
    }

    /// @return where somebody wants to be instead of at the end, or [Playhead#NOWHERE]
    private long from(int first, Playlist playlist, RelayTarget at) throws IOException, InterruptedException {
        for (Segment segment :
                playlist.segments().subList(first, playlist.segments().size())) {
            if (segment.discontinuity()) {
                discontinuity();
            }
            long wanted = segment.gap() ? Playhead.NOWHERE : segment(segment, at);
            if (wanted != Playhead.NOWHERE) {
                return wanted;
            }
        }
        outlet.ended();
        outlet.drain();
        return outlet.moved();
    }

    /// What comes next is somewhere else.
    private void forget() {
        reader = null;
        init = null;
    }

    private static Playlist parsed(Bytes bytes) throws RelayRefusedException {
        try {
            return Playlist.parse(bytes.toUtf8());
        } catch (MalformedException e) {
            String why = String.valueOf(e.getMessage());
            if (why.contains("encrypted")) {
                throw new RelayRefusedException(why);
            }
            throw e;
        }
    }

    /// Everything that is new. Returns false if nothing is.
    private boolean fetch(Playlist playlist, RelayTarget at) throws IOException, InterruptedException {
        List<Segment> segments = playlist.segments();
        if (segments.isEmpty()) {
            return false;
        }
        long first = segments.getFirst().sequence();
        long last = segments.getLast().sequence();
        if (nextSequence < 0) {
            nextSequence = playlist.ended() ? first : Math.max(first, last + 1 - EDGE_SEGMENTS);
        } else if (last + 1 < nextSequence) {
            log.info("pull of {}: the playlist counts anew, from {}", address, first);
            nextSequence = Math.max(first, last + 1 - EDGE_SEGMENTS);
            discontinuity();
        } else if (first > nextSequence) {
            log.info("pull of {}: {} segments were missed", address, first - nextSequence);
            nextSequence = first;
        }
        boolean any = false;
        for (Segment segment : segments) {
            if (segment.sequence() < nextSequence) {
                continue;
            }
            nextSequence = segment.sequence() + 1;
            any = true;
            if (segment.discontinuity()) {
                discontinuity();
            }
            if (!segment.gap()) {
                long _ = segment(segment, at);
            }
        }
        return any;
    }

    private void discontinuity() {
        if (reader != null) {
            reader.discontinuity();
        }
    }

    /// @return where somebody wants to be instead, or [Playhead#NOWHERE]
    private long segment(Segment segment, RelayTarget at) throws IOException, InterruptedException {
        Part wanted = segment.init();
        if (wanted != null && !wanted.equals(init)) {
            Bytes head = whole(at.redirected(wanted.uri()), wanted, MAX_INIT_BYTES);
            reader(head).receive(head);
            init = wanted;
        }
        try (HttpGet get =
                HttpGet.open(at.redirected(segment.part().uri()), segment.part().range())) {
            skip(get, segment.part());
            long left =
                    segment.part().from() < 0 ? Long.MAX_VALUE : segment.part().bytes();
            for (Bytes bytes = get.read(READ_BYTES); !bytes.isEmpty() && left > 0; bytes = get.read(READ_BYTES)) {
                Bytes own = bytes.slice(0, (int) Math.min(bytes.length(), left));
                left -= own.length();
                reader(own).receive(own);
                outlet.drain();
                long elsewhere = outlet.moved();
                if (elsewhere != Playhead.NOWHERE) {
                    return elsewhere;
                }
            }
            reader(Bytes.EMPTY).end();
            outlet.drain();
            failed = 0;
        } catch (RelayRefusedException e) {
            throw e;
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (++failed == MAX_FAILED) {
                throw e;
            }
            log.info("pull of {}: segment {}: {}", address, segment.sequence(), e.getMessage());
        }
        return outlet.moved();
    }

    private SourceReader reader(Bytes first) throws RelayRefusedException {
        SourceReader known = reader;
        if (known == null) {
            known = SourceReader.of(first, outlet);
            if (known == null) {
                throw new RelayRefusedException("HLS: segments are neither MPEG-TS nor fragmented MP4");
            }
            reader = known;
        }
        return known;
    }

    /// Servers that do not know ranges send the whole.
    private static void skip(HttpGet get, Part part) throws IOException {
        for (long left = get.status() == 206 ? 0 : Math.max(0, part.from()); left > 0; ) {
            Bytes bytes = get.read((int) Math.min(left, READ_BYTES));
            if (bytes.isEmpty()) {
                throw new IOException("HLS: the file is shorter than the range begins");
            }
            left -= bytes.length();
        }
    }

    private record Loaded(RelayTarget target, Bytes bytes) {}

    private static Loaded load(RelayTarget target) throws IOException {
        try (HttpGet get = HttpGet.open(target, "")) {
            return new Loaded(get.target(), rest(get, Bytes.EMPTY, Playlist.MAX_BYTES));
        }
    }

    private static Bytes whole(RelayTarget target, Part part, int most) throws IOException {
        try (HttpGet get = HttpGet.open(target, part.range())) {
            skip(get, part);
            Bytes all = rest(get, Bytes.EMPTY, most);
            return part.from() < 0 ? all : all.slice(0, (int) Math.min(all.length(), part.bytes()));
        }
    }

    /// The body to its end.
    static Bytes rest(HttpGet get, Bytes first, int most) throws IOException {
        ByteWriter out = new ByteWriter(first.length() + 4_096).bytes(first);
        for (Bytes bytes = get.read(READ_BYTES); !bytes.isEmpty(); bytes = get.read(READ_BYTES)) {
            if (out.length() + bytes.length() > most) {
                throw new MalformedException("HTTP: more than %d bytes".formatted(most));
            }
            out.bytes(bytes);
        }
        return out.handOver();
    }
}
