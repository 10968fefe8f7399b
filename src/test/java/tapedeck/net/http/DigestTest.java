package tapedeck.net.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.net.http.Digest.Algorithm;
import tapedeck.peers.Fuzz;

class DigestTest {
    private static String response(
            Algorithm algorithm, String user, String realm, String password, Digest.Terms terms) {
        return Digest.response(algorithm, Digest.secret(algorithm, user, realm, password), terms);
    }

    /// RFC 7616 3.9.1 and RFC 2617 3.5.
    @Test
    void theExamplesOfTheSpecificationsComeOut() {
        Digest.Terms terms = new Digest.Terms(
                "MD5",
                "GET",
                "/dir/index.html",
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                "auth");
        String realm = "http-auth@example.org";
        assertEquals(
                "8ca523f5e9506fed4657c9700eebdbec", response(Algorithm.MD5, "Mufasa", realm, "Circle of Life", terms));
        assertEquals(
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
                response(Algorithm.SHA_256, "Mufasa", realm, "Circle of Life", terms));
        Digest.Terms old = new Digest.Terms(
                "", "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b", "auth");
        assertEquals(
                "6629fae49393a05397450978507c4ef1",
                response(Algorithm.MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", old));
    }

    @Test
    void severalChallengesInOneHeaderAreToldApart() {
        List<Digest.Challenge> challenges = Digest.challenges("Digest realm=\"a, \\\"b\\\"\", nonce=\"1\" , qop=\"auth,"
                + "auth-int\", algorithm=SHA-256, stale=FALSE,Negotiate, Basic realm = \"x\", digest Realm=y,nonce=2=");
        assertEquals(
                List.of(
                        new Digest.Challenge(
                                "digest",
                                Map.of(
                                        "realm",
                                        "a, \"b\"",
                                        "nonce",
                                        "1",
                                        "qop",
                                        "auth,auth-int",
                                        "algorithm",
                                        "SHA-256",
                                        "stale",
                                        "FALSE")),
                        new Digest.Challenge("negotiate", Map.of()),
                        new Digest.Challenge("basic", Map.of("realm", "x")),
                        new Digest.Challenge("digest", Map.of("realm", "y", "nonce", "2="))),
                challenges);
    }

    @Test
    void algorithmsAreNamedInAnyWay() {
        assertEquals(Optional.of(Algorithm.MD5), Algorithm.named(""));
        assertEquals(Optional.of(Algorithm.MD5), Algorithm.named("md5-sess"));
        assertEquals(Optional.of(Algorithm.SHA_256), Algorithm.named("sha-256-SESS"));
        assertEquals(Optional.empty(), Algorithm.named("SHA-512-256"));
    }

    @Test
    void noHeaderDoesHarm() {
        Fuzz.parser(
                List.of(
                        Bytes.ofUtf8("Digest realm=\"a\\\"b\", nonce=\"1\", algorithm=MD5, Basic realm=\"x\""),
                        Bytes.ofUtf8("Digest username=u, uri=\"rtsp://h/a?b=c,d\", nc=00000001")),
                List.of(),
                header -> {
                    Digest.challenges(header.toUtf8());
                    Digest.parameters(header.toUtf8());
                });
    }
}
