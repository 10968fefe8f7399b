package tapedeck.rtp.sdp;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// Reads a session description line by line. Strict about sizes, mild about order: cameras put lines where they like.
final class SdpParser {
    private String origin = "";
    private String name = "";
    private String connection = "";
    private String timing = "";
    private int attributeCount;
    private final List<Attribute> sessionAttributes = new ArrayList<>();
    private final List<MediaDescription> media = new ArrayList<>();

    private @Nullable String mediaLine;
    private String mediaConnection = "";
    private List<Attribute> mediaAttributes = new ArrayList<>();

    SessionDescription parse(String text) {
        if (text.length() > SessionDescription.MAX_CHARACTERS) {
            throw new MalformedException(
                    "SDP of %d characters, %d allowed".formatted(text.length(), SessionDescription.MAX_CHARACTERS));
        }
        boolean version = false;
        int number = 0;
        for (int at = 0; at < text.length(); ) {
            int end = lineEnd(text, at);
            number++;
            if (end - at > SessionDescription.MAX_LINE_CHARACTERS) {
                throw new MalformedException("SDP line %d of %d characters".formatted(number, end - at));
            }
            String line = text.substring(at, end);
            at = end + 1;
            if (line.isBlank()) {
                continue;
            }
            if (line.length() < 2 || line.charAt(1) != '=') {
                throw new MalformedException("SDP line %d: %s".formatted(number, cut(line)));
            }
            version |= line.charAt(0) == 'v';
            if (!version) {
                throw new MalformedException("SDP does not begin with v=0 but with " + cut(line));
            }
            line(line.charAt(0), line.substring(2));
        }
        if (!version) {
            throw new MalformedException("SDP is empty");
        }
        endSection();
        return new SessionDescription(origin, name, connection, timing, sessionAttributes, media);
    }

    /// Lines end in CRLF, and RFC 8866 5 wants LF alone accepted too; some cameras send CR alone.
    private static int lineEnd(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || c == '\r') {
                return i;
            }
        }
        return text.length();
    }

    private void line(char type, String value) {
        switch (type) {
            case 'v' -> {
                if (!value.strip().equals("0")) {
                    throw malformed("SDP version", value);
                }
            }
            case 'o' -> origin = value;
            case 's' -> name = value;
            case 't' -> timing = timing.isEmpty() ? value : timing;
            case 'c' -> {
                if (mediaLine == null) {
                    connection = value;
                } else {
                    mediaConnection = value;
                }
            }
            case 'm' -> {
                endSection();
                if (media.size() == SessionDescription.MAX_MEDIA) {
                    throw new MalformedException("SDP of more than %d media".formatted(SessionDescription.MAX_MEDIA));
                }
                mediaLine = value;
            }
            case 'a' -> attribute(value);
            default -> {}
        }
    }

    private void attribute(String value) {
        if (++attributeCount > SessionDescription.MAX_ATTRIBUTES) {
            throw new MalformedException("SDP of more than %d attributes".formatted(SessionDescription.MAX_ATTRIBUTES));
        }
        int colon = value.indexOf(':');
        String attributeName = (colon < 0 ? value : value.substring(0, colon)).strip();
        if (attributeName.isEmpty()) {
            throw malformed("SDP attribute", value);
        }
        Attribute attribute = new Attribute(attributeName, colon < 0 ? "" : value.substring(colon + 1));
        (mediaLine == null ? sessionAttributes : mediaAttributes).add(attribute);
    }

    /// RFC 8866 5.14: `media port[/count] proto fmt …`.
    private void endSection() {
        if (mediaLine == null) {
            return;
        }
        String[] words = mediaLine.strip().split(" +", -1);
        if (words.length < 3) {
            throw malformed("SDP media", mediaLine);
        }
        int slash = words[1].indexOf('/');
        String port = slash < 0 ? words[1] : words[1].substring(0, slash);
        media.add(new MediaDescription(
                words[0],
                (int) number(port, 65_535, "SDP port"),
                words[2],
                List.of(words).subList(3, words.length),
                mediaConnection,
                mediaAttributes));
        mediaLine = null;
        mediaConnection = "";
        mediaAttributes = new ArrayList<>();
    }

    static @Nullable String first(List<Attribute> attributes, String name) {
        for (Attribute attribute : attributes) {
            if (attribute.name().equals(name)) {
                return attribute.value();
            }
        }
        return null;
    }

    static long number(String text, long max, String what) {
        if (text.matches("[0-9]{1,12}")) {
            long number = Long.parseLong(text);
            if (number <= max) {
                return number;
            }
        }
        throw malformed(what, text);
    }

    static MalformedException malformed(String what, String value) {
        return new MalformedException(what + ": " + cut(value));
    }

    private static String cut(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }
}
