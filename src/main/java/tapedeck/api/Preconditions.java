package tapedeck.api;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import tapedeck.net.http.HttpExchange;

/// Conditional requests, RFC 9110 13.
final class Preconditions {
    enum Outcome {
        GO_ON,
        NOT_MODIFIED,
        FAILED
    }

    private Preconditions() {}

    /// In the order of RFC 9110 13.2.2, for GET and HEAD.
    ///
    /// @param tag strong, with its quotes
    static Outcome check(HttpExchange exchange, String tag, Instant modified) {
        List<String> ifMatch = exchange.headers("If-Match");
        if (!ifMatch.isEmpty()) {
            if (!names(ifMatch, tag, Comparison.STRONG)) {
                return Outcome.FAILED;
            }
        } else if (date(exchange, "If-Unmodified-Since")
                .map(since -> seconds(modified).isAfter(since))
                .orElse(false)) {
            return Outcome.FAILED;
        }
        List<String> ifNoneMatch = exchange.headers("If-None-Match");
        if (!ifNoneMatch.isEmpty()) {
            return names(ifNoneMatch, tag, Comparison.WEAK) ? Outcome.NOT_MODIFIED : Outcome.GO_ON;
        }
        return date(exchange, "If-Modified-Since")
                .map(since -> seconds(modified).isAfter(since) ? Outcome.GO_ON : Outcome.NOT_MODIFIED)
                .orElse(Outcome.GO_ON);
    }

    /// Whether a `Range` counts: only of a GET (RFC 9110 14.2), and only if what `If-Range` names is still the same
    /// (13.1.5: a strong tag, or exactly the date of the last change).
    static boolean rangeApplies(HttpExchange exchange, String tag, Instant modified) {
        if (!exchange.method().equals("GET")) {
            return false;
        }
        Optional<String> ifRange = exchange.header("If-Range");
        if (ifRange.isEmpty()) {
            return true;
        }
        String value = ifRange.get().strip();
        return value.endsWith("\"")
                ? value.equals(tag)
                : HttpDates.parse(value).map(seconds(modified)::equals).orElse(false);
    }

    private enum Comparison {
        STRONG,
        WEAK
    }

    /// RFC 9110 8.8.3.2. Our tags hold neither comma nor quote, so a plain split finds them.
    private static boolean names(List<String> lines, String tag, Comparison comparison) {
        for (String line : lines) {
            for (String entry : line.split(",", -1)) {
                String candidate = entry.strip();
                if (comparison == Comparison.WEAK && candidate.startsWith("W/")) {
                    candidate = candidate.substring(2);
                }
                if (candidate.equals("*") || candidate.equals(tag)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Optional<Instant> date(HttpExchange exchange, String name) {
        return exchange.header(name).flatMap(HttpDates::parse);
    }

    private static Instant seconds(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS);
    }
}
