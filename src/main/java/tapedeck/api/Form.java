package tapedeck.api;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Query;

/// `application/x-www-form-urlencoded`, as the login page sends it.
final class Form {
    private Form() {}

    /// The first value of `name`; empty if it is not there.
    static String value(String form, String name) {
        List<String> found = new ArrayList<>();
        Query.split(form, (key, value) -> {
            if (key.equals(name)) {
                found.add(value);
            }
        });
        try {
            return found.isEmpty() ? "" : Query.ofForm(found.getFirst());
        } catch (IllegalArgumentException e) {
            throw new MalformedException("the form's \"%s\" is not encoded properly".formatted(name), e);
        }
    }
}
