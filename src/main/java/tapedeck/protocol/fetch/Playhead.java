package tapedeck.protocol.fetch;

import java.util.concurrent.TimeUnit;
import tapedeck.relay.PullControls;

/// Where somebody wants a source to be that can be stopped and moved within, and the clock that its reader waits by.
final class Playhead implements PullControls {
    /// Nobody wants it anywhere.
    static final long NOWHERE = -1;

    /// What a wait ended with.
    enum Turn {
        DUE,
        /// It stood still meanwhile: what is due has to be found anew.
        RESUMED,
        /// Somebody wants it elsewhere.
        MOVED
    }

    // Guarded by this.
    private boolean paused;
    private long wantedNanos = NOWHERE;

    @Override
    public synchronized void pause() {
        paused = true;
        notifyAll();
    }

    @Override
    public synchronized void play() {
        paused = false;
        notifyAll();
    }

    @Override
    public synchronized void seek(long nanos) {
        wantedNanos = Math.max(0, nanos);
        notifyAll();
    }

    /// Waits for so long, or for as long as it is paused. Who is sent elsewhere goes there at once, and stays paused.
    synchronized Turn await(long nanos) throws InterruptedException {
        boolean stood = false;
        long untilNanos = System.nanoTime() + nanos;
        while (wantedNanos == NOWHERE) {
            long left = untilNanos - System.nanoTime();
            if (paused) {
                stood = true;
                wait();
            } else if (stood) {
                return Turn.RESUMED;
            } else if (left > 0) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } else {
                return Turn.DUE;
            }
        }
        return Turn.MOVED;
    }

    /// Where somebody wanted it to be, once; or [#NOWHERE].
    synchronized long wanted() {
        long wanted = wantedNanos;
        wantedNanos = NOWHERE;
        return wanted;
    }
}
