package tapedeck.protocol.rtsp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Query;
import tapedeck.stream.StreamName;

/// What a request's URI names, RFC 2326 3.2: `rtsp://host:port/application/name?key=value`.
///
/// @param path decoded, without slashes at its ends
/// @param parameters credentials and the like
record RtspAddress(String path, Map<String, String> parameters) {
    static final int MAX_CHARACTERS = 4096;

    /// Titles that programs write by themselves (ffmpeg, GStreamer, live555, RFC 8866 5.3): none was given.
    private static final Set<String> NO_TITLES = Set.of(
            "", "-", "No Name", "Unnamed", "Session streamed with GStreamer", "Session streamed by \"Tapedeck\"");

    RtspAddress {
        parameters = Map.copyOf(parameters);
    }

    static RtspAddress parse(String uri) {
        if (uri.length() > MAX_CHARACTERS) {
            throw new MalformedException("RTSP: address of %d characters".formatted(uri.length()));
        }
        int scheme = uri.indexOf("://");
        String afterHost = uri;
        if (scheme >= 0) {
            int slash = uri.indexOf('/', scheme + 3);
            afterHost = slash < 0 ? "" : uri.substring(slash);
        }
        int query = afterHost.indexOf('?');
        String path = decoded(query < 0 ? afterHost : afterHost.substring(0, query));
        return new RtspAddress(trimmed(path), query < 0 ? Map.of() : parameters(afterHost.substring(query + 1)));
    }

    /// An address to which the name of a track is appended.
    static String base(String uri) {
        return uri.endsWith("/") ? uri.substring(0, uri.length() - 1) : uri;
    }

    /// The path without slashes at its ends.
    private static String trimmed(String path) {
        int from = 0;
        int to = path.length();
        while (from < to && path.charAt(from) == '/') {
            from++;
        }
        while (to > from && path.charAt(to - 1) == '/') {
            to--;
        }
        return path.substring(from, to);
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new LinkedHashMap<>();
        Query.split(query, (key, value) -> {
            // ffmpeg appends the track behind the query.
            int slash = value.indexOf('/');
            parameters.put(decoded(key), decoded(slash < 0 ? value : value.substring(0, slash)));
        });
        return parameters;
    }

    private static String decoded(String text) {
        try {
            return Query.withPlus(text);
        } catch (IllegalArgumentException e) {
            throw new MalformedException("RTSP: address that cannot be decoded", e);
        }
    }

    /// What a publisher names: the path behind the application; where there is no more than that, the title, and where
    /// nobody gave one, that one word.
    ///
    /// @param title `s=` of the session description
    /// @throws MalformedException if the name is not allowed
    StreamName published(String title) {
        int slash = path.indexOf('/');
        if (slash >= 0) {
            return new StreamName(path.substring(slash + 1));
        }
        return new StreamName(NO_TITLES.contains(title.strip()) ? path : title.strip());
    }

    /// What a player means.
    StreamName played(Predicate<StreamName> live) {
        List<StreamName> names = played();
        return names.stream().filter(live).findFirst().orElse(names.getFirst());
    }

    /// What a player may mean, the likeliest first: with an application in front, or without.
    ///
    /// @throws MalformedException if no name is allowed
    List<StreamName> played() {
        List<StreamName> names = new ArrayList<>();
        int slash = path.indexOf('/');
        if (slash >= 0) {
            names.add(new StreamName(path.substring(slash + 1)));
        }
        names.add(new StreamName(path));
        return names;
    }
}
