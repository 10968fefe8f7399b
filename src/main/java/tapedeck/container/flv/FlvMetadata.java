package tapedeck.container.flv;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// What `onMetaData` says, E.5, as far as anybody asks.
///
/// @param streamName the name under which it is to be published; "" for none
/// @param video whether it names a codec, or says that there will be one
public record FlvMetadata(String streamName, boolean video, boolean audio) {
    /// Of `onMetaData {…}` and of RTMP's `@setDataFrame onMetaData {…}`; null for other data.
    public static @Nullable FlvMetadata of(List<@Nullable Object> values) {
        int at = values.indexOf("onMetaData");
        if (at < 0 || at + 1 >= values.size() || !(values.get(at + 1) instanceof Map<?, ?> metadata)) {
            return null;
        }
        return new FlvMetadata(
                metadata.get("streamName") instanceof String name ? name : "",
                names(metadata.get("videocodecid")) || Boolean.TRUE.equals(metadata.get("hasVideo")),
                names(metadata.get("audiocodecid")) || Boolean.TRUE.equals(metadata.get("hasAudio")));
    }

    /// @param body of a script tag
    /// @throws tapedeck.bytes.MalformedException if that is no AMF
    public static @Nullable FlvMetadata read(Bytes body) {
        return of(Amf0.readAll(body.reader()));
    }

    /// A codec is a number or a name; 0 is PCM for audio, but what writes it means "none".
    private static boolean names(@Nullable Object codec) {
        return switch (codec) {
            case Double id -> id > 0;
            case String name -> !name.isEmpty();
            case null, default -> false;
        };
    }
}
