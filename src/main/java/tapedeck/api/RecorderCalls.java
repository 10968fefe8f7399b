package tapedeck.api;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.record.ActiveRecording;
import tapedeck.record.FinishedRecording;
import tapedeck.record.RecordingRefusedException;
import tapedeck.record.RecordingRequest;
import tapedeck.record.Recordings;

/// `recorder/…` and `stream/…Recording`: recording on demand; `recording/…`: the finished files.
final class RecorderCalls {
    /// A recording that grows. The recording page knows the first two members.
    record Active(
            String fileName,
            String mediaSessionId,
            String recordingId,
            String streamName,
            String state,
            long startTimeMillis,
            long durationMillis,
            long size,
            long missingFrames) {
        static Active of(ActiveRecording recording) {
            return new Active(
                    recording.fileName(),
                    recording.mediaSessionId(),
                    recording.recordingId(),
                    recording.stream().value(),
                    recording.state().name(),
                    recording.startedAt().toEpochMilli(),
                    TimeUnit.NANOSECONDS.toMillis(recording.durationNanos()),
                    recording.sizeBytes(),
                    recording.gapFrames());
        }
    }

    /// @param type `video` or `audio`
    record FileTrack(String type, String codec, int width, int height, int sampleRate, int channels) {
        static FileTrack of(Track track) {
            String codec = LiveStream.codecName(track.codec());
            return switch (track.codec()) {
                case Codec.Video video -> new FileTrack("video", codec, video.width(), video.height(), 0, 0);
                case Codec.Audio audio -> new FileTrack("audio", codec, 0, 0, audio.sampleRateHz(), audio.channels());
            };
        }
    }

    /// @param durationMillis -1 while it is not known
    /// @param modifiedMillis milliseconds since 1970
    record Finished(
            String fileName,
            String url,
            String mediaType,
            long size,
            long durationMillis,
            long modifiedMillis,
            List<FileTrack> tracks) {
        static Finished of(FinishedRecording file) {
            boolean known = file.durationNanos() != FinishedRecording.UNKNOWN;
            return new Finished(
                    file.fileName(),
                    SignedLinks.path(file.fileName()),
                    file.mediaType(),
                    file.sizeBytes(),
                    known ? TimeUnit.NANOSECONDS.toMillis(file.durationNanos()) : -1,
                    file.modifiedAt().toEpochMilli(),
                    file.tracks().stream().map(FileTrack::of).toList());
        }
    }

    /// @param expires seconds since 1970
    record Signed(String url, long expires) {}

    private final Recordings recordings;
    private final SignedLinks links;

    RecorderCalls(Recordings recordings, SignedLinks links) {
        this.recordings = recordings;
        this.links = links;
    }

    void start(HttpExchange exchange) throws Exception {
        start(Json.body(exchange));
        exchange.respond(200);
    }

    void start(Json.Body body) throws HttpProblem {
        String mediaSessionId = body.text("mediaSessionId");
        Json.Body config = body.object("config");
        RecordingRequest request = new RecordingRequest(
                config.optionalText("fileTemplate").orElse(null),
                config.optionalText("rotation").orElse(null),
                config.optionalNumber("preroll").map(RecorderCalls::seconds).orElse(null),
                config.optionalFlag("parallel").orElse(false));
        try {
            recordings.start(mediaSessionId, request);
        } catch (RecordingRefusedException e) {
            throw problem(e);
        }
    }

    private static int seconds(long number) {
        return Math.toIntExact(Math.clamp(number, -1, Integer.MAX_VALUE));
    }

    /// `{"mediaSessionId"}` stops all recordings of it; with `"recordingId"` or `"fileName"` one of them.
    void terminate(HttpExchange exchange) throws Exception {
        terminate(Json.body(exchange));
        exchange.respond(200);
    }

    void terminate(Json.Body body) throws HttpProblem {
        String mediaSessionId = body.text("mediaSessionId");
        String one = body.optionalText("recordingId")
                .or(() -> body.optionalText("fileName"))
                .orElse(null);
        try {
            recordings.terminate(mediaSessionId, one);
        } catch (RecordingRefusedException e) {
            throw problem(e);
        }
    }

    void findActive(HttpExchange exchange) throws Exception {
        Json.body(exchange);
        Json.respond(exchange, active());
    }

    List<Active> active() {
        return recordings.active().stream().map(Active::of).toList();
    }

    List<Finished> finished() {
        return recordings.finished().stream().map(Finished::of).toList();
    }

    void findFinished(HttpExchange exchange) throws Exception {
        Json.body(exchange);
        Json.respond(exchange, finished());
    }

    /// `{"fileName", "seconds"}` → a link that works for so long without any other right.
    void sign(HttpExchange exchange) throws Exception {
        Json.Body body = Json.body(exchange);
        String fileName = body.text("fileName");
        long seconds = body.optionalNumber("seconds").orElse(SignedLinks.DEFAULT_LIFETIME.toSeconds());
        long most = SignedLinks.MAX_LIFETIME.toSeconds();
        if (seconds < 1 || seconds > most) {
            throw new MalformedException("\"seconds\": 1 to %d allowed, %d given".formatted(most, seconds));
        }
        boolean playlist = fileName.endsWith(RecordedHls.SUFFIX);
        String recording = playlist ? RecordedHls.recordingOf(fileName) : fileName;
        if (recordings.file(recording).isEmpty()
                && (!playlist || recordings.growing(recording).isEmpty())) {
            throw new HttpProblem(404, "no such recording");
        }
        SignedLinks.Link link = links.sign(fileName, recording, Duration.ofSeconds(seconds));
        Json.respond(exchange, new Signed(link.url(), link.expires().getEpochSecond()));
    }

    static HttpProblem problem(RecordingRefusedException refused) {
        int status = switch (refused.reason()) {
            case NO_SUCH_STREAM, NOT_RECORDED, NO_SUCH_RECORDER -> 404;
            case TAKEN -> 409;
            case NO_SPACE -> 507;
            case STOPPING -> 500;
        };
        return new HttpProblem(status, String.valueOf(refused.getMessage()));
    }
}
