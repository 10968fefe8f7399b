package tapedeck.record;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// What a recording on demand asks for; null takes the server's setting.
///
/// @param fileTemplate as `stream_record_policy_template`
/// @param rotation as `record_rotation`: `disabled`, seconds (`20`), or megabytes (`20M`)
/// @param prerollSeconds as `record_preroll`; the stream remembers no more than that setting says
/// @param parallel whether it runs beside the other recordings of the stream; else the one that runs ends
public record RecordingRequest(
        @Nullable String fileTemplate,
        @Nullable String rotation,
        @Nullable Integer prerollSeconds,
        boolean parallel) {
    public static final int MAX_PREROLL_SECONDS = 60;

    /// The server's settings for everything.
    public static final RecordingRequest DEFAULT = new RecordingRequest(null, null);

    /// What the recording page knows.
    public RecordingRequest(@Nullable String fileTemplate, @Nullable String rotation) {
        this(fileTemplate, rotation, null, false);
    }

    /// The longest template; a longer one could not be a file name anyway.
    public static final int MAX_TEMPLATE_LENGTH = 1024;

    /// @throws MalformedException if a value cannot be used
    public RecordingRequest {
        if (fileTemplate != null && (fileTemplate.isBlank() || fileTemplate.length() > MAX_TEMPLATE_LENGTH)) {
            throw new MalformedException("fileTemplate: 1 to %d characters allowed, %d given"
                    .formatted(MAX_TEMPLATE_LENGTH, fileTemplate.length()));
        }
        if (prerollSeconds != null && (prerollSeconds < 0 || prerollSeconds > MAX_PREROLL_SECONDS)) {
            throw new MalformedException(
                    "preroll: 0 to %d seconds allowed, %d given".formatted(MAX_PREROLL_SECONDS, prerollSeconds));
        }
        if (rotation != null) {
            Rotation.parse(rotation);
        }
    }
}
