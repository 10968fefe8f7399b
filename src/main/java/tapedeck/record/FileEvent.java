package tapedeck.record;

import java.nio.file.Path;
import java.util.List;
import tapedeck.container.Summary;
import tapedeck.media.Track;

/// What happens to one file of a recording, told to the catalogue. Whoever tells never waits and never fails because
/// of it.
sealed interface FileEvent {
    Journal journal();

    /// Its first frame is about to be written.
    record Begun(Journal journal, List<Track> tracks) implements FileEvent {
        public Begun {
            tracks = List.copyOf(tracks);
        }
    }

    /// Its last frame is written; the journal has the ending.
    record Ended(Journal journal) implements FileEvent {}

    /// It is an ordinary file in the folder of recordings; the journal has the placement.
    record Placed(Journal journal, Path file, Summary summary) implements FileEvent {}

    /// Nothing was ever written into it, and it is no more.
    record Empty(Journal journal) implements FileEvent {}

    /// It could not be brought to its end.
    record Failed(Journal journal, String reason) implements FileEvent {}

    /// Somebody was told of the file.
    ///
    /// @param exitStatus of the script, or the status of the answer by HTTP; -1 if there was none
    /// @param message what went wrong, else empty
    record Told(Journal journal, Listener listener, State state, int exitStatus, String message) implements FileEvent {
        enum Listener {
            HOOK,
            WEBHOOK
        }

        enum State {
            WAITING,
            RUNNING,
            DONE,
            FAILED
        }
    }
}
