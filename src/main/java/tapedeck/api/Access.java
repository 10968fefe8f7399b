package tapedeck.api;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import tapedeck.net.Attempts;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpHandler;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.OwnSite;
import tapedeck.net.http.TrustedProxies;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;

/// Who may use the console, REST, metrics and recordings: whoever is on this machine, and whoever has the admin token.
///
/// "On this machine" is more than a loopback peer. A reverse proxy on this machine is one too, and so is a browser on
/// this machine that shows somebody else's page. So freedom from loopback needs all of:
///
/// - the TCP peer is loopback, or a proxy that the settings name forwards for a loopback address;
/// - no forwarding header from a proxy that the settings do not name: its word is not believed, but that it spoke shows
///   that the request comes from elsewhere;
/// - `Host` names this machine (`localhost`, `127.0.0.1`, `[::1]`): a foreign name that resolves to loopback is DNS
///   rebinding.
///
/// Whoever is refused freedom may still show the token. Apart from that, requests that change something are refused
/// when a browser says that another site's page sends them, whoever its user is.
final class Access {
    private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");
    /// The console sends this header with everything, so that a browser does not pop up its own dialog for a 401.
    static final String CONSOLE_HEADER = "X-Tapedeck-Console";

    private final boolean trustLoopback;
    private final TrustedProxies trustedProxies;
    private final AdminToken token;
    private final Sessions sessions;
    private final Attempts attempts;

    /// @throws SettingsException if `http_trusted_proxies` names something that is no address
    Access(Settings.Http http, AdminToken token, InstantSource clock, LongSupplier nanoClock) throws SettingsException {
        trustLoopback = http.trustLoopback();
        trustedProxies = TrustedProxies.of(http.trustedProxies());
        this.token = token;
        sessions = new Sessions(token, clock);
        attempts = new Attempts("admin tokens", nanoClock);
    }

    Sessions sessions() {
        return sessions;
    }

    /// `inner` for those who may, 401, 403 or 429 for the others.
    HttpHandler guarded(HttpHandler inner) {
        return exchange -> {
            requireOwnSite(exchange);
            if (!granted(exchange)) {
                throw refused(exchange);
            }
            inner.handle(exchange);
        };
    }

    /// Whether the request is free or shows the token or a session.
    ///
    /// @throws HttpProblem 429 if this address gave too many wrong secrets
    boolean granted(HttpExchange exchange) throws HttpProblem {
        if (isLocal(exchange) || sessions.isOpen(exchange)) {
            return true;
        }
        Optional<String> secret = secret(exchange);
        return secret.isPresent() && checkToken(exchange, secret.get());
    }

    /// Whether `given` is the admin token; a wrong one is counted.
    ///
    /// @throws HttpProblem 429 if this address gave too many wrong ones
    boolean checkToken(HttpExchange exchange, String given) throws HttpProblem {
        InetAddress address = client(exchange).orElse(exchange.peer().getAddress());
        long waitSeconds = attempts.waitSeconds(address);
        if (waitSeconds > 0) {
            exchange.set("Retry-After", Long.toString(waitSeconds));
            throw new HttpProblem(429, "too many wrong tokens; try again in %d seconds".formatted(waitSeconds));
        }
        if (token.matches(given)) {
            return true;
        }
        attempts.failed(address);
        return false;
    }

    HttpProblem refused(HttpExchange exchange) {
        boolean console = exchange.header(CONSOLE_HEADER).isPresent();
        exchange.set("WWW-Authenticate", console ? "Bearer" : "Basic realm=\"Tapedeck\", charset=\"UTF-8\", Bearer");
        return new HttpProblem(401, "the admin token is needed");
    }

    /// Refuses what a page of another site makes its visitor's browser send.
    void requireOwnSite(HttpExchange exchange) throws HttpProblem {
        if (!SAFE_METHODS.contains(exchange.method()) && OwnSite.isForeign(exchange, trustedProxies)) {
            throw new HttpProblem(403, "a page of another site may not do this");
        }
    }

    private boolean isLocal(HttpExchange exchange) {
        return trustLoopback
                && client(exchange).map(InetAddress::isLoopbackAddress).orElse(false)
                && exchange.header("Host").map(Access::namesLoopback).orElse(true);
    }

    /// The address that the request really comes from, as far as it can be believed; empty if that is not known.
    Optional<InetAddress> client(HttpExchange exchange) {
        return trustedProxies.client(exchange);
    }

    /// RFC 6761 6.3: `localhost` and names below it are loopback in every browser, whatever a DNS server says.
    static boolean namesLoopback(String hostHeader) {
        String host = hostHeader.toLowerCase(Locale.ROOT).replaceFirst(":\\d*$", "");
        if (host.equals("localhost") || host.endsWith(".localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(host.replaceAll("^\\[|]$", "")).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /// The secret of an `Authorization` header: RFC 6750 2.1 (Bearer) or the password of RFC 7617 2 (Basic).
    private static Optional<String> secret(HttpExchange exchange) {
        return exchange.header("Authorization").flatMap(value -> {
            int space = value.indexOf(' ');
            String scheme = space < 0 ? value : value.substring(0, space);
            String rest = space < 0 ? "" : value.substring(space + 1).strip();
            return switch (scheme.toLowerCase(Locale.ROOT)) {
                case "bearer" -> Optional.of(rest);
                case "basic" -> basicPassword(rest);
                default -> Optional.empty();
            };
        });
    }

    private static Optional<String> basicPassword(String encoded) {
        try {
            String pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            return Optional.of(pair.substring(pair.indexOf(':') + 1));
        } catch (IllegalArgumentException e) {
            return Optional.of("");
        }
    }
}
