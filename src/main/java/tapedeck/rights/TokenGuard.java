package tapedeck.rights;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.ImmutableSecret;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Resource;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.jwt.proc.ExpiredJWTException;
import java.io.Closeable;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.settings.Settings;

/// JSON Web Tokens (RFC 7519) that a secret (HS256) or a key of a key set (RS256, ES256) has signed. The settings say
/// which of the two; what the token says of its algorithm only has to agree (RFC 8725 3.1).
///
/// The claims `publish` and `play` name streams, `*` for any characters. `exp` is needed.
final class TokenGuard implements Guard {
    static final int MAX_TOKEN_CHARACTERS = 8_192;
    /// How far clocks may differ.
    static final int LEEWAY_SECONDS = 60;
    /// Streams that one token names.
    static final int MAX_PATTERNS = 256;
    /// A key that is in no set for so long is taken no more.
    static final Duration KEYS_KEPT = Duration.ofMinutes(5);
    /// For a key that is not known yet the set is fetched again, but not more often.
    static final Duration KEYS_ASKED = Duration.ofSeconds(30);
    /// The keys of a server that is away still count.
    static final Duration KEYS_OUTLIVE = Duration.ofHours(1);

    private static final Duration FETCH_DEADLINE = Duration.ofSeconds(5);
    private static final int OK = 200;
    private static final Logger log = LoggerFactory.getLogger(TokenGuard.class);
    /// What can be part of a file name.
    private static final Pattern LOGIN = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

    private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    private final ProblemLog problems;
    private final JWKSource<SecurityContext> keys;
    private final OutsideCalls calls = new OutsideCalls(FETCH_DEADLINE);
    /// Whether there was no key set when it was looked for last.
    private volatile boolean away;

    TokenGuard(Settings.Jwt settings, LongSupplier nanoClock) {
        problems = new ProblemLog(log::warn, nanoClock);
        Set<JWSAlgorithm> algorithms;
        if (settings.keys().isPresent()) {
            keys = remote(settings.keys().get());
            algorithms = Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256);
        } else {
            keys = new ImmutableSecret<>(settings.secret().getBytes(StandardCharsets.UTF_8));
            algorithms = Set.of(JWSAlgorithm.HS256);
        }
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(algorithms, keys));
        // RFC 9068 2.1 has a type of its own for access tokens.
        processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
        processor.setJWTClaimsSetVerifier(claims(settings));
    }

    private static DefaultJWTClaimsVerifier<SecurityContext> claims(Settings.Jwt settings) {
        JWTClaimsSet.Builder exact = new JWTClaimsSet.Builder();
        if (!settings.issuer().isEmpty()) {
            exact.issuer(settings.issuer());
        }
        String audience = settings.audience().isEmpty() ? null : settings.audience();
        DefaultJWTClaimsVerifier<SecurityContext> verifier =
                new DefaultJWTClaimsVerifier<>(audience, exact.build(), Set.of("exp"));
        verifier.setMaxClockSkew(LEEWAY_SECONDS);
        return verifier;
    }

    private JWKSource<SecurityContext> remote(URI address) {
        try {
            return JWKSourceBuilder.<SecurityContext>create(address.toURL(), this::fetch)
                    .refreshAheadCache(false)
                    .cache(KEYS_KEPT.toMillis(), FETCH_DEADLINE.multipliedBy(2).toMillis())
                    .rateLimited(KEYS_ASKED.toMillis())
                    .outageTolerant(KEYS_OUTLIVE.toMillis())
                    .build();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException("the settings let http and https pass", e);
        }
    }

    private Resource fetch(URL address) throws IOException {
        try {
            OutsideCalls.Answer answer = calls.send(
                    HttpRequest.newBuilder(URI.create(address.toString())).build());
            if (answer.status() != OK) {
                throw new IOException("status " + answer.status());
            }
            return new Resource(answer.body().toUtf8(), "application/json");
        } catch (IOException e) {
            problems.say("auth_jwks_url: no keys from %s: %s".formatted(address.getHost(), e.getMessage()));
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public Decision may(Request request) {
        String token = request.credentials().token();
        if (token.isEmpty()) {
            return new Decision.Unproven(Decision.Unproven.Cause.MISSING, "a token is needed");
        }
        if (token.length() > MAX_TOKEN_CHARACTERS) {
            return wrong("the token is longer than %d characters".formatted(MAX_TOKEN_CHARACTERS));
        }
        JWTClaimsSet claims;
        try {
            claims = processor.process(SignedJWT.parse(token), null);
            away = false;
        } catch (ExpiredJWTException e) {
            return stale("the token has expired");
        } catch (BadJWTException e) {
            log.debug("token", e);
            return stale("the token is not valid yet, has no end, or is for another server");
        } catch (RateLimitReachedException e) {
            return away ? unavailable() : stale("the key of the token is not known");
        } catch (ParseException | BadJOSEException e) {
            log.debug("token", e);
            return wrong("the token is not valid");
        } catch (JOSEException e) {
            // A set that cannot be had, and one that cannot be read.
            away = true;
            problems.say("tokens cannot be checked: " + e.getMessage());
            return unavailable();
        }
        return granted(claims, request);
    }

    private static Decision granted(JWTClaimsSet claims, Request request) {
        Object named = claims.getClaim(request.action().word());
        List<?> patterns = named instanceof List<?> list ? list : named == null ? List.of() : List.of(named);
        if (patterns.size() > MAX_PATTERNS) {
            return new Decision.Forbidden("the token names more than %d streams".formatted(MAX_PATTERNS));
        }
        for (Object pattern : patterns) {
            if (pattern instanceof String text && StreamPattern.matches(text, request.stream())) {
                return new Decision.Allowed(login(claims.getSubject()));
            }
        }
        return new Decision.Forbidden("the token does not allow to %s \"%s\""
                .formatted(request.action().word(), request.stream()));
    }

    private static String login(@Nullable String subject) {
        return subject != null && LOGIN.matcher(subject).matches() ? subject : "";
    }

    private static Decision unavailable() {
        return new Decision.Unavailable("tokens cannot be checked at the moment");
    }

    private static Decision wrong(String reason) {
        return new Decision.Unproven(Decision.Unproven.Cause.WRONG, reason);
    }

    private static Decision stale(String reason) {
        return new Decision.Unproven(Decision.Unproven.Cause.STALE, reason);
    }

    @Override
    public void close() {
        calls.close();
        if (keys instanceof Closeable closeable) {
            try {
                closeable.close();
            } catch (IOException e) {
                log.debug("keys", e);
            }
        }
    }
}
