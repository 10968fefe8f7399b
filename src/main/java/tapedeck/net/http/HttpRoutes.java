package tapedeck.net.http;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;

/// Which handler answers which method and path.
///
/// A pattern is a path, or a prefix that ends in `/*`; the part behind the prefix, decoded, is
/// [HttpExchange#pathRest()]. The longest matching pattern wins.
public final class HttpRoutes {
    record Route(String method, String pattern, HttpHandler handler) {
        boolean prefix() {
            return pattern.endsWith("/*");
        }

        boolean matches(String path) {
            return prefix() ? path.startsWith(stem()) : path.equals(pattern);
        }

        String stem() {
            return prefix() ? pattern.substring(0, pattern.length() - 1) : pattern;
        }
    }

    // Read by every request while rooms may still add theirs.
    private final List<Route> routes = new CopyOnWriteArrayList<>();
    private final List<Route> detailed = new CopyOnWriteArrayList<>();
    private volatile Map<String, String> headers = Map.of();

    public HttpRoutes add(String method, String pattern, HttpHandler handler) {
        routes.add(new Route(method, pattern, handler));
        return this;
    }

    /// A header of every answer, also of those that no route gives; a handler may replace it.
    public HttpRoutes header(String name, String value) {
        SequencedMap<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        headers = more;
        return this;
    }

    /// Refusals of this path or prefix are problem details (RFC 9457) instead of `{"error": …}`.
    public HttpRoutes problemDetails(String pattern) {
        detailed.add(new Route("", pattern, _ -> {}));
        return this;
    }

    boolean wantsProblemDetails(String path) {
        return detailed.stream().anyMatch(route -> route.matches(path));
    }

    /// Every route as `METHOD pattern`, in the order in which they were added.
    public List<String> all() {
        return routes.stream()
                .map(route -> route.method() + " " + route.pattern())
                .toList();
    }

    Map<String, String> headers() {
        return headers;
    }

    Optional<Route> find(String method, String path) {
        return routes.stream()
                .filter(route -> route.method().equals(method) && route.matches(path))
                .max(Comparator.comparingInt(route -> route.stem().length()));
    }

    /// The methods that `path` answers, for 405 and OPTIONS.
    List<String> methods(String path) {
        TreeSet<String> methods = new TreeSet<>();
        for (Route route : routes) {
            if (route.matches(path)) {
                methods.add(route.method());
            }
        }
        return List.copyOf(methods);
    }
}
