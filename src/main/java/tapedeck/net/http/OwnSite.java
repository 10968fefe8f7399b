package tapedeck.net.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Tells what a page of another site makes its visitor's browser send (Fetch Metadata; Origin, RFC 6454 7.3).
/// Programs that are no browsers send neither header.
public final class OwnSite {
    private OwnSite() {}

    /// @throws HttpProblem 403 for a page of another site
    public static void require(HttpExchange exchange, TrustedProxies proxies) throws HttpProblem {
        Optional<String> site = exchange.header("Sec-Fetch-Site");
        boolean own = site.isPresent()
                ? site.get().equals("same-origin") || site.get().equals("none")
                : exchange.header("Origin")
                        .map(origin -> isOwn(exchange, proxies, origin))
                        .orElse(true);
        if (!own) {
            throw new HttpProblem(403, "a page of another site may not do this");
        }
    }

    private static boolean isOwn(HttpExchange exchange, TrustedProxies proxies, String origin) {
        int scheme = origin.indexOf("://");
        if (scheme < 0) {
            return false;
        }
        String authority = origin.substring(scheme + 3).toLowerCase(Locale.ROOT);
        List<String> own = new ArrayList<>();
        exchange.header("Host").ifPresent(own::add);
        if (proxies.contains(exchange.peer().getAddress())) {
            exchange.header("X-Forwarded-Host").ifPresent(own::add);
        }
        return own.stream().anyMatch(host -> host.toLowerCase(Locale.ROOT).equals(authority));
    }
}
