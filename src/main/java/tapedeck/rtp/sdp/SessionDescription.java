package tapedeck.rtp.sdp;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A whole session description, RFC 8866 5. Lines that nobody here uses (`i u e p b r z k`) are read over.
///
/// @param origin behind `o=`
/// @param name behind `s=`
/// @param connection behind `c=` of the session level, or ""
/// @param timing behind the first `t=`
/// @param attributes of the session level
public record SessionDescription(
        String origin,
        String name,
        String connection,
        String timing,
        List<Attribute> attributes,
        List<MediaDescription> media) {
    public static final int MAX_CHARACTERS = 64 * 1024;
    public static final int MAX_LINE_CHARACTERS = 4 * 1024;
    public static final int MAX_MEDIA = 64;
    public static final int MAX_ATTRIBUTES = 1000;

    public SessionDescription {
        attributes = List.copyOf(attributes);
        media = List.copyOf(media);
    }

    public static SessionDescription parse(String text) {
        return new SdpParser().parse(text);
    }

    /// The first session-level attribute of this name, or null.
    public @Nullable String attribute(String name) {
        return SdpParser.first(attributes, name);
    }

    /// The attribute of a section, or else of the session: ICE and DTLS attributes may stand in either place, RFC 8839
    /// 5.4 and RFC 8842 5.
    public @Nullable String attribute(MediaDescription section, String name) {
        String own = section.attribute(name);
        return own != null ? own : attribute(name);
    }

    /// The mids of each `group:BUNDLE`, RFC 9143.
    public List<List<String>> bundles() {
        List<List<String>> bundles = new ArrayList<>();
        for (Attribute attribute : attributes) {
            if (attribute.name().equals("group") && attribute.value().startsWith("BUNDLE ")) {
                bundles.add(List.of(attribute.value().substring(7).strip().split(" +", -1)));
            }
        }
        return bundles;
    }

    public MediaDescription.Direction direction(MediaDescription section) {
        MediaDescription.Direction own = section.ownDirection();
        if (own != null) {
            return own;
        }
        MediaDescription.Direction session = MediaDescription.direction(attributes);
        return session != null ? session : MediaDescription.Direction.SENDRECV;
    }

    /// The text with CRLF line ends.
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder(2048);
        line(out, 'v', "0");
        line(out, 'o', origin);
        line(out, 's', name.isEmpty() ? "-" : name);
        if (!connection.isEmpty()) {
            line(out, 'c', connection);
        }
        line(out, 't', timing.isEmpty() ? "0 0" : timing);
        attributes.forEach(attribute -> line(out, 'a', attribute.toString()));
        for (MediaDescription section : media) {
            line(out, 'm', section.line());
            if (!section.connection().isEmpty()) {
                line(out, 'c', section.connection());
            }
            section.attributes().forEach(attribute -> line(out, 'a', attribute.toString()));
        }
        return out.toString();
    }

    private static void line(StringBuilder out, char type, String value) {
        out.append(type).append('=').append(value).append("\r\n");
    }
}
