package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.media.Frame;
import tapedeck.stream.Publication;

/// Media that goes on in real time for as long as a program wants to see it, however late it comes.
public final class EndlessMedia {
    /// Of one round.
    public static final long ROUND_NANOS = 2_000_000_000L;
    /// So that a program that has just begun has something to look at.
    private static final long AHEAD_NANOS = 500_000_000L;
    /// For a program that never has enough.
    private static final long MOST_ROUNDS = 60;

    private static final long DEADLINE_SECONDS = 60;

    private EndlessMedia() {}

    /// Cut to whole pictures and sound of a round, so that they can be repeated.
    public static List<Frame> of(String codecs) {
        return TestMedia.of(codecs, (int) TimeUnit.NANOSECONDS.toSeconds(ROUND_NANOS)).stream()
                .filter(frame -> frame.dtsNanos() < ROUND_NANOS)
                .toList();
    }

    /// Writes the frames again and again until the program has ended, which it has to.
    public static void play(Publication publication, List<Frame> frames, Process program) throws InterruptedException {
        long begin = System.nanoTime() - frames.getFirst().dtsNanos();
        for (long round = 0; round < MOST_ROUNDS; round++) {
            for (Frame frame : TestMedia.shifted(frames, round * ROUND_NANOS)) {
                long earlyNanos = frame.dtsNanos() - AHEAD_NANOS - (System.nanoTime() - begin);
                if (program.waitFor(Math.max(0, earlyNanos), TimeUnit.NANOSECONDS)) {
                    return;
                }
                publication.write(frame);
            }
        }
        assertTrue(program.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "it ended");
    }
}
