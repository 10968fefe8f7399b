package tapedeck.rights;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;

/// Asks for rights, and refuses them, in HTTP's own way: `Authorization` with Bearer (RFC 6750) or Basic (RFC 7617).
public final class HttpEntrance {
    /// Sent by the console with everything, so that a browser does not pop up its own dialog for a 401.
    private static final String CONSOLE_HEADER = "X-Tapedeck-Console";
    /// A 503 is worth another try after so long.
    private static final int RETRY_AFTER_SECONDS = 5;

    private static final String BASIC = "Basic ";
    private static final String OF_THE_PAGE = "a page of another site has to give them in the address, or a token";

    private final Rights rights;
    private final Request.Action action;
    private final String protocol;
    private final boolean addresses;

    public HttpEntrance(Rights rights, Request.Action action, String protocol) {
        this(rights, action, protocol, false);
    }

    private HttpEntrance(Rights rights, Request.Action action, String protocol, boolean addresses) {
        this.rights = rights;
        this.action = action;
        this.protocol = protocol;
        this.addresses = addresses;
    }

    /// For players that can only be given an address: `user`, `password` and `token` may stand in its query. A header
    /// comes first.
    public static HttpEntrance ofAddresses(Rights rights, Request.Action action, String protocol) {
        return new HttpEntrance(rights, action, protocol, true);
    }

    /// Returns who may; the handler's thread waits meanwhile.
    ///
    /// @throws HttpProblem 401 for nobody in particular, 403 for somebody without the right, 429 for one that
    ///     guesses, 503 where nobody can say
    public Decision.Allowed demand(HttpExchange exchange, String stream) throws HttpProblem {
        return switch (rights.may(request(exchange, stream))) {
            case Decision.Allowed allowed -> allowed;
            case Decision.Unproven(Decision.Unproven.Cause cause, String reason) -> {
                exchange.set("WWW-Authenticate", challenge(exchange, cause));
                throw new HttpProblem(401, isRemembered(exchange) ? reason + "; " + OF_THE_PAGE : reason);
            }
            case Decision.Forbidden(String reason) -> throw new HttpProblem(403, reason);
            case Decision.Wait(String reason, long seconds) -> {
                exchange.set("Retry-After", Long.toString(seconds));
                throw new HttpProblem(429, reason);
            }
            case Decision.Unavailable(String reason) -> {
                exchange.set("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
                throw new HttpProblem(503, reason);
            }
        };
    }

    /// Whether this request, which may show nothing, would be let in. Who shows nothing is not asked for more.
    public boolean isOpen(HttpExchange exchange, String stream) {
        return rights.isFree(action)
                || exchange.header("Authorization").isPresent()
                        && rights.may(request(exchange, stream)) instanceof Decision.Allowed;
    }

    /// Where the request really comes from: not the proxy before us.
    public InetAddress client(HttpExchange exchange) {
        return rights.client(exchange);
    }

    private Request request(HttpExchange exchange, String stream) {
        if (rights.isFree(action)) {
            // What is shown to nobody is not looked at.
            return new Request(
                    action, stream, protocol, rights.client(exchange), Request.Credentials.NONE, exchange.query());
        }
        Optional<String> header = exchange.header("Authorization").filter(_ -> !isRemembered(exchange));
        Map<String, String> query = exchange.query();
        return new Request(
                action,
                stream,
                protocol,
                rights.client(exchange),
                header.map(Request.Credentials::ofAuthorization)
                        .orElseGet(
                                () -> addresses ? Request.Credentials.ofParameters(query) : Request.Credentials.NONE),
                addresses ? Request.Credentials.without(query) : query);
    }

    /// Whether this is what a browser adds by itself to whatever any page makes it send: user and password that
    /// were typed in here once (RFC 7617 2.2). A page of another site would publish in its visitor's name, so it
    /// has to show something of its own. To play what it cannot read does it no good; and where only headers
    /// count (WHIP), a browser asks before it sends a page's request, and is not told that it may add something
    /// (CORS).
    private boolean isRemembered(HttpExchange exchange) {
        return isOpenToForms()
                && exchange.header("Authorization")
                        .map(value -> value.strip().regionMatches(true, 0, BASIC, 0, BASIC.length()))
                        .orElse(false)
                && rights.isForeign(exchange);
    }

    /// Whether a page may send this without that its browser asks first, as it may send a form.
    private boolean isOpenToForms() {
        return addresses && action == Request.Action.PUBLISH;
    }

    /// RFC 6750 3 and 3.1; RFC 7617 2.1.
    private String challenge(HttpExchange exchange, Decision.Unproven.Cause cause) {
        if (!rights.takesPasswords(action)) {
            return cause == Decision.Unproven.Cause.MISSING
                    ? "Bearer realm=\"Tapedeck\""
                    : "Bearer realm=\"Tapedeck\", error=\"invalid_token\"";
        }
        // Browsers do not know this scheme, so it is the console that asks. What they would ask for somebody
        // else's page does not count.
        boolean unknown = exchange.header(CONSOLE_HEADER).isPresent() || isOpenToForms() && rights.isForeign(exchange);
        return (unknown ? "X-Basic" : "Basic") + " realm=\"Tapedeck\", charset=\"UTF-8\"";
    }
}
