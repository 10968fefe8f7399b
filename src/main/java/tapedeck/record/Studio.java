package tapedeck.record;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Renditions;

/// What all recordings share.
///
/// @param backlog bytes that may wait for the disk, of all recordings together
/// @param events told what happens to every file; takes no time
/// @param renditions where sound that a file cannot have is converted
record Studio(
        Settings.Recording settings,
        Journals journals,
        Finisher finisher,
        DiskGuard guard,
        IndexRoom indexRoom,
        ByteBudget backlog,
        Consumer<FileEvent> events,
        Renditions renditions) {
    /// Holds a name for a file that is about to begin, and writes down what it takes to finish it.
    Journal begun(Journal journal) throws IOException {
        Journal named = finisher.reserveName(journal);
        try {
            journals.write(named);
            return named;
        } catch (IOException e) {
            finisher.releaseName(named);
            throw e;
        }
    }

    /// The growing file of a journal; there is none before its first write.
    RecordingFile growing(Journal journal, DiskWriter writer) {
        return new RecordingFile(
                journals.media(journal),
                writer,
                new RecordingFile.Options(settings.fsync(), settings.directIo() ? journal.container()::filler : null));
    }

    /// Hands a file that was closed to the finisher. The answer says whether it is in place after the first attempt.
    CompletableFuture<Boolean> ended(Journal journal, EndReason reason, Quality quality) {
        Journal ended = journal.ended(new Journal.Ending(reason, System.currentTimeMillis(), quality));
        events.accept(new FileEvent.Ended(ended));
        return finisher.finish(ended);
    }
}
