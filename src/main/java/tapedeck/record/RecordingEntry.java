package tapedeck.record;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// One file of a recording, from its first frame on, as the catalogue knows it.
///
/// @param id of this file; what its journal is called while there is one
public record RecordingEntry(String id, Origin origin, Media media, Stage stage, Report report) {
    public static final long UNKNOWN = -1;

    private static final long NANOS_PER_MILLI = 1_000_000;

    /// One that was read from a disk can lack anything, whatever its type says.
    public RecordingEntry {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(origin, "origin");
        Objects.requireNonNull(media, "media");
        Objects.requireNonNull(stage, "stage");
        Objects.requireNonNull(report, "report");
    }

    /// What was recorded.
    ///
    /// @param recordingId the same for all parts of a recording
    /// @param part its number in the recording from 1; 0 for a file that was found in the folder
    /// @param streamName empty where nobody knows it any more: the file was put into the folder by hand
    public record Origin(
            String recordingId, int part, String streamName, String mediaSessionId, String login, String protocol) {
        /// Of a file that was found in the folder.
        static Origin found(String id) {
            return new Origin(id, 0, "", "", "", "");
        }
    }

    /// The file.
    ///
    /// @param fileName while it grows, what is known only at its end stands as in the template, like `{endTime}`
    /// @param startedAtMillis the first time stamp, in milliseconds since 1970
    /// @param durationMillis [#UNKNOWN] if nothing can be read out of the file
    /// @param modifiedAtMillis of the finished file, 0 before
    public record Media(
            String fileName,
            Container container,
            List<TrackFacts> tracks,
            long startedAtMillis,
            long durationMillis,
            long sizeBytes,
            long modifiedAtMillis) {
        public Media {
            tracks = List.copyOf(tracks);
        }
    }

    /// How far it has come.
    ///
    /// @param reason why it ended or failed
    /// @param endedAtMillis 0 while it grows
    public record Stage(State state, String reason, long endedAtMillis) {}

    /// What is said of it.
    ///
    /// @param quality null if nobody measured
    /// @param hook null if no script is configured, or none was started yet
    /// @param webhook null likewise
    public record Report(
            @Nullable Quality quality,
            @Nullable Outcome hook,
            @Nullable Outcome webhook) {
        static final Report NONE = new Report(null, null, null);
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

    public String recordingId() {
        return origin.recordingId;
    }

    public int part() {
        return origin.part;
    }

    public String streamName() {
        return origin.streamName;
    }

    public String mediaSessionId() {
        return origin.mediaSessionId;
    }

    public String login() {
        return origin.login;
    }

    public String protocol() {
        return origin.protocol;
    }

    public String fileName() {
        return media.fileName;
    }

    public Container container() {
        return media.container;
    }

    public List<TrackFacts> tracks() {
        return media.tracks;
    }

    public long startedAtMillis() {
        return media.startedAtMillis;
    }

    public long durationMillis() {
        return media.durationMillis;
    }

    public long sizeBytes() {
        return media.sizeBytes;
    }

    public long modifiedAtMillis() {
        return media.modifiedAtMillis;
    }

    public State state() {
        return stage.state;
    }

    public String reason() {
        return stage.reason;
    }

    public long endedAtMillis() {
        return stage.endedAtMillis;
    }

    public @Nullable Quality quality() {
        return report.quality;
    }

    public @Nullable Outcome hook() {
        return report.hook;
    }

    public @Nullable Outcome webhook() {
        return report.webhook;
    }

    public boolean hasVideo() {
        return tracks().isEmpty()
                || tracks().stream().anyMatch(track -> track.type().equals("video"));
    }

    static RecordingEntry begun(FileEvent.Begun event) {
        Journal journal = event.journal();
        Journal.Origin origin = journal.origin();
        return new RecordingEntry(
                journal.id(),
                new Origin(
                        origin.recordingId().isEmpty() ? journal.id() : origin.recordingId(),
                        Math.max(origin.part(), 1),
                        origin.streamName(),
                        origin.mediaSessionId(),
                        origin.login(),
                        origin.protocol()),
                new Media(
                        journal.expectedName(),
                        journal.container(),
                        TrackFacts.of(event.tracks()),
                        origin.startTimeMillis(),
                        0,
                        0,
                        0),
                new Stage(State.RECORDING, "", 0),
                Report.NONE);
    }

    /// What the journal says of its ending.
    RecordingEntry ended(Journal journal) {
        Journal.Ending ending = journal.ending();
        return ending == null
                ? with(State.FINISHING, "", stage.endedAtMillis)
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
                .with(recovered ? State.INTERRUPTED : State.READY, ended.reason(), ended.endedAtMillis());
    }

    RecordingEntry with(State state, String reason, long endedAtMillis) {
        return new RecordingEntry(id, origin, media, new Stage(state, reason, endedAtMillis), report);
    }

    RecordingEntry measured(@Nullable Quality quality) {
        return new RecordingEntry(id, origin, media, stage, new Report(quality, report.hook, report.webhook));
    }

    RecordingEntry of(String fileName, long sizeBytes, long modifiedAtMillis) {
        Media file = new Media(
                fileName,
                media.container,
                media.tracks,
                media.startedAtMillis,
                media.durationMillis,
                sizeBytes,
                modifiedAtMillis);
        return new RecordingEntry(id, origin, file, stage, report);
    }

    /// A file that somebody still copies into the folder gets its own time last, and with it a new start.
    RecordingEntry startingAt(long startedAtMillis) {
        Media file = new Media(
                media.fileName,
                media.container,
                media.tracks,
                startedAtMillis,
                media.durationMillis,
                media.sizeBytes,
                media.modifiedAtMillis);
        return new RecordingEntry(id, origin, file, stage, report);
    }

    RecordingEntry containing(long durationMillis, List<TrackFacts> tracks) {
        Media file = new Media(
                media.fileName,
                media.container,
                tracks,
                media.startedAtMillis,
                durationMillis,
                media.sizeBytes,
                media.modifiedAtMillis);
        return new RecordingEntry(id, origin, file, stage, report);
    }

    RecordingEntry told(FileEvent.Told.Listener listener, Outcome outcome) {
        Report told = switch (listener) {
            case HOOK -> new Report(report.quality, outcome, report.webhook);
            case WEBHOOK -> new Report(report.quality, report.hook, outcome);
        };
        return new RecordingEntry(id, origin, media, stage, told);
    }
}
