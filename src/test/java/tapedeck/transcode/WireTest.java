package tapedeck.transcode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;

/// What is written is read, and nothing else is.
class WireTest {
    private static final Entry.Batch BATCH = new Entry.Batch(
            7,
            List.of(
                    new Entry.Open(44_100, 2, 5, Entry.UNANCHORED, 0),
                    new Entry.Source("opus", 48_000, 2, Bytes.ofHex("4f70757348656164")),
                    new Entry.Packet(-20_000_000L, Bytes.ofU8(1, 2, 3)),
                    new Entry.Packet(1L << 60, Bytes.EMPTY),
                    new Entry.Silence(77),
                    new Entry.Flush()));
    private static final Entry.Answer ANSWER = new Entry.Answer(
            -1,
            List.of(new Entry.Sound(5, Bytes.ofU8(9)), new Entry.Sound(1L << 61, Bytes.EMPTY)),
            Long.MAX_VALUE,
            1L << 40,
            3,
            1L << 50);

    @Test
    void messagesComeBackAsTheyWere() {
        assertEquals(BATCH, Wire.readBatch(Wire.write(BATCH)));
        assertEquals(ANSWER, Wire.readAnswer(Wire.write(ANSWER)));
    }

    @Test
    void oneMessageIsNotAnother() {
        assertThrows(MalformedException.class, () -> Wire.readAnswer(Wire.write(BATCH)));
        assertThrows(MalformedException.class, () -> Wire.readBatch(Wire.write(ANSWER)));
    }

    @Test
    void damageIsSeen() {
        Fuzz.parser(List.of(Wire.write(BATCH)), List.of(Wire.write(ANSWER)), Wire::readBatch);
        Fuzz.parser(List.of(Wire.write(ANSWER)), List.of(Wire.write(BATCH)), Wire::readAnswer);
    }

    @Test
    void aStreamOfMessagesEndsBetweenTwo() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Wire.send(out, Wire.write(BATCH));
        Wire.send(out, Wire.READY);
        byte[] all = out.toByteArray();
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(all));
        assertEquals(Wire.write(BATCH), Wire.receive(in));
        assertEquals(Wire.READY, Wire.receive(in));
        assertNull(Wire.receive(in));
        for (int length = 1; length < all.length - 5; length++) {
            DataInputStream torn = new DataInputStream(new ByteArrayInputStream(all, 0, length));
            assertThrows(IOException.class, () -> Wire.receive(torn));
        }
    }

    @Test
    void aLengthThatIsALieTakesNoMemory() {
        for (int length : new int[] {0, -1, Wire.MAX_MESSAGE_BYTES + 1, Integer.MIN_VALUE}) {
            byte[] lie = {(byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length};
            assertThrows(
                    MalformedException.class, () -> Wire.receive(new DataInputStream(new ByteArrayInputStream(lie))));
        }
    }
}
