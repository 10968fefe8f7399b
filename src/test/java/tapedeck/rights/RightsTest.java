package tapedeck.rights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Attempts;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.Fuzz;
import tapedeck.rights.Decision.Allowed;
import tapedeck.rights.Decision.Unproven;
import tapedeck.rights.Request.Credentials;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;

/// Who is asked for what, how often one may guess, and how credentials are read.
class RightsTest {
    private static final Request.Action PUBLISH = Request.Action.PUBLISH;
    private static final Request.Action PLAY = Request.Action.PLAY;

    private final AtomicLong nanos = new AtomicLong(1);

    private Rights rights(Proof publish, Proof play) {
        Settings.Rights settings = new Settings.Rights(
                publish,
                play,
                Path.of("none"),
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(Optional.empty(), 1));
        return new Rights(settings, TrustedProxies.NONE, nanos::get);
    }

    private static Request request(Request.Action action, String address, String token) throws Exception {
        return new Request(
                action, "cam", "rtmp", InetAddress.getByName(address), new Credentials("", "", token), Map.of());
    }

    @Test
    void eachActionHasItsOwnProof() throws Exception {
        try (Rights rights = rights(Proof.JWT, Proof.NONE)) {
            assertFalse(rights.isFree(PUBLISH));
            assertTrue(rights.isFree(PLAY));
            assertInstanceOf(Allowed.class, rights.may(request(PLAY, "192.0.2.1", "")));
            assertInstanceOf(Unproven.class, rights.may(request(PUBLISH, "192.0.2.1", "")));
            String token = Tokens.signed(Tokens.claims(60).build());
            assertInstanceOf(Allowed.class, rights.may(request(PUBLISH, "192.0.2.1", token)));
        }
    }

    @Test
    void whoGuessesHasToWaitAndNobodyElse() throws Exception {
        String good = Tokens.signed(Tokens.claims(60).build());
        try (Rights rights = rights(Proof.JWT, Proof.JWT)) {
            for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
                assertNull(rights.toldAtOnce(InetAddress.getByName("192.0.2.1")));
                assertInstanceOf(Unproven.class, rights.may(request(PUBLISH, "192.0.2.1", "guess" + i)));
            }
            assertInstanceOf(Decision.Wait.class, rights.may(request(PUBLISH, "192.0.2.1", good)));
            assertNotNull(rights.toldAtOnce(InetAddress.getByName("192.0.2.1")));
            assertInstanceOf(Allowed.class, rights.may(request(PUBLISH, "192.0.2.2", good)));
            nanos.addAndGet(Attempts.WINDOW_NANOS);
            assertInstanceOf(Allowed.class, rights.may(request(PUBLISH, "192.0.2.1", good)));
        }
    }

    /// A player whose token has expired tries again and again, and must not shut out all others behind its address.
    @Test
    void whatIsNoGuessDoesNotCountAsOne() throws Exception {
        String expired = Tokens.signed(Tokens.claims(-100).build());
        String other = Tokens.signed(Tokens.claims(60).claim("publish", "other").build());
        try (Rights rights = rights(Proof.JWT, Proof.NONE)) {
            for (int i = 0; i < Attempts.MAX_FAILURES * 2; i++) {
                rights.may(request(PUBLISH, "192.0.2.1", expired));
                rights.may(request(PUBLISH, "192.0.2.1", other));
                rights.may(request(PUBLISH, "192.0.2.1", ""));
            }
            String good = Tokens.signed(Tokens.claims(60).build());
            assertInstanceOf(Allowed.class, rights.may(request(PUBLISH, "192.0.2.1", good)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "*, a, true",
        "*, a/b, true",
        "a, a, true",
        "a, b, false",
        "a*, ab, true",
        "a*, a, true",
        "a*, ba, false",
        "*a, bba, true",
        "*a, bab, false",
        "a/*/c, a/b/c, true",
        "a/*/c, a/b/d/c, true",
        "a/*/c, a/c, false",
        "*a*b*, xaxbx, true",
        "*a*b*, xbxax, false",
        "'', a, false",
        "**, a, true",
        "a, ab, false",
        "ab, a, false",
        "a?, ab, false",
        "a., ab, false",
        "A, a, false",
        "u\u0308*, \u00fcx, true"
    })
    void aStarStandsForAnyCharacters(String pattern, String name, boolean matches) {
        assertEquals(matches, StreamPattern.matches(pattern, name));
    }

    @Test
    void credentialsOfHttpAreBearerAndBasic() {
        assertEquals(new Credentials("", "", "a.b-c"), Credentials.ofAuthorization("Bearer a.b-c"));
        assertEquals(new Credentials("", "", "a"), Credentials.ofAuthorization("bEARER   a  "));
        assertEquals(new Credentials("al", "p:w ü", ""), Credentials.ofAuthorization("Basic " + base64("al:p:w ü")));
        assertEquals(new Credentials("", "", ""), Credentials.ofAuthorization("basic " + base64(":")));
        for (String bad : List.of(
                "",
                "Bearer",
                "Bearer ",
                "Bearer a b",
                "Bearer \u00e4",
                "Digest x",
                "Basic",
                "Basic !!",
                "Basic YQ==",
                "Basic /w==",
                "bearera")) {
            assertThrows(MalformedException.class, () -> Credentials.ofAuthorization(bad), bad);
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(Bytes.ofUtf8(text).toByteArray());
    }

    @Test
    void damagedHeadersAreRefusedOrRead() {
        Fuzz.parser(
                List.of(Bytes.ofUtf8("Bearer abc.def.ghi"), Bytes.ofUtf8("Basic " + base64("alice:wonderland"))),
                List.of(Bytes.ofUtf8("Digest username=\"alice\"")),
                bytes -> Credentials.ofAuthorization(bytes.toUtf8()));
    }

    @Test
    void secretsAreInNoText() throws Exception {
        Request request = request(PUBLISH, "192.0.2.1", "topsecret");
        assertFalse(request.toString().contains("topsecret"), request.toString());
        assertFalse(
                PasswordHash.of("word", PasswordHash.MIN_ITERATIONS).toString().contains("pbkdf2"));
        assertFalse(new Settings.Jwt("topsecret", Optional.empty(), "", "")
                .toString()
                .contains("topsecret"));
    }

    @Test
    void aLineOfTheLogComesOnceInAWhile() {
        List<String> lines = new ArrayList<>();
        ProblemLog log = new ProblemLog(lines::add, nanos::get);
        for (int i = 0; i < 100; i++) {
            log.say("away");
        }
        nanos.addAndGet(ProblemLog.QUIET_NANOS);
        log.say("away");
        assertEquals(List.of("away", "away (and 99 more like it)"), lines);
    }
}
