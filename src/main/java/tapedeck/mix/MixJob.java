package tapedeck.mix;

/// A file that waits to be mixed, is being mixed, or was.
///
/// @param attempts that were begun
/// @param createdAtMillis since 1970
/// @param endedAtMillis 0 before
/// @param mixedFile empty before
/// @param exitCode with which `./run mix` would have ended; 0 before the end, and for a mix that nobody wanted any more
/// @param message why it failed, or was tried again
/// @param percent of it that is mixed
public record MixJob(
        String id,
        MixCallback.Recording recording,
        State state,
        int attempts,
        long createdAtMillis,
        long endedAtMillis,
        String mixedFile,
        int exitCode,
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

    /// One that waits from now on.
    static MixJob of(String id, MixCallback.Recording recording, long nowMillis) {
        return new MixJob(id, recording, State.WAITING, 0, nowMillis, 0, "", 0, "", 0);
    }

    /// The whole path.
    public String file() {
        return recording.file().toString();
    }

    public boolean isOver() {
        return state != State.WAITING && state != State.RUNNING;
    }

    MixJob at(int percentNow) {
        return new MixJob(
                id,
                recording,
                state,
                attempts,
                createdAtMillis,
                endedAtMillis,
                mixedFile,
                exitCode,
                message,
                percentNow);
    }
}
