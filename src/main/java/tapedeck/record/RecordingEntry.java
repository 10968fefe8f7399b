package tapedeck.record;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// One file of a recording, from its first frame on, as the catalogue knows it.
///
/// @param id of this file; what its journal is called while there is one
/// @param recordingId the same for all parts of a recording
/// @param streamName empty where nobody knows it any more: the file was put into the folder by hand
/// @param part its number in the recording from 1; 0 for a file that was found in the folder
/// @param fileName while it grows, what is known only at its end stands as in the template, like `{endTime}`
/// @param startedAtMillis the first time stamp, in milliseconds since 1970
/// @param endedAtMillis 0 while it grows
/// @param modifiedAtMillis of the finished file, 0 before
/// @param durationMillis [#UNKNOWN] if nothing can be read out of the file
/// @param reason why it ended or failed
/// @param quality null if nobody measured
/// @param hook null if no script is configured, or none was started yet
/// @param webhook null likewise
public record RecordingEntry(
        String id,
        String recordingId,
        String streamName,
        String mediaSessionId,
        String login,
        String protocol,
        int part,
        String fileName,
        Container container,
        List<TrackFacts> tracks,
        long startedAtMillis,
        long endedAtMillis,
        long modifiedAtMillis,
        long durationMillis,
        long sizeBytes,
        State state,
        String reason,
        @Nullable Quality quality,
        @Nullable Outcome hook,
        @Nullable Outcome webhook) {
    public static final long UNKNOWN = -1;

    private static final long NANOS_PER_MILLI = 1_000_000;

    public RecordingEntry {
        tracks = List.copyOf(tracks);
    }

    public enum State {
        RECORDING,
        /// Its last frame is on disk; it gets its index and its name.
        FINISHING,
        READY,
        /// Ready, but its end is where the server died.
        INTERRUPTED,
        /// There is nothing to play.
        FAILED;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /// Whether the file lies in the folder of recordings, and stays as it is.
        public boolean isFinished() {
            return this == READY || this == INTERRUPTED;
        }

        boolean isOpen() {
            return this == RECORDING || this == FINISHING;
        }
    }

    /// @param type `video` or `audio`
    /// @param codec as FFmpeg names it
    public record TrackFacts(String type, String codec, int width, int height, int sampleRate, int channels) {
        static TrackFacts of(Track track) {
            String name = track.codec().name();
            return switch (track.codec()) {
                case Codec.Video video -> new TrackFacts("video", name, video.width(), video.height(), 0, 0);
                case Codec.Audio audio -> new TrackFacts("audio", name, 0, 0, audio.sampleRateHz(), audio.channels());
            };
        }

        static List<TrackFacts> of(List<Track> tracks) {
            return tracks.stream().map(TrackFacts::of).toList();
        }
    }

    /// What became of telling somebody of the file.
    ///
    /// @param state `waiting`, `running`, `done` or `failed`
    /// @param exitStatus of the script, or the status of the answer by HTTP; -1 if there was none
    public record Outcome(String state, int exitStatus, String message) {}

    public boolean hasVideo() {
        return tracks.isEmpty()
                || tracks.stream().anyMatch(track -> track.type().equals("video"));
    }

    static RecordingEntry begun(FileEvent.Begun event) {
        Journal journal = event.journal();
        Journal.Origin origin = journal.origin();
        return new RecordingEntry(
                journal.id(),
                origin.recordingId().isEmpty() ? journal.id() : origin.recordingId(),
                origin.streamName(),
                origin.mediaSessionId(),
                origin.login(),
                origin.protocol(),
                Math.max(origin.part(), 1),
                Naming.file(
                        journal.naming().base(journal.nameValues()),
                        journal.index(),
                        1,
                        journal.container().extension()),
                journal.container(),
                TrackFacts.of(event.tracks()),
                origin.startTimeMillis(),
                0,
                0,
                0,
                0,
                State.RECORDING,
                "",
                null,
                null,
                null);
    }

    /// What the journal says of its ending.
    RecordingEntry ended(Journal journal) {
        Journal.Ending ending = journal.ending();
        return ending == null
                ? with(State.FINISHING, "", endedAtMillis)
                : with(State.FINISHING, ending.reason().hookValue(), ending.endedAtMillis())
                        .measured(ending.quality());
    }

    RecordingEntry placed(FileEvent.Placed event, long sizeBytes, long modifiedAtMillis) {
        Journal.Ending ending = event.journal().ending();
        boolean recovered = ending == null || ending.reason() == EndReason.RECOVERED;
        RecordingEntry ended = ended(event.journal());
        return ended.of(event.file().getFileName().toString(), sizeBytes, modifiedAtMillis)
                .containing(
                        event.summary().durationNanos() / NANOS_PER_MILLI,
                        TrackFacts.of(event.summary().tracks()))
                .with(recovered ? State.INTERRUPTED : State.READY, ended.reason, ended.endedAtMillis);
    }

    RecordingEntry with(State newState, String newReason, long newEndedAtMillis) {
        return new RecordingEntry(
                id,
                recordingId,
                streamName,
                mediaSessionId,
                login,
                protocol,
                part,
                fileName,
                container,
                tracks,
                startedAtMillis,
                newEndedAtMillis,
                modifiedAtMillis,
                durationMillis,
                sizeBytes,
                newState,
                newReason,
                quality,
                hook,
                webhook);
    }

    RecordingEntry measured(@Nullable Quality newQuality) {
        return new RecordingEntry(
                id,
                recordingId,
                streamName,
                mediaSessionId,
                login,
                protocol,
                part,
                fileName,
                container,
                tracks,
                startedAtMillis,
                endedAtMillis,
                modifiedAtMillis,
                durationMillis,
                sizeBytes,
                state,
                reason,
                newQuality,
                hook,
                webhook);
    }

    RecordingEntry of(String newFileName, long newSizeBytes, long newModifiedAtMillis) {
        return new RecordingEntry(
                id,
                recordingId,
                streamName,
                mediaSessionId,
                login,
                protocol,
                part,
                newFileName,
                container,
                tracks,
                startedAtMillis,
                endedAtMillis,
                newModifiedAtMillis,
                durationMillis,
                newSizeBytes,
                state,
                reason,
                quality,
                hook,
                webhook);
    }

    RecordingEntry containing(long newDurationMillis, List<TrackFacts> newTracks) {
        return new RecordingEntry(
                id,
                recordingId,
                streamName,
                mediaSessionId,
                login,
                protocol,
                part,
                fileName,
                container,
                newTracks,
                startedAtMillis,
                endedAtMillis,
                modifiedAtMillis,
                newDurationMillis,
                sizeBytes,
                state,
                reason,
                quality,
                hook,
                webhook);
    }

    RecordingEntry told(FileEvent.Told.Listener listener, Outcome outcome) {
        return new RecordingEntry(
                id,
                recordingId,
                streamName,
                mediaSessionId,
                login,
                protocol,
                part,
                fileName,
                container,
                tracks,
                startedAtMillis,
                endedAtMillis,
                modifiedAtMillis,
                durationMillis,
                sizeBytes,
                state,
                reason,
                quality,
                listener == FileEvent.Told.Listener.HOOK ? outcome : hook,
                listener == FileEvent.Told.Listener.WEBHOOK ? outcome : webhook);
    }
}
