package tapedeck.net.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Tells what a page makes its visitor's browser send (Fetch Metadata; Origin, RFC 6454 7.3). Programs that are no
/// browsers send neither header.
public final class OwnSite {
    private static final String FETCH_SITE = "Sec-Fetch-Site";
    private static final String ORIGIN = "Origin";

    private OwnSite() {}

    /// Whether a page sends this, whoever's. A page whose name was made to resolve to this server (DNS rebinding) looks
    /// like one of ours.
    public static boolean isOfPage(HttpExchange exchange) {
        return exchange.header(FETCH_SITE).isPresent()
                || exchange.header(ORIGIN).isPresent();
    }

    /// Whether a page of another site sends this.
    ///
    /// @param proxies believed when they say which host was asked
    public static boolean isForeign(HttpExchange exchange, TrustedProxies proxies) {
        Optional<String> site = exchange.header(FETCH_SITE);
        if (site.isPresent()) {
            return !site.get().equals("same-origin") && !site.get().equals("none");
        }
        return exchange.header(ORIGIN)
                .map(origin -> !isOwn(exchange, proxies, origin))
                .orElse(false);
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
