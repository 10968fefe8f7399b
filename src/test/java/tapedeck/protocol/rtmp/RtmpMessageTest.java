package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.MalformedException;
import tapedeck.container.flv.Amf0;

class RtmpMessageTest {
    private static RtmpMessage command(Object... values) {
        ByteWriter body = new ByteWriter();
        Amf0.write(body, values);
        return RtmpMessage.parse(20, 1, 0, body.toBytes());
    }

    @Test
    void aCommandMayHaveANameAlone() {
        assertEquals(new RtmpMessage.Command(1, "onFCPublish", 0, List.of()), command("onFCPublish"));
    }

    @Test
    void aCommandHasANameAndANumberInFrontOfAllElse() {
        assertEquals(new RtmpMessage.Command(1, "_result", 4, List.of(7.0)), command("_result", 4.0, 7.0));
        assertThrows(MalformedException.class, () -> command(1.0));
        assertThrows(MalformedException.class, () -> command("connect", "live"));
        assertThrows(MalformedException.class, () -> command());
    }
}
