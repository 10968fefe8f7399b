package tapedeck.protocol.rtmp;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Query;
import tapedeck.stream.StreamName;

/// What a peer asks for in `publish` and `play`: `name?key=value&key=value`.
///
/// @param parameters credentials and the like
record StreamRequest(StreamName name, Map<String, String> parameters) {
    StreamRequest {
        parameters = Map.copyOf(parameters);
    }

    /// @throws MalformedException if the name is not allowed
    static StreamRequest parse(@Nullable Object argument) {
        if (!(argument instanceof String text)) {
            throw new MalformedException("no stream name given");
        }
        int query = text.indexOf('?');
        String name = query < 0 ? text : text.substring(0, query);
        return new StreamRequest(new StreamName(name), parameters(text));
    }

    /// What the object of a `connect` says behind `?` in its `tcUrl` and its `app`.
    static Map<String, String> ofConnect(@Nullable Object connect) {
        Map<String, String> parameters = new LinkedHashMap<>();
        if (connect instanceof Map<?, ?> object) {
            for (String property : List.of("tcUrl", "app")) {
                if (object.get(property) instanceof String text) {
                    parameters.putAll(parameters(text));
                }
            }
        }
        return parameters;
    }

    private static Map<String, String> parameters(String address) {
        int query = address.indexOf('?');
        Map<String, String> parameters = new LinkedHashMap<>();
        if (query >= 0) {
            Query.split(address.substring(query + 1), (key, value) -> parameters.put(decoded(key), decoded(value)));
        }
        return parameters;
    }

    private static String decoded(String text) {
        try {
            return Query.ofForm(text);
        } catch (IllegalArgumentException e) {
            // Not encoded after all.
            return text;
        }
    }
}
