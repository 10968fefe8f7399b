package tapedeck.rights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Fuzz;
import tapedeck.rights.Decision.Allowed;
import tapedeck.rights.Decision.Forbidden;
import tapedeck.rights.Decision.Unavailable;
import tapedeck.rights.Decision.Unproven;
import tapedeck.rights.Decision.Unproven.Cause;
import tapedeck.settings.Settings;

/// Tokens that count, and everything that must not.
@Timeout(60)
class TokenGuardTest {
    private static final Settings.Jwt BY_SECRET = new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", "");

    private static TokenGuard guard(Settings.Jwt settings) {
        return new TokenGuard(settings, System::nanoTime);
    }

    private static Settings.Jwt byKeys(URI keys) {
        return new Settings.Jwt("", Optional.of(keys), "", "");
    }

    private static Request request(Request.Action action, String stream, String token) {
        return new Request(
                action,
                stream,
                "whip",
                InetAddress.getLoopbackAddress(),
                new Request.Credentials("", "", token),
                Map.of());
    }

    private static Decision publish(TokenGuard guard, String token) {
        return guard.may(request(Request.Action.PUBLISH, "cam", token));
    }

    private static Cause refused(String token) {
        try (TokenGuard guard = guard(BY_SECRET)) {
            return assertInstanceOf(Unproven.class, publish(guard, token)).cause();
        }
    }

    @Test
    void claimsSayWhichStreamsAndWhichActions() {
        try (TokenGuard guard = guard(BY_SECRET)) {
            String token = Tokens.signed(Tokens.claims(60).build());
            assertEquals(new Allowed("alice"), publish(guard, token));
            assertEquals(new Allowed("alice"), guard.may(request(Request.Action.PUBLISH, "lectures/maths/1", token)));
            assertEquals(new Allowed("alice"), guard.may(request(Request.Action.PLAY, "anything", token)));
            assertEquals(
                    new Forbidden("the token does not allow to publish \"other\""),
                    guard.may(request(Request.Action.PUBLISH, "other", token)));
            assertInstanceOf(Forbidden.class, guard.may(request(Request.Action.PUBLISH, "lectures", token)));
            String playsOnly =
                    Tokens.signed(Tokens.claims(60).claim("publish", null).build());
            assertInstanceOf(Forbidden.class, publish(guard, playsOnly));
            for (Object nothing : List.of(List.of(), "", 7, true, Map.of("cam", true), List.of(1, List.of("cam")))) {
                String odd = Tokens.signed(
                        Tokens.claims(60).claim("publish", nothing).build());
                assertInstanceOf(Forbidden.class, publish(guard, odd), nothing.toString());
            }
        }
    }

    @Test
    void noMoreStreamsAreLookedAtThanTheLimit() {
        List<String> many = new java.util.ArrayList<>(Collections.nCopies(TokenGuard.MAX_PATTERNS, "x"));
        many.set(TokenGuard.MAX_PATTERNS - 1, "cam");
        try (TokenGuard guard = guard(BY_SECRET)) {
            String full = Tokens.signed(Tokens.claims(60).claim("publish", many).build());
            assertInstanceOf(Allowed.class, publish(guard, full));
            many.add("cam");
            String over = Tokens.signed(Tokens.claims(60).claim("publish", many).build());
            assertInstanceOf(Forbidden.class, publish(guard, over));
        }
    }

    @Test
    void aTokenEndsAndBeginsWithALeewayOfAMinute() {
        try (TokenGuard guard = guard(BY_SECRET)) {
            assertInstanceOf(
                    Allowed.class,
                    publish(guard, Tokens.signed(Tokens.claims(-40).build())));
            Date soon = Date.from(Instant.now().plusSeconds(40));
            assertInstanceOf(
                    Allowed.class,
                    publish(
                            guard,
                            Tokens.signed(Tokens.claims(600).notBeforeTime(soon).build())));
        }
        assertEquals(Cause.STALE, refused(Tokens.signed(Tokens.claims(-80).build())));
        Date later = Date.from(Instant.now().plusSeconds(80));
        assertEquals(
                Cause.STALE,
                refused(Tokens.signed(Tokens.claims(600).notBeforeTime(later).build())));
        assertEquals(
                Cause.STALE,
                refused(Tokens.signed(Tokens.claims(60).expirationTime(null).build())),
                "endless");
    }

    @Test
    void issuerAndAudienceCountWhereTheyAreSet() {
        Settings.Jwt settings = new Settings.Jwt(Tokens.SECRET, Optional.empty(), "https://site", "tapedeck");
        try (TokenGuard guard = guard(settings)) {
            JWTClaimsSet.Builder good = Tokens.claims(60).issuer("https://site").audience(List.of("a", "tapedeck"));
            assertInstanceOf(Allowed.class, publish(guard, Tokens.signed(good.build())));
            for (JWTClaimsSet.Builder bad : List.of(
                    Tokens.claims(60),
                    Tokens.claims(60).issuer("https://site"),
                    Tokens.claims(60).audience("tapedeck"),
                    Tokens.claims(60).issuer("https://other").audience("tapedeck"),
                    Tokens.claims(60).issuer("https://site").audience("tapedeck2"))) {
                Unproven unproven = assertInstanceOf(Unproven.class, publish(guard, Tokens.signed(bad.build())));
                assertEquals(Cause.STALE, unproven.cause());
            }
        }
    }

    @Test
    void whatNobodySignedIsWorthNothing() throws Exception {
        JWTClaimsSet claims = Tokens.claims(60).build();
        String good = Tokens.signed(claims);
        assertEquals(Cause.WRONG, refused(new PlainJWT(claims).serialize()), "alg none");
        String[] parts = good.split("\\.");
        for (String none : List.of("none", "None", "NONE", "nOnE", "", "null")) {
            String header = base64("{\"alg\":\"%s\"}".formatted(none));
            assertEquals(Cause.WRONG, refused(header + "." + parts[1] + "."), none);
            assertEquals(Cause.WRONG, refused(header + "." + parts[1] + "." + parts[2]), none);
        }
        assertEquals(Cause.WRONG, refused(Tokens.signed(claims, "another secret that is long enough!!")));
        assertEquals(Cause.WRONG, refused(parts[0] + "." + parts[1] + "."), "no signature");
        assertEquals(Cause.WRONG, refused(parts[0] + "." + parts[1]), "two parts");
        String others = base64(claims.toString().replace("\"cam\"", "\"any\""));
        assertEquals(Cause.WRONG, refused(parts[0] + "." + others + "." + parts[2]), "other claims");
        JWSHeader hs512 = new JWSHeader(JWSAlgorithm.HS512);
        String secret64 = Tokens.SECRET + Tokens.SECRET;
        assertEquals(
                Cause.WRONG,
                refused(Tokens.signed(hs512, claims, new MACSigner(secret64.getBytes(StandardCharsets.UTF_8)))));
        JWSHeader other = new JWSHeader.Builder(JWSAlgorithm.HS256)
                .type(new JOSEObjectType("logout+jwt"))
                .build();
        assertEquals(Cause.WRONG, refused(Tokens.signed(other, claims, new MACSigner(Tokens.SECRET))), "typ");
    }

    @Test
    void garbageAndHugeTokensAreRefused() {
        assertEquals(Cause.MISSING, refused(""));
        for (String garbage : List.of("x", ".", "..", "...", "....", "a.b.c", "{}.{}.{}", "é.é.é", " ", "\0")) {
            assertEquals(Cause.WRONG, refused(garbage), garbage);
        }
        String nested = base64("{\"alg\":\"HS256\",\"x\":" + "[".repeat(2500) + "]".repeat(2500) + "}");
        assertEquals(Cause.WRONG, refused(nested + ".e30.AA"));
        String padding = "p".repeat(TokenGuard.MAX_TOKEN_CHARACTERS);
        String huge = Tokens.signed(Tokens.claims(60).claim("padding", padding).build());
        assertEquals(Cause.WRONG, refused(huge));
        String large = Tokens.signed(Tokens.claims(60)
                .claim("padding", padding.substring(0, padding.length() / 2))
                .build());
        try (TokenGuard guard = guard(BY_SECRET)) {
            assertInstanceOf(Allowed.class, publish(guard, large));
        }
    }

    /// Only the very token gets in, and nothing but a decision comes out, whatever is sent.
    @Test
    void damagedTokensNeverGetInAndNeverBreakAnything() {
        String good = Tokens.signed(Tokens.claims(600).build());
        String plain = new PlainJWT(Tokens.claims(600).build()).serialize();
        try (TokenGuard guard = guard(BY_SECRET)) {
            Fuzz.parser(List.of(Bytes.ofUtf8(good)), List.of(Bytes.ofUtf8(plain)), bytes -> {
                String token = new String(bytes.toByteArray(), StandardCharsets.ISO_8859_1);
                Decision decision = publish(guard, token);
                if (!token.equals(good)) {
                    boolean same = sameBytes(token, good);
                    assertTrue(decision instanceof Unproven || same, token);
                }
            });
        }
    }

    /// Base64's last character has bits that say nothing, and decoders skip what is not of the alphabet.
    private static boolean sameBytes(String token, String good) {
        String[] parts = token.split("\\.", -1);
        String[] goodParts = good.split("\\.", -1);
        return parts.length == 3
                && parts[0].equals(goodParts[0])
                && parts[1].equals(goodParts[1])
                && Arrays.equals(
                        new com.nimbusds.jose.util.Base64URL(parts[2]).decode(),
                        new com.nimbusds.jose.util.Base64URL(goodParts[2]).decode());
    }

    @Test
    void keysOfAKeySetSign() throws Exception {
        RSAKey rsa = new RSAKeyGenerator(2048).keyID("r").generate();
        ECKey ec = new ECKeyGenerator(Curve.P_256).keyID("e").generate();
        JWTClaimsSet claims = Tokens.claims(60).build();
        try (Hook site = new Hook();
                TokenGuard guard = guard(byKeys(site.url()))) {
            site.answers(Hook.body(new JWKSet(List.of(rsa, ec)).toString()));
            String byRsa = Tokens.signed(header(JWSAlgorithm.RS256, "r"), claims, new RSASSASigner(rsa));
            String byEc = Tokens.signed(header(JWSAlgorithm.ES256, "e"), claims, new ECDSASigner(ec));
            assertEquals(new Allowed("alice"), publish(guard, byRsa));
            assertEquals(new Allowed("alice"), publish(guard, byEc));
            assertEquals(1, site.asked().size(), "the set is kept");
            RSAKey stranger = new RSAKeyGenerator(2048).keyID("r").generate();
            String forged = Tokens.signed(header(JWSAlgorithm.RS256, "r"), claims, new RSASSASigner(stranger));
            assertEquals(
                    Cause.WRONG,
                    assertInstanceOf(Unproven.class, publish(guard, forged)).cause());
            // RFC 8725 2.1: who knows the public key must not be able to use it as a secret.
            for (byte[] known : List.of(
                    rsa.toRSAPublicKey().getEncoded(),
                    rsa.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8),
                    pem(rsa.toRSAPublicKey().getEncoded()),
                    ec.toECPublicKey().getEncoded())) {
                for (String kid : List.of("r", "e")) {
                    String confused = Tokens.signed(header(JWSAlgorithm.HS256, kid), claims, new MACSigner(known));
                    assertEquals(
                            Cause.WRONG,
                            assertInstanceOf(Unproven.class, publish(guard, confused))
                                    .cause());
                }
            }
            JWSHeader embedded = new JWSHeader.Builder(JWSAlgorithm.RS256)
                    .jwk(stranger.toPublicJWK())
                    .keyID("r")
                    .build();
            String own = Tokens.signed(embedded, claims, new RSASSASigner(stranger));
            assertInstanceOf(Unproven.class, publish(guard, own), "a key that the token brings itself");
            JWSHeader elsewhere = new JWSHeader.Builder(JWSAlgorithm.RS256)
                    .jwkURL(URI.create("http://127.0.0.1:1/keys"))
                    .keyID("r")
                    .build();
            assertInstanceOf(
                    Unproven.class, publish(guard, Tokens.signed(elsewhere, claims, new RSASSASigner(stranger))));
        }
    }

    @Test
    void aKeyThatIsNewIsFetchedOnceAndUnknownOnesDoNotFlood() throws Exception {
        ECKey old = new ECKeyGenerator(Curve.P_256).keyID("old").generate();
        ECKey young = new ECKeyGenerator(Curve.P_256).keyID("young").generate();
        JWTClaimsSet claims = Tokens.claims(60).build();
        try (Hook site = new Hook();
                TokenGuard guard = guard(byKeys(site.url()))) {
            site.answers(Hook.body(new JWKSet(old).toString()));
            String first = Tokens.signed(header(JWSAlgorithm.ES256, "old"), claims, new ECDSASigner(old));
            assertInstanceOf(Allowed.class, publish(guard, first));
            site.answers(Hook.body(new JWKSet(List.of(old, young)).toString()));
            String second = Tokens.signed(header(JWSAlgorithm.ES256, "young"), claims, new ECDSASigner(young));
            assertInstanceOf(Allowed.class, publish(guard, second));
            assertEquals(2, site.asked().size());
            for (int i = 0; i < 50; i++) {
                String unknown = Tokens.signed(header(JWSAlgorithm.ES256, "k" + i), claims, new ECDSASigner(old));
                assertInstanceOf(Unproven.class, publish(guard, unknown));
            }
            assertTrue(site.asked().size() <= 3, "asked " + site.asked().size() + " times");
        }
    }

    @Test
    void withoutKeysNobodyMay() throws Exception {
        ECKey key = new ECKeyGenerator(Curve.P_256).keyID("e").generate();
        String token =
                Tokens.signed(header(JWSAlgorithm.ES256, "e"), Tokens.claims(60).build(), new ECDSASigner(key));
        String keys = new JWKSet(key).toString();
        for (Hook.Answer answer : List.of(
                Hook.status(500),
                Hook.body("no json"),
                Hook.body(keys + " ".repeat(OutsideCalls.MAX_ANSWER_BYTES)),
                (Hook.Answer) exchange -> {
                    if (exchange.getRequestURI().getPath().equals("/ask")) {
                        exchange.getResponseHeaders().set("Location", "/elsewhere");
                        exchange.sendResponseHeaders(302, -1);
                    } else {
                        Hook.body(keys).to(exchange);
                    }
                })) {
            try (Hook site = new Hook();
                    TokenGuard guard = guard(byKeys(site.url()))) {
                site.answers(answer);
                for (int i = 0; i < 3; i++) {
                    assertInstanceOf(Unavailable.class, publish(guard, token));
                }
            }
        }
        Hook gone = new Hook();
        gone.close();
        try (TokenGuard guard = guard(byKeys(gone.url()))) {
            assertInstanceOf(Unavailable.class, publish(guard, token));
        }
    }

    private static JWSHeader header(JWSAlgorithm algorithm, String kid) {
        return new JWSHeader.Builder(algorithm).keyID(kid).build();
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] pem(byte[] key) {
        return ("-----BEGIN PUBLIC KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
                        + "\n-----END PUBLIC KEY-----\n")
                .getBytes(StandardCharsets.UTF_8);
    }
}
