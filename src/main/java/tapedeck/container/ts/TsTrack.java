package tapedeck.container.ts;

import java.util.ArrayList;
import java.util.List;
import tapedeck.container.ts.TsMuxer.Unit;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// A track of a file that is written. Several frames of sound share a PES packet, because each packet wastes the rest
/// of its last 184 bytes, and only the first of them has a stamp: those that follow on without a hole.
final class TsTrack {
    /// A PES packet of sound ends before it is longer than this: 16 packets with little waste.
    static final int MAX_GATHERED_BYTES = 16 * 184 - 14;
    /// Nor does sound wait longer than this for its company.
    static final long MAX_GATHERED_NANOS = 150_000_000;
    /// How far a frame's stamp may be from where the one before it ends: what RTMP's rounding to milliseconds makes.
    static final long SLACK_NANOS = 1_000_000;

    private final Track track;
    private final StreamEntry entry;
    private final ElementaryWriter writer;
    private List<Unit> gathered = new ArrayList<>();
    private long gatheredBytes;
    private long gatheredNanos;
    private long lastDtsTicks = Long.MIN_VALUE;

    TsTrack(Track track, StreamEntry entry) {
        this.track = track;
        this.entry = entry;
        this.writer = new ElementaryWriter(track.codec());
    }

    Track track() {
        return track;
    }

    StreamEntry entry() {
        return entry;
    }

    Unit unit(Frame frame) {
        long durationNanos = track.isAudio() ? writer.durationNanos(frame.data()) : 0;
        return new Unit(this, frame.dtsNanos(), frame.ptsNanos(), frame.keyframe(), durationNanos, writer.parts(frame));
    }

    /// Decoding times rise by a tick at least.
    long rising(long dtsTicks) {
        lastDtsTicks = Math.max(dtsTicks, lastDtsTicks + 1);
        return lastDtsTicks;
    }

    /// Whether what is gathered has to leave before `next`, of this track or another, is added.
    boolean isDue(Unit next) {
        if (gathered.isEmpty()) {
            return false;
        }
        Unit first = gathered.getFirst();
        if (next.dtsNanos() - first.dtsNanos() > MAX_GATHERED_NANOS) {
            return true;
        }
        return next.track() == this
                && (gatheredBytes + next.bytes() > MAX_GATHERED_BYTES
                        || gathered.getLast().durationNanos() == 0
                        || Math.abs(next.ptsNanos() - first.ptsNanos() - gatheredNanos) > SLACK_NANOS);
    }

    void gather(Unit unit) {
        gathered.add(unit);
        gatheredBytes += unit.bytes();
        gatheredNanos += unit.durationNanos();
    }

    List<Unit> takeGathered() {
        List<Unit> taken = gathered;
        if (!taken.isEmpty()) {
            gathered = new ArrayList<>();
            gatheredBytes = 0;
            gatheredNanos = 0;
        }
        return taken;
    }
}
