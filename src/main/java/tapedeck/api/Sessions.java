package tapedeck.api;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import tapedeck.net.http.HttpExchange;

/// The console's login: a cookie that says until when, and proves that the server said so. Nothing is kept here, so
/// sessions survive a restart; a new admin token ends them all.
final class Sessions {
    static final Duration LIFETIME = Duration.ofDays(7);
    static final String COOKIE = "tapedeck_session";

    private static final String PURPOSE = "console session 1";

    private final AdminToken token;
    private final InstantSource clock;

    Sessions(AdminToken token, InstantSource clock) {
        this.token = token;
        this.clock = clock;
    }

    void open(HttpExchange exchange) {
        String expires = Long.toString(clock.instant().plus(LIFETIME).getEpochSecond());
        setCookie(exchange, expires + "." + token.sign(PURPOSE, expires), LIFETIME.toSeconds());
    }

    void close(HttpExchange exchange) {
        setCookie(exchange, "", 0);
    }

    boolean isOpen(HttpExchange exchange) {
        return cookie(exchange).map(this::isValid).orElse(false);
    }

    private boolean isValid(String value) {
        int dot = value.indexOf('.');
        if (dot < 0 || !token.verifies(PURPOSE, value.substring(0, dot), value.substring(dot + 1))) {
            return false;
        }
        // Signed by us, so it is a number.
        return clock.instant().getEpochSecond() < Long.parseLong(value.substring(0, dot));
    }

    /// RFC 6265 5.4: the browser sends all cookies in one line.
    private static Optional<String> cookie(HttpExchange exchange) {
        for (String line : exchange.headers("Cookie")) {
            for (String pair : line.split(";", -1)) {
                String[] parts = pair.strip().split("=", 2);
                if (parts.length == 2 && parts[0].equals(COOKIE)) {
                    return Optional.of(parts[1]);
                }
            }
        }
        return Optional.empty();
    }

    private static void setCookie(HttpExchange exchange, String value, long maxAgeSeconds) {
        exchange.set(
                "Set-Cookie",
                "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s"
                        .formatted(COOKIE, value, maxAgeSeconds, exchange.secure() ? "; Secure" : ""));
    }
}
