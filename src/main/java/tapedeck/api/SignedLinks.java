package tapedeck.api;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import tapedeck.net.http.HttpExchange;

/// Links to single recordings that work without any other right, until they expire.
final class SignedLinks {
    static final Duration DEFAULT_LIFETIME = Duration.ofDays(1);
    static final Duration MAX_LIFETIME = Duration.ofDays(366);

    private static final String PURPOSE = "recording link 1";
    private static final int MAX_DIGITS = 18;

    /// @param url path and query, to be put behind the address of the server
    record Link(String url, Instant expires) {}

    private final AdminToken token;
    private final InstantSource clock;

    SignedLinks(AdminToken token, InstantSource clock) {
        this.token = token;
        this.clock = clock;
    }

    /// @param asked what the address is of: the recording or its playlist
    /// @param fileName the recording
    Link sign(String asked, String fileName, Duration lifetime) {
        Instant expires = clock.instant().plus(lifetime);
        String seconds = Long.toString(expires.getEpochSecond());
        return new Link(
                "%s?expires=%s&signature=%s"
                        .formatted(path(asked), seconds, token.sign(PURPOSE, text(seconds, fileName))),
                Instant.ofEpochSecond(expires.getEpochSecond()));
    }

    /// What a request was signed with, to go behind `?x=y` of other addresses of the same recording.
    static String query(HttpExchange exchange) {
        return "&expires=%s&signature=%s"
                .formatted(
                        exchange.query("expires").orElse(""),
                        URLEncoder.encode(exchange.query("signature").orElse(""), StandardCharsets.UTF_8));
    }

    /// Whether the request carries a signature for `fileName` that has not expired.
    boolean granted(HttpExchange exchange, String fileName) {
        String expires = exchange.query("expires").orElse("");
        String signature = exchange.query("signature").orElse("");
        return !expires.isEmpty()
                && expires.length() <= MAX_DIGITS
                && expires.chars().allMatch(c -> c >= '0' && c <= '9')
                && token.verifies(PURPOSE, text(expires, fileName), signature)
                && clock.instant().getEpochSecond() < Long.parseLong(expires);
    }

    /// The address of a recording, percent-encoded (RFC 3986 2.1).
    static String path(String fileName) {
        return Downloads.PREFIX
                + URLEncoder.encode(fileName, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /// The number first and free of the separator, so that no other pair reads the same.
    private static String text(String expires, String fileName) {
        return expires + "\n" + fileName;
    }
}
