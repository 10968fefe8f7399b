package tapedeck.mix;

/// A file that waits to be mixed, is being mixed, or was.
///
/// @param attempts that were begun
/// @param createdAtMillis since 1970
/// @param endedAtMillis 0 before
/// @param mixedFile empty before
/// @param message why it failed, or was tried again
/// @param percent of it that is mixed
public record MixJob(
        String id,
        String file,
        State state,
        int attempts,
        long createdAtMillis,
        long endedAtMillis,
        String mixedFile,
        String message,
        int percent) {
    /// In the order of a job's life.
    public enum State {
        WAITING,
        RUNNING,
        DONE,
        FAILED,
        CANCELLED
    }

    public boolean isOver() {
        return state != State.WAITING && state != State.RUNNING;
    }

    MixJob at(int percentNow) {
        return new MixJob(id, file, state, attempts, createdAtMillis, endedAtMillis, mixedFile, message, percentNow);
    }
}
