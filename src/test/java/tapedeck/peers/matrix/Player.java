package tapedeck.peers.matrix;

import java.util.Optional;
import java.util.OptionalDouble;

/// Somebody who takes a stream.
interface Player {
    /// For its end, once the stream is over.
    long DEADLINE_SECONDS = 60;
    double NEVER = Double.POSITIVE_INFINITY;

    /// Waits until it has ended, and judges what it took by what was sent.
    Taken taken(Clip clip) throws Exception;

    /// From when it asked for the stream to the first picture that it had, in seconds ([Moment])
    /// (the first sound where there are no pictures); nothing where that cannot be seen, [#NEVER] where it
    /// could and was not.
    OptionalDouble secondsToFirst();

    /// @param asked nothing where nobody saw it
    /// @param came nothing where nobody saw it
    static OptionalDouble seconds(Optional<Moment> asked, Optional<Moment> came) {
        return OptionalDouble.of(
                asked.isPresent() && came.isPresent() ? came.get().secondsSince(asked.get()) : NEVER);
    }

    void stop();
}
