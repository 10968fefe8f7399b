package tapedeck.protocol.webrtc.ice;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.settings.IceServer;

class IceLinksTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    @Test
    void eachServerIsALinkWithItsCredentials() {
        assertEquals(
                "<stun:stun.example.net>; rel=\"ice-server\", "
                        + "<turn:turn.example.net?transport=udp>; rel=\"ice-server\"; username=\"user\"; "
                        + "credential=\"myPassword\"; credential-type=\"password\"",
                header(
                        new IceServer("stun:stun.example.net", "", "", ""),
                        new IceServer("turn:turn.example.net?transport=udp", "user", "myPassword", "")));
        assertEquals("", header());
    }

    /// The password was computed with `openssl dgst -sha1 -hmac`.
    @Test
    void aSharedSecretMakesAPasswordThatEnds() {
        assertEquals(
                "<turns:turn.example.net:5349?transport=tcp>; rel=\"ice-server\"; username=\"1800043200:tapedeck\"; "
                        + "credential=\"HGu5hQTxmKG+GuOS2I9ydtrMINM=\"; credential-type=\"password\"",
                header(new IceServer("turns:turn.example.net:5349?transport=tcp", "", "", "north")));
    }

    private static String header(IceServer... servers) {
        return new IceLinks(List.of(servers), () -> NOW).header();
    }
}
