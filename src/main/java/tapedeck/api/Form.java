package tapedeck.api;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import tapedeck.bytes.MalformedException;

/// `application/x-www-form-urlencoded`, as the login page sends it.
final class Form {
    private Form() {}

    /// The first value of `name`; empty if it is not there.
    static String value(String form, String name) {
        for (String pair : form.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals >= 0 && pair.substring(0, equals).equals(name)) {
                try {
                    return URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8);
                } catch (IllegalArgumentException e) {
                    throw new MalformedException("the form's \"%s\" is not encoded properly".formatted(name), e);
                }
            }
        }
        return "";
    }
}
