package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// The expected answers were made with openssl.
class AdobeAuthenticationTest {
    private static final RelayTarget.Login LOGIN = new RelayTarget.Login("me", "pass word");
    private static final String FIRST = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
    private static final String CHALLENGE =
            "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=me&salt=SALT&challenge=CHALL";

    @Test
    void itIsAskedForByADescription() {
        assertTrue(AdobeAuthentication.isAsked(FIRST));
        assertFalse(AdobeAuthentication.isAsked("NetConnection.Connect.Rejected"));
    }

    @Test
    void theNameComesFirstAndThenTheAnswer() throws Exception {
        assertEquals("authmod=adobe&user=me", AdobeAuthentication.answer(FIRST, LOGIN, 42));
        assertEquals(
                "authmod=adobe&user=me&challenge=0000002a&response=TGvO81VMUD1MUFfJxA0P7Q==",
                AdobeAuthentication.answer(CHALLENGE, LOGIN, 42));
        assertEquals(
                "authmod=adobe&user=me&challenge=0000002a&response=Rm0QFoXiCr4HT2nlFdTAtw==&opaque=OPAQ",
                AdobeAuthentication.answer(CHALLENGE + "&opaque=OPAQ", LOGIN, 42));
    }

    @Test
    void whoHasNoPasswordOrAWrongOneGivesUp() {
        assertThrows(RelayRefusedException.class, () -> AdobeAuthentication.answer(FIRST, null, 42));
        String failed = FIRST.replace(" : ", " : ?reason=authfailed");
        RelayRefusedException refused =
                assertThrows(RelayRefusedException.class, () -> AdobeAuthentication.answer(failed, LOGIN, 42));
        assertFalse(refused.getMessage().contains("pass word"), refused.getMessage());
    }
}
