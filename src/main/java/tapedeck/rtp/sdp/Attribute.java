package tapedeck.rtp.sdp;

/// An `a=` line, RFC 8866 5.13.
///
/// @param value what follows the colon; "" for an attribute without one
public record Attribute(String name, String value) {
    public Attribute {
        if (name.isEmpty() || hasLineEnd(name) || hasLineEnd(value)) {
            throw new IllegalArgumentException("an attribute is one line with a name");
        }
    }

    public Attribute(String name) {
        this(name, "");
    }

    private static boolean hasLineEnd(String text) {
        return text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0;
    }

    @Override
    public String toString() {
        return value.isEmpty() ? name : name + ":" + value;
    }
}
