package tapedeck.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IceServerTest {
    @Test
    void stunHasNoPasswordAndTurnHasOneOrASecret() {
        assertEquals(new IceServer("stun:a.example:3478", "", "", ""), IceServer.parse("stun:a.example:3478"));
        assertEquals(
                new IceServer("turn:[2001:db8::1]:3478?transport=tcp", "u", "p=w", ""),
                IceServer.parse("turn:[2001:db8::1]:3478?transport=tcp u  p=w"));
        assertEquals(new IceServer("turns:a.example", "", "", "k"), IceServer.parse("turns:a.example secret=k"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a.example",
                "http://a.example",
                "stun:",
                "stun:a.example user password",
                "turn:a.example",
                "turn:a.example user",
                "turn:a.example secret=",
                "turn:a.example user pass\"word",
                "turn:a.example?transport=sctp u p",
                "turn:a>.example u p",
                "turn:a.example u p more"
            })
    void whatNoHeaderCouldCarryIsRefused(String item) {
        assertThrows(IllegalArgumentException.class, () -> IceServer.parse(item));
    }
}
