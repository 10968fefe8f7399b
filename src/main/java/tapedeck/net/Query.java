package tapedeck.net;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/// `key=value&key=value`, behind the `?` of an address or in a form.
public final class Query {
    private Query() {}

    /// @param each gets what stands there, not decoded, in its order; what has no key is passed over
    public static void split(String text, BiConsumer<String, String> each) {
        for (String part : text.split("&", -1)) {
            int equals = part.indexOf('=');
            if (equals > 0) {
                each.accept(part.substring(0, equals), part.substring(equals + 1));
            }
        }
    }

    /// As forms are encoded: a plus is a space.
    ///
    /// @throws IllegalArgumentException if it is not encoded properly
    public static String ofForm(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    /// As paths are encoded, and tokens that hold a plus.
    ///
    /// @throws IllegalArgumentException if it is not encoded properly
    public static String withPlus(String text) {
        return ofForm(text.replace("+", "%2B"));
    }
}
