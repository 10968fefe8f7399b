package tapedeck.net.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Digest authentication, RFC 7616 and its forerunner RFC 2617, as HTTP and RTSP use it: what both sides compute, and
/// how their headers are read.
public final class Digest {
    /// RFC 7616 6.1; MD5 where nothing is said.
    public enum Algorithm {
        MD5("MD5", "MD5"),
        SHA_256("SHA-256", "SHA-256");

        private final String word;
        private final String function;

        Algorithm(String word, String function) {
            this.word = word;
            this.function = function;
        }

        /// As headers call it.
        public String word() {
            return word;
        }

        /// Empty for one that is not known here. With `-sess` it is the same function.
        public static Optional<Algorithm> named(String word) {
            String plain = word.toUpperCase(Locale.ROOT).replaceFirst("-SESS$", "");
            for (Algorithm algorithm : values()) {
                if (algorithm.word.equals(plain)) {
                    return Optional.of(algorithm);
                }
            }
            return plain.isEmpty() ? Optional.of(MD5) : Optional.empty();
        }

        String hash(String text) {
            try {
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance(function).digest(text.getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has " + function, e);
            }
        }
    }

    /// One way to log in that a server offers.
    ///
    /// @param scheme in small letters
    /// @param parameters by their names in small letters
    public record Challenge(String scheme, Map<String, String> parameters) {
        public Challenge {
            parameters = Map.copyOf(parameters);
        }

        public String parameter(String name) {
            return parameters.getOrDefault(name, "");
        }
    }

    /// What stands in a client's answer beside the secret.
    ///
    /// @param algorithm as it was said, with `-sess` or not
    /// @param nonceCount, `clientNonce`, `qop` "" for the form of RFC 2069
    public record Terms(
            String algorithm,
            String method,
            String uri,
            String nonce,
            String nonceCount,
            String clientNonce,
            String qop) {}

    private Digest() {}

    /// H(A1) without `-sess`, RFC 7616 3.4.2: all that a server has to know of a password.
    public static String secret(Algorithm algorithm, String user, String realm, String password) {
        return algorithm.hash(user + ":" + realm + ":" + password);
    }

    /// RFC 7616 3.4.1.
    ///
    /// @param secret what [#secret] makes
    public static String response(Algorithm algorithm, String secret, Terms terms) {
        boolean session = terms.algorithm().toLowerCase(Locale.ROOT).endsWith("-sess");
        String first = session ? algorithm.hash(secret + ":" + terms.nonce() + ":" + terms.clientNonce()) : secret;
        String second = algorithm.hash(terms.method() + ":" + terms.uri());
        String middle = terms.qop().isEmpty()
                ? terms.nonce()
                : String.join(":", terms.nonce(), terms.nonceCount(), terms.clientNonce(), terms.qop());
        return algorithm.hash(first + ":" + middle + ":" + second);
    }

    /// The ways that `WWW-Authenticate` offers, RFC 9110 11.6.1; several headers of the name are one list.
    public static List<Challenge> challenges(String header) {
        List<Challenge> challenges = new ArrayList<>();
        String scheme = "";
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String item : items(header)) {
            int equals = item.indexOf('=');
            int space = item.indexOf(' ');
            if (equals < 0 || space >= 0 && space < equals && isToken(item.substring(0, space))) {
                // A scheme, with its first parameter or none.
                if (!scheme.isEmpty()) {
                    challenges.add(new Challenge(scheme, parameters));
                }
                scheme = (space < 0 ? item : item.substring(0, space)).toLowerCase(Locale.ROOT);
                parameters = new LinkedHashMap<>();
                item = space < 0 ? "" : item.substring(space + 1);
            }
            put(parameters, item);
        }
        if (!scheme.isEmpty()) {
            challenges.add(new Challenge(scheme, parameters));
        }
        return challenges;
    }

    /// `name=value, name="value"`, as it stands behind a scheme; names in small letters.
    public static Map<String, String> parameters(String text) {
        Map<String, String> parameters = new LinkedHashMap<>();
        items(text).forEach(item -> put(parameters, item));
        return parameters;
    }

    private static void put(Map<String, String> parameters, String item) {
        int equals = item.indexOf('=');
        if (equals > 0) {
            parameters.putIfAbsent(
                    item.substring(0, equals).strip().toLowerCase(Locale.ROOT),
                    unquoted(item.substring(equals + 1).strip()));
        }
    }

    private static boolean isToken(String text) {
        return text.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]+");
    }

    /// What stands between commas that are in no quotes.
    private static List<String> items(String text) {
        List<String> items = new ArrayList<>();
        StringBuilder item = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ',' && !quoted) {
                add(items, item);
            } else {
                item.append(c);
                if (c == '\\' && quoted && i + 1 < text.length()) {
                    item.append(text.charAt(++i));
                } else if (c == '"') {
                    quoted = !quoted;
                }
            }
        }
        add(items, item);
        return items;
    }

    private static void add(List<String> items, StringBuilder item) {
        String text = item.toString().strip();
        item.setLength(0);
        if (!text.isEmpty()) {
            items.add(text);
        }
    }

    private static String unquoted(String value) {
        if (value.length() < 2 || value.charAt(0) != '"' || !value.endsWith("\"")) {
            return value;
        }
        return value.substring(1, value.length() - 1).replaceAll("\\\\(.)", "$1");
    }

    /// As a quoted string.
    public static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
