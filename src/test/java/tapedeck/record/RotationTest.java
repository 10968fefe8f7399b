package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.MalformedException;

class RotationTest {
    @Test
    void aNumberIsSecondsAndAnMMakesItMegabytes() {
        assertEquals(new Rotation(20_000_000_000L, Long.MAX_VALUE), Rotation.parse("20"));
        assertEquals(new Rotation(Long.MAX_VALUE, 20L << 20), Rotation.parse(" 20M "));
        assertTrue(Rotation.parse("20M").enabled());
        assertFalse(Rotation.parse("disabled").enabled());
    }

    @Test
    void anythingElseIsRefused() {
        for (String text : List.of("", "0", "-1", "1.5", "20G", "M", "1e9", "9999999999", "20 M", "off")) {
            assertThrows(MalformedException.class, () -> Rotation.parse(text), text);
            assertThrows(MalformedException.class, () -> new RecordingRequest(null, text), text);
        }
        assertThrows(MalformedException.class, () -> new RecordingRequest(" ", null));
        assertThrows(
                MalformedException.class,
                () -> new RecordingRequest("x".repeat(RecordingRequest.MAX_TEMPLATE_LENGTH + 1), null));
    }
}
