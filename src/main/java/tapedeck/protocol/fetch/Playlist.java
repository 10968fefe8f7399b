package tapedeck.protocol.fetch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// An HLS playlist, RFC 8216: of variants, or of segments.
///
/// @param variants of a master playlist, the best one first; then there are no segments
/// @param ended whether no more segments will be added
record Playlist(List<Variant> variants, double targetSeconds, boolean ended, List<Segment> segments) {
    static final int MAX_BYTES = 1 << 20;
    static final int MAX_SEGMENTS = 10_000;
    /// RFC 8216bis 4.4.3.1: a target duration beyond this is somebody's mistake.
    static final double MAX_TARGET_SECONDS = 120;

    private static final Pattern ATTRIBUTE = Pattern.compile("([A-Z0-9-]+)=(\"[^\"]*\"|[^,]*)");
    private static final double DEFAULT_TARGET_SECONDS = 6;

    record Variant(String uri, long bandwidth) {}

    /// @param from and `bytes` of a byte range; -1 for the whole
    record Part(String uri, long from, long bytes) {
        String range() {
            return from < 0 ? "" : "bytes=%d-%d".formatted(from, from + bytes - 1);
        }
    }

    /// @param discontinuity whether another clock or encoder begins with it
    /// @param init what has to be read before it (EXT-X-MAP), or null
    /// @param gap whether it is not there
    record Segment(
            long sequence,
            Part part,
            double seconds,
            boolean discontinuity,
            @Nullable Part init,
            boolean gap) {}

    boolean isMaster() {
        return !variants.isEmpty();
    }

    /// When a segment begins, counted from the first one.
    long beginNanos(int segment) {
        double seconds = 0;
        for (Segment before : segments.subList(0, segment)) {
            seconds += before.seconds();
        }
        return (long) (seconds * 1e9);
    }

    /// The segment that is shown at this time; the last one for all that is later.
    int segmentAt(long nanos) {
        double seconds = 0;
        for (int at = 0; at + 1 < segments.size(); at++) {
            seconds += segments.get(at).seconds();
            if ((long) (seconds * 1e9) > nanos) {
                return at;
            }
        }
        return Math.max(0, segments.size() - 1);
    }

    static Playlist parse(String text) {
        if (!text.startsWith("#EXTM3U")) {
            throw new MalformedException("HLS: no playlist");
        }
        Parser parser = new Parser();
        for (String line : text.split("\\R", -1)) {
            parser.line(line.strip());
        }
        parser.variants.sort((one, other) -> Long.compare(other.bandwidth(), one.bandwidth()));
        return new Playlist(
                List.copyOf(parser.variants), parser.targetSeconds, parser.ended, List.copyOf(parser.segments));
    }

    private static final class Parser {
        private final List<Variant> variants = new ArrayList<>();
        private final List<Segment> segments = new ArrayList<>();
        private double targetSeconds = DEFAULT_TARGET_SECONDS;
        private boolean ended;
        private long sequence;
        private double seconds;
        private boolean discontinuity;
        private boolean gap;
        private @Nullable Part init;
        private @Nullable String range;
        private @Nullable String variant;
        private final Map<String, Long> rangeEnds = new HashMap<>();

        private void line(String line) {
            if (line.isEmpty()) {
                return;
            }
            if (!line.startsWith("#")) {
                uri(line);
                return;
            }
            int colon = line.indexOf(':');
            String tag = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            switch (tag) {
                case "#EXT-X-STREAM-INF" -> variant = value;
                case "#EXT-X-TARGETDURATION" -> targetSeconds = Math.clamp(number(value), 0.1, MAX_TARGET_SECONDS);
                case "#EXT-X-MEDIA-SEQUENCE" -> sequence = whole(value);
                case "#EXT-X-ENDLIST" -> ended = true;
                case "#EXT-X-DISCONTINUITY" -> discontinuity = true;
                case "#EXT-X-GAP" -> gap = true;
                case "#EXT-X-BYTERANGE" -> range = value;
                case "#EXTINF" -> seconds = Math.clamp(number(value.split(",", 2)[0]), 0, 3_600);
                case "#EXT-X-MAP" -> init = map(attributes(value));
                case "#EXT-X-KEY" -> {
                    if (!attributes(value).getOrDefault("METHOD", "NONE").equals("NONE")) {
                        throw new MalformedException("HLS: encrypted segments are not supported");
                    }
                }
                default -> {
                    // What nobody needs who takes everything.
                }
            }
        }

        private void uri(String uri) {
            String asked = variant;
            if (asked != null) {
                variants.add(new Variant(uri, whole(attributes(asked).getOrDefault("BANDWIDTH", "0"))));
                variant = null;
                return;
            }
            if (segments.size() == MAX_SEGMENTS) {
                throw new MalformedException("HLS: more than %d segments".formatted(MAX_SEGMENTS));
            }
            segments.add(new Segment(sequence++, part(uri, range), seconds, discontinuity, init, gap));
            discontinuity = false;
            gap = false;
            range = null;
        }

        private Part map(Map<String, String> attributes) {
            String uri = attributes.get("URI");
            if (uri == null) {
                throw new MalformedException("HLS: EXT-X-MAP without URI");
            }
            return part(uri, attributes.get("BYTERANGE"));
        }

        /// RFC 8216 4.3.2.2: without an offset it follows the one before in the same file.
        private Part part(String uri, @Nullable String byteRange) {
            if (byteRange == null) {
                return new Part(uri, -1, -1);
            }
            String[] parts = byteRange.split("@", 2);
            long bytes = whole(parts[0]);
            long from = parts.length == 2 ? whole(parts[1]) : rangeEnds.getOrDefault(uri, 0L);
            if (bytes < 1) {
                throw new MalformedException("HLS: a range of %d bytes".formatted(bytes));
            }
            rangeEnds.put(uri, from + bytes);
            return new Part(uri, from, bytes);
        }

        private static Map<String, String> attributes(String text) {
            Map<String, String> attributes = new HashMap<>();
            Matcher matcher = ATTRIBUTE.matcher(text);
            while (matcher.find()) {
                String value = matcher.group(2);
                boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                attributes.put(matcher.group(1), quoted ? value.substring(1, value.length() - 1) : value);
            }
            return attributes;
        }

        private static long whole(String text) {
            if (!text.strip().matches("\\d{1,18}")) {
                throw new MalformedException("HLS: \"%s\" where a number should be".formatted(text));
            }
            return Long.parseLong(text.strip());
        }

        private static double number(String text) {
            if (!text.strip().matches("\\d{1,9}(?:\\.\\d{0,18})?")) {
                throw new MalformedException("HLS: \"%s\" where a number should be".formatted(text));
            }
            return Double.parseDouble(text.strip());
        }
    }
}
