package tapedeck.record;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.settings.Settings.NameEncoding;

/// How a file gets its name: the template and what is done to its result.
///
/// @param excludedCharacters removed from the result, unless it is encoded
record Naming(String template, NameEncoding encoding, String excludedCharacters) {
    /// The longest name that Linux's file systems take.
    static final int MAX_NAME_BYTES = 255;

    private static final Pattern ELEMENT = Pattern.compile("\\{([a-zA-Z]+)}");
    private static final String WHEN_NOTHING_IS_LEFT = "recording";

    /// The elements of a template, with the most characters that each may take.
    enum Element {
        STREAM_NAME("streamName", Integer.MAX_VALUE),
        DURATION("duration", Integer.MAX_VALUE),
        START_TIME("startTime", 20),
        END_TIME("endTime", 20),
        START_TIME_MILLIS("startTimeMillis", 20),
        END_TIME_MILLIS("endTimeMillis", 20),
        SESSION_ID("sessionId", 60),
        MEDIA_SESSION_ID("mediaSessionId", 36),
        LOGIN("login", 32),
        AUDIO_CODEC("audioCodec", 4),
        VIDEO_CODEC("videoCodec", 4);

        private final String key;
        private final int maxCharacters;

        Element(String key, int maxCharacters) {
            this.key = key;
            this.maxCharacters = maxCharacters;
        }

        private String cut(String value) {
            int characters = value.codePointCount(0, value.length());
            return characters <= maxCharacters ? value : value.substring(0, value.offsetByCodePoints(0, maxCharacters));
        }
    }

    /// The name without suffix and extension. An element without a value, also one that nobody knows, stays as it is.
    String base(Map<Element, String> values) {
        StringBuilder filled = new StringBuilder();
        Matcher matcher = ELEMENT.matcher(template);
        boolean complete = true;
        while (matcher.find()) {
            Element element = element(matcher.group(1));
            String value = matcher.group();
            if (element != null) {
                String known = values.get(element);
                complete &= known != null;
                value = known == null ? value : element.cut(known);
            }
            matcher.appendReplacement(filled, Matcher.quoteReplacement(value));
        }
        matcher.appendTail(filled);
        return complete ? encoded(filled.toString()) : plain(filled.toString());
    }

    /// Whether nothing of the name is missing among these.
    boolean isComplete(Map<Element, String> values) {
        return ELEMENT.matcher(template)
                .results()
                .map(found -> element(found.group(1)))
                .allMatch(element -> element == null || values.containsKey(element));
    }

    private static @org.jspecify.annotations.Nullable Element element(String key) {
        for (Element element : Element.values()) {
            if (element.key.equals(key)) {
                return element;
            }
        }
        return null;
    }

    private String encoded(String text) {
        return switch (encoding) {
            case PLAIN -> plain(text);
            case HEX -> HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
            // The alphabet for file names, RFC 4648 5: the other one has a slash.
            case BASE64 -> base64(text);
        };
    }

    static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /// A recorder's URI as the name of a stream: `multi-recorder://room` is `multi-recorder__room`. What the file
    /// systems of any system refuse becomes a low line, and slashes in a row become one.
    static String ofUri(String uri) {
        return uri.replaceAll("/+", "_").replaceAll("[\\\\:*?\"<>|\\p{Cntrl}]", "_");
    }

    /// What is left is one visible name in one folder, whatever the settings exclude: no separator, no control
    /// character, no dot or dash in front.
    private String plain(String text) {
        StringBuilder name = new StringBuilder();
        text.codePoints()
                .filter(c -> excludedCharacters.indexOf(c) < 0)
                .forEach(c -> name.appendCodePoint(c == '/' || c == '\\' || unfit(c) ? '_' : c));
        if (name.toString().isBlank()) {
            return WHEN_NOTHING_IS_LEFT;
        }
        char first = name.charAt(0);
        if (first == '.' || first == '-' || first == ' ') {
            name.setCharAt(0, '_');
        }
        return name.toString();
    }

    private static boolean unfit(int c) {
        int type = Character.getType(c);
        return Character.isISOControl(c)
                || type == Character.SURROGATE
                || type == Character.UNASSIGNED
                || type == Character.FORMAT
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR;
    }

    /// The file name: `base` is cut so that all of it fits into [#MAX_NAME_BYTES].
    ///
    /// @param index number of the part, 0 for none
    /// @param copy 2 and more tell files of the same name apart
    static String file(String base, int index, int copy, String extension) {
        String tail = (index > 0 ? "_" + index : "") + (copy > 1 ? "-" + copy : "") + "." + extension;
        int room = MAX_NAME_BYTES - tail.getBytes(StandardCharsets.UTF_8).length;
        int bytes = 0;
        int end = 0;
        while (end < base.length()) {
            int c = base.codePointAt(end);
            bytes += Character.toString(c).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > room) {
                break;
            }
            end += Character.charCount(c);
        }
        return base.substring(0, end) + tail;
    }
}
