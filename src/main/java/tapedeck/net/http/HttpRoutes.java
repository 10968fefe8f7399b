package tapedeck.net.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

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

    private final List<Route> routes = new ArrayList<>();

    public HttpRoutes add(String method, String pattern, HttpHandler handler) {
        routes.add(new Route(method, pattern, handler));
        return this;
    }

    Optional<Route> find(String method, String path) {
        return routes.stream()
                .filter(route -> route.method().equals(method) && route.matches(path))
                .max(java.util.Comparator.comparingInt(route -> route.stem().length()));
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
