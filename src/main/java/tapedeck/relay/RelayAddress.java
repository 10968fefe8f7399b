package tapedeck.relay;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An address as people type it: `scheme://user:password@host:port/path?query`.
///
/// Not [URI]'s own parser: cameras have `@` in passwords, `|` and `{` in paths, `_` in host names (RFC 3986 allows
/// none of them there).
///
/// @param host a name, an IPv4 address, or an IPv6 address without brackets; "" for files
/// @param port 0 where none is known
/// @param rest path and query, with only such characters as [URI] takes
record RelayAddress(String scheme, String host, int port, String rest, Optional<RelayTarget.Login> login) {
    static final int MAX_LENGTH = 2048;

    private static final Pattern PARTS =
            Pattern.compile("([a-zA-Z][a-zA-Z0-9+.-]{0,15})://([^/?#]*)(?:([/?][^#]*))?(?:#.*)?");
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(\\[[0-9a-fA-F:.]+]|[^\\[\\]:@\\\\<>\"\\s]+)?(?::(\\d{1,5}))?");
    private static final Map<String, Integer> PORTS = Map.of(
            "rtmp", 1935, "rtmps", 443, "rtsp", 554, "rtsps", 322, "http", 80, "https", 443, "whip", 80, "whips", 443);
    private static final String HIDDEN = "***";
    /// Shorter ones are words and numbers of any message, and no secrets.
    private static final int MIN_SECRET_LENGTH = 4;

    /// @throws RelayRefusedException for what is no address
    static RelayAddress parse(String text) throws RelayRefusedException {
        String typed = text.strip();
        if (typed.length() > MAX_LENGTH) {
            throw refused("address: at most %d characters allowed".formatted(MAX_LENGTH));
        }
        // A line end could become a header of its own.
        if (typed.chars().anyMatch(Character::isISOControl)) {
            throw refused("address: control characters are not allowed");
        }
        Matcher parts = PARTS.matcher(typed);
        if (!parts.matches()) {
            throw refused("address: scheme://host/path is needed");
        }
        String scheme = parts.group(1).toLowerCase(Locale.ROOT);
        String authority = parts.group(2);
        // The last one: passwords with @ are common.
        int at = authority.lastIndexOf('@');
        Matcher host = HOST_AND_PORT.matcher(authority.substring(at + 1));
        if (!host.matches() || host.group(1) == null && !scheme.equals("file")) {
            throw refused("address: scheme://host:port/path is needed; a / in a password is written %2F");
        }
        String name = host.group(1) == null ? "" : host.group(1);
        if (name.startsWith("[")) {
            name = name.substring(1, name.length() - 1);
        }
        int port = host.group(2) == null ? PORTS.getOrDefault(scheme, 0) : Integer.parseInt(host.group(2));
        if (port > 65_535) {
            throw refused("address: there is no port %d".formatted(port));
        }
        Optional<RelayTarget.Login> login = at < 0 ? Optional.empty() : Optional.of(login(authority.substring(0, at)));
        String rest = parts.group(3) == null ? "" : escaped(parts.group(3));
        return new RelayAddress(scheme, name, port, rest, login);
    }

    private static RelayTarget.Login login(String userInfo) {
        int colon = userInfo.indexOf(':');
        String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
        String password = colon < 0 ? "" : userInfo.substring(colon + 1);
        return new RelayTarget.Login(decoded(user), decoded(password));
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // Typed as it is.
            return text;
        }
    }

    /// What [URI] would not take is written in percent; what is written so already stays.
    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "-._~!$&'()*+,;=:@/?".indexOf(c) >= 0);
            boolean percent = c == '%' && text.substring(i).matches("(?s)[0-9a-fA-F]{2}.*");
            if (plain || percent) {
                out.appendCodePoint(c);
            } else {
                for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    out.append("%%%02X".formatted(b));
                }
            }
        }
        return out.toString();
    }

    /// @param location an address, or what is relative to this one
    RelayAddress resolved(String location) throws RelayRefusedException {
        if (PARTS.matcher(location.strip()).matches()) {
            return parse(location);
        }
        try {
            return parse(uri().resolve(new URI(escaped(location.strip()))).toString());
        } catch (URISyntaxException e) {
            throw refused("address: " + e.getReason());
        }
    }

    /// Without user and password.
    URI uri() throws RelayRefusedException {
        try {
            return new URI(scheme + "://" + hostAndPort() + rest);
        } catch (URISyntaxException e) {
            throw refused("address: " + e.getReason());
        }
    }

    String hostAndPort() {
        String name = host.indexOf(':') < 0 ? host : "[" + host + "]";
        return port == PORTS.getOrDefault(scheme, 0) ? name : name + ":" + port;
    }

    boolean isFile() {
        return scheme.equals("file");
    }

    /// Files are on none.
    boolean sharesHost(RelayAddress other) {
        return !isFile() && hostAndPort().equals(other.hostAndPort());
    }

    /// Whether this is a scheme of the other one's family: `http` and `https`.
    boolean speaksAs(RelayAddress other) {
        return family(scheme).equals(family(other.scheme));
    }

    boolean isEncrypted() {
        return PORTS.containsKey(scheme) && scheme.endsWith("s");
    }

    private static String family(String scheme) {
        String plain =
                PORTS.containsKey(scheme) && scheme.endsWith("s") ? scheme.substring(0, scheme.length() - 1) : scheme;
        // WHIP is HTTP, under a name that says what is meant.
        return plain.equals("whip") ? "http" : plain;
    }

    /// For logs and REST: no password, no value of a parameter, as which of them are secrets each server decides.
    String shown() {
        return shown(path());
    }

    /// The same for where a stream is sent: the last part of the path is a key there, with RTMP.
    String shownTarget() {
        String path = path();
        String key = key();
        return shown(key.isEmpty() ? path : path.substring(0, path.lastIndexOf(key)) + HIDDEN);
    }

    private String shown(String path) {
        String user = login.map(RelayTarget.Login::user).orElse("");
        String query = query();
        return scheme + "://" + (user.isEmpty() ? "" : user + "@") + hostAndPort() + path
                + (query.isEmpty() ? "" : "?" + shownQuery(query));
    }

    private String path() {
        int query = rest.indexOf('?');
        return query < 0 ? rest : rest.substring(0, query);
    }

    private String query() {
        int query = rest.indexOf('?');
        return query < 0 ? "" : rest.substring(query + 1);
    }

    /// "" where there is none.
    private String key() {
        if (!family(scheme).equals("rtmp")) {
            return "";
        }
        String path = path().replaceAll("/+$", "");
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static String shownQuery(String query) {
        List<String> shown = new ArrayList<>();
        for (String pair : query.split("&", -1)) {
            shown.add(pair.substring(0, pair.indexOf('=') + 1) + HIDDEN);
        }
        return String.join("&", shown);
    }

    /// What the other side says may repeat what it was asked.
    ///
    /// @param target whether a stream is sent there
    String hiddenIn(String message, boolean target) {
        List<String> secrets = new ArrayList<>();
        for (String pair : query().split("&", -1)) {
            secrets.add(pair.substring(pair.indexOf('=') + 1));
        }
        if (target) {
            secrets.add(key());
        }
        String hidden = message;
        for (String secret : secrets) {
            for (String form : List.of(secret, decoded(secret))) {
                if (form.length() >= MIN_SECRET_LENGTH) {
                    hidden = hidden.replaceAll("(?<!\\w)" + Pattern.quote(form) + "(?!\\w)", HIDDEN);
                }
            }
        }
        return hidden;
    }

    /// Whether somebody means this one: by all of it but the password, or as it is shown.
    boolean isMeantBy(String text, boolean target) {
        try {
            RelayAddress other = parse(text);
            String shown = target ? shownTarget() : shown();
            return other.withoutPassword().equals(withoutPassword())
                    || other.withoutPassword().equals(shown);
        } catch (RelayRefusedException e) {
            return false;
        }
    }

    private String withoutPassword() {
        String user = login.map(RelayTarget.Login::user).orElse("");
        return scheme + "://" + (user.isEmpty() ? "" : user + "@") + hostAndPort() + rest;
    }

    @Override
    public String toString() {
        return shownTarget();
    }

    private static RelayRefusedException refused(String message) {
        return new RelayRefusedException(RelayRefusedException.Reason.ADDRESS, message);
    }
}
