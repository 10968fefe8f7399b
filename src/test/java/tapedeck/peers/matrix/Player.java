package tapedeck.peers.matrix;

/// Somebody who takes a stream.
interface Player {
    /// For its end, once the stream is over.
    long DEADLINE_SECONDS = 60;

    /// Waits until it has ended, and judges what it took by what was sent.
    Taken taken(Clip clip) throws Exception;

    /// Where the stream was when it was asked for, by its own clock.
    long askedNanos();

    void stop();
}
