package tapedeck.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// Something that happens while many streams are recorded into one file, as the file keeps it.
///
/// @param timeMs from the beginning of the file
/// @param trackId as `./run tracks` shows it; of a track that begins, stops or goes on
/// @param text of a message; null where `base64` is not
@JsonInclude(JsonInclude.Include.NON_NULL)
record CallEvent(
        String event,
        long timeMs,
        String streamName,
        String mediaSessionId,
        @Nullable Integer trackId,
        @Nullable String trackType,
        @Nullable String codec,
        @Nullable String label,
        @Nullable String protocol,
        @Nullable String sender,
        @Nullable String text,
        @Nullable String base64) {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    enum Kind {
        JOIN,
        LEAVE,
        /// A track begins.
        TRACK,
        /// Nothing comes of a track any more, for the time being.
        MUTE,
        UNMUTE,
        MESSAGE
    }

    static CallEvent of(Kind kind, long timeMs, TrackIdentity whose) {
        return new CallEvent(
                kind.name().toLowerCase(Locale.ROOT),
                timeMs,
                whose.streamName(),
                whose.mediaSessionId(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /// @param stored with the id that it has in the file
    CallEvent ofTrack(Track stored) {
        return new CallEvent(
                event,
                timeMs,
                streamName,
                mediaSessionId,
                stored.id() - 1,
                stored.isVideo() ? "VIDEO" : "AUDIO",
                stored.codec().name(),
                null,
                null,
                null,
                null,
                null);
    }

    CallEvent saying(Item.Message message) {
        MessageLog.Line line = MessageLog.Line.of(message, 0);
        return new CallEvent(
                event,
                timeMs,
                streamName,
                mediaSessionId,
                null,
                null,
                null,
                line.label(),
                line.protocol(),
                line.sender(),
                line.text(),
                line.base64());
    }

    Bytes json() {
        return Bytes.wrap(JSON.writeValueAsBytes(this));
    }
}
