package tapedeck.protocol.rtsp;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tapedeck.net.http.Digest;

/// How we show another server who we are: the strongest way that it offers, from its first challenge on.
final class RtspLogin {
    private static final int CLIENT_NONCE_BYTES = 8;

    private final String user;
    private final String password;
    private final RandomGenerator random;
    private Digest.@Nullable Challenge challenge;
    private int nonceCount;

    /// @param user "" for somebody without a login
    RtspLogin(String user, String password, RandomGenerator random) {
        this.user = user;
        this.password = password;
        this.random = random;
    }

    /// Whether there is any use to ask again after a 401.
    ///
    /// @param offered `WWW-Authenticate`
    boolean challenged(String offered) {
        if (user.isEmpty()) {
            return false;
        }
        Digest.Challenge best = null;
        for (Digest.Challenge candidate : Digest.challenges(offered)) {
            if (strength(candidate) > (best == null ? 0 : strength(best))) {
                best = candidate;
            }
        }
        // RFC 7616 3.3: right but too late. Anything else that is asked for again was wrong.
        boolean again =
                challenge == null || best != null && best.parameter("stale").equalsIgnoreCase("true");
        if (best == null || !again) {
            return false;
        }
        challenge = best;
        nonceCount = 0;
        return true;
    }

    private static int strength(Digest.Challenge candidate) {
        if (candidate.scheme().equals("basic")) {
            return 1;
        }
        if (!candidate.scheme().equals("digest") || !qopIsKnown(candidate)) {
            return 0;
        }
        return Digest.Algorithm.named(candidate.parameter("algorithm"))
                .map(algorithm -> algorithm == Digest.Algorithm.MD5 ? 2 : 3)
                .orElse(0);
    }

    private static boolean qopIsKnown(Digest.Challenge candidate) {
        String qop = candidate.parameter("qop");
        return qop.isEmpty() || offersAuth(qop);
    }

    private static boolean offersAuth(String qop) {
        return List.of(qop.toLowerCase(Locale.ROOT).split("[ ,]+", -1)).contains("auth");
    }

    /// The value of `Authorization`; empty before a challenge.
    Optional<String> authorization(String method, String uri) {
        Digest.Challenge asked = challenge;
        if (asked == null) {
            return Optional.empty();
        }
        if (asked.scheme().equals("basic")) {
            byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
            return Optional.of("Basic " + Base64.getEncoder().encodeToString(pair));
        }
        return Digest.Algorithm.named(asked.parameter("algorithm"))
                .map(algorithm -> digest(asked, algorithm, method, uri));
    }

    private String digest(Digest.Challenge asked, Digest.Algorithm algorithm, String method, String uri) {
        byte[] raw = new byte[CLIENT_NONCE_BYTES];
        random.nextBytes(raw);
        boolean protectedByCount = offersAuth(asked.parameter("qop"));
        boolean session = asked.parameter("algorithm").toLowerCase(Locale.ROOT).endsWith("-sess");
        Digest.Terms terms = new Digest.Terms(
                asked.parameter("algorithm"),
                method,
                uri,
                asked.parameter("nonce"),
                protectedByCount ? "%08x".formatted(++nonceCount) : "",
                protectedByCount || session ? HexFormat.of().formatHex(raw) : "",
                protectedByCount ? "auth" : "");
        String realm = asked.parameter("realm");
        String secret = Digest.secret(algorithm, user, realm, password);
        StringBuilder out = new StringBuilder("Digest username=").append(Digest.quoted(user));
        out.append(", realm=").append(Digest.quoted(realm));
        out.append(", nonce=").append(Digest.quoted(terms.nonce()));
        out.append(", uri=").append(Digest.quoted(uri));
        out.append(", response=\"")
                .append(Digest.response(algorithm, secret, terms))
                .append('"');
        if (!terms.algorithm().isEmpty()) {
            out.append(", algorithm=").append(terms.algorithm());
        }
        if (!asked.parameter("opaque").isEmpty()) {
            out.append(", opaque=").append(Digest.quoted(asked.parameter("opaque")));
        }
        if (!terms.clientNonce().isEmpty()) {
            out.append(", cnonce=\"").append(terms.clientNonce()).append('"');
        }
        if (protectedByCount) {
            out.append(", qop=auth, nc=").append(terms.nonceCount());
        }
        return out.toString();
    }
}
