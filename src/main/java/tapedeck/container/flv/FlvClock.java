package tapedeck.container.flv;

/// FLV's timestamps become stream time: milliseconds since the first media tag, never backwards within a track.
///
/// - They are 32 bits that wrap. FFmpeg writes only 31 of them, so all counting is modulo 2^31: right for both.
/// - Time 0 is the first media tag of either track; the other track may begin a little before it.
/// - A step back of up to [#MAX_BACKWARD_MILLIS] is an encoder's jitter: the frame is moved behind its predecessor.
/// - A longer step back, or one forward by more than [#MAX_FORWARD_MILLIS] away from everything seen, is a clock that
///   was set: the track goes on one frame after its last, and the other track follows with the same shift when its own
///   timestamps make the same jump, so that sound and picture stay together.
final class FlvClock {
    static final int MAX_BACKWARD_MILLIS = 1_000;
    static final int MAX_FORWARD_MILLIS = 30_000;

    /// One track's position.
    static final class Line {
        private boolean started;
        private long offsetMillis;
        private long lastMillis;
        private long stepMillis = 1;
    }

    private boolean started;
    private long unwrappedMillis;
    private long newestMillis;
    private long offsetMillis;

    /// The stream time of a tag with this timestamp.
    long millis(Line line, int timestampMillis) {
        if (!started) {
            started = true;
            unwrappedMillis = timestampMillis & Integer.MAX_VALUE;
            offsetMillis = -unwrappedMillis;
        }
        // The nearest number with the same low 31 bits.
        unwrappedMillis += (timestampMillis - (int) unwrappedMillis) << 1 >> 1;
        long last = line.started ? line.lastMillis : newestMillis;
        long offset = line.started ? line.offsetMillis : offsetMillis;
        if (!isNear(line, unwrappedMillis + offset)) {
            if (!isNear(line, unwrappedMillis + offsetMillis)) {
                offsetMillis = last + line.stepMillis - unwrappedMillis;
            }
            offset = offsetMillis;
        }
        long millis = unwrappedMillis + offset;
        if (line.started) {
            if (millis < last) {
                millis = last + 1;
            }
            line.stepMillis = Math.clamp(millis - last, 1, MAX_BACKWARD_MILLIS);
        }
        line.started = true;
        line.offsetMillis = offset;
        line.lastMillis = millis;
        newestMillis = Math.max(newestMillis, millis);
        return millis;
    }

    private boolean isNear(Line line, long millis) {
        if (Math.abs(millis - newestMillis) <= MAX_FORWARD_MILLIS && !line.started) {
            return true;
        }
        long sinceLast = millis - line.lastMillis;
        return line.started
                && sinceLast >= -MAX_BACKWARD_MILLIS
                && (sinceLast <= MAX_FORWARD_MILLIS || millis - newestMillis <= MAX_FORWARD_MILLIS);
    }
}
