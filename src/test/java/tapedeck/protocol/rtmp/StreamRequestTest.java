package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;
import tapedeck.stream.StreamName;

/// Names and parameters that peers give in `connect`, `publish` and `play`.
class StreamRequestTest {
    @Test
    void aQueryIsNoPartOfTheName() {
        StreamRequest request = StreamRequest.parse("a/b?user=al&password=x%26y%2Bz&flag&=v&token=a=b");
        assertEquals(new StreamName("a/b"), request.name());
        assertEquals(Map.of("user", "al", "password", "x&y+z", "token", "a=b"), request.parameters());
        assertEquals(Map.of("a", "%zz"), StreamRequest.parse("n?a=%zz").parameters(), "not encoded after all");
    }

    @Test
    void theAddressOfAnApplicationIsReadWhateverItIs() {
        assertEquals(Map.of(), StreamRequest.ofConnect(null));
        assertEquals(Map.of(), StreamRequest.ofConnect(Map.of("app", 7.0)));
        assertEquals(
                Map.of("a", "2", "b", "1"),
                StreamRequest.ofConnect(Map.of("tcUrl", "rtmp://h/x?a=1&b=1", "app", "x?a=2&=&c&&d")));
    }

    @Test
    void aRefusedNameDoesNotTellThePassword() {
        MalformedException refused =
                assertThrows(MalformedException.class, () -> StreamRequest.parse("a<b?password=topsecret"));
        assertFalse(String.valueOf(refused.getMessage()).contains("topsecret"), refused.getMessage());
    }

    @Test
    void damagedAddressesAreRefusedOrRead() {
        Fuzz.parser(
                List.of(Bytes.ofUtf8("lectures/maths?user=alice&password=w%C3%B6rd&token=abc.def.ghi")),
                List.of(Bytes.ofUtf8("?%%%&&&===")),
                bytes -> StreamRequest.parse(bytes.toUtf8()));
    }
}
