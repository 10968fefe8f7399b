package tapedeck.peers.matrix;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/// Somebody who takes a stream.
interface Player {
    /// For its end, once the stream is over.
    long DEADLINE_SECONDS = 60;
    double NEVER = Double.POSITIVE_INFINITY;

    /// Waits until it has ended, and judges what it took by what was sent.
    Taken taken(Clip clip) throws Exception;

    /// From when it asked for the stream to the first picture that it had, in seconds of the stream's own clock
    /// (the first sound where there are no pictures); nothing where that cannot be seen, [#NEVER] where it
    /// could and was not.
    OptionalDouble secondsToFirst();

    /// @param asked nothing where nobody saw it
    /// @param came nothing where nobody saw it
    static OptionalDouble seconds(OptionalLong asked, OptionalLong came) {
        return OptionalDouble.of(
                asked.isPresent() && came.isPresent() ? (came.getAsLong() - asked.getAsLong()) / 1e9 : NEVER);
    }

    void stop();
}
