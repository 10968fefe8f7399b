package tapedeck.protocol.ingest;

/// From the times of a file to those of the stream. A file that begins anew, and a time that jumps, goes on where the
/// stream is.
final class IngestClock {
    /// A step back of up to this only moves a frame behind the one before it.
    static final long MAX_BACK_NANOS = 1_000_000_000L;
    /// A longer silence is a jump.
    static final long MAX_FORWARD_NANOS = 30_000_000_000L;

    /// What containers that count milliseconds can still tell apart.
    private static final long MIN_STEP_NANOS = 1_000_000L;

    private static final long USUAL_STEP_NANOS = 33_333_333L;

    /// One track.
    static final class Line {
        private long lastNanos = -1;
        private long stepNanos = USUAL_STEP_NANOS;

        boolean begun() {
            return lastNanos >= 0;
        }

        /// How many frames there would have been since the last one, at the distance that they usually have.
        long framesUntil(long nanos) {
            return begun() ? Math.max(0, Math.round((double) (nanos - lastNanos) / stepNanos) - 1) : 0;
        }

        /// This frame has come; returns its time, which is behind that of the one before.
        private long take(long nanos) {
            long step = nanos - lastNanos;
            if (begun() && step > 0 && step <= MAX_BACK_NANOS) {
                stepNanos = step;
            }
            lastNanos = begun() ? Math.max(nanos, lastNanos + MIN_STEP_NANOS) : Math.max(0, nanos);
            return lastNanos;
        }
    }

    private boolean anchored;
    private long offsetNanos;
    private long newestNanos;

    /// What comes is another file.
    void begin() {
        anchored = false;
    }

    /// Where this time of the file is in the stream.
    long map(Line line, long fileNanos) {
        if (!anchored) {
            anchor(line, fileNanos);
        }
        long nanos = fileNanos + offsetNanos;
        if (line.begun() && (nanos < line.lastNanos - MAX_BACK_NANOS || nanos > newestNanos + MAX_FORWARD_NANOS)) {
            anchor(line, fileNanos);
            nanos = fileNanos + offsetNanos;
        }
        return nanos;
    }

    private void anchor(Line line, long fileNanos) {
        long at = newestNanos == 0 && !line.begun() ? 0 : newestNanos + line.stepNanos;
        offsetNanos = at - fileNanos;
        anchored = true;
    }

    /// The decoding time of a frame that goes into the stream.
    ///
    /// @param nanos as mapped
    long take(Line line, long nanos) {
        long taken = line.take(nanos);
        newestNanos = Math.max(newestNanos, taken);
        return taken;
    }
}
