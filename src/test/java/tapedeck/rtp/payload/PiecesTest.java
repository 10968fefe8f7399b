package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The room in which frames are put together. What it makes of packets is `DepacketizerTest`'s.
class PiecesTest {
    private static final Bytes PART = Bytes.wrap(new byte[1000]);

    @Test
    void theRoomOfUsualFramesStaysAndThatOfAHugeOneIsGivenBack() {
        Pieces pieces = new Pieces("H.264");
        for (int i = 0; i < 100; i++) {
            pieces.add(PART);
        }
        int room = pieces.roomBytes();
        pieces.clear();
        assertTrue(room >= 100_000 && pieces.roomBytes() == room, "" + room);
        while (pieces.sizeBytes() <= Pieces.KEPT_BYTES) {
            pieces.add(PART);
        }
        pieces.clear();
        assertTrue(pieces.roomBytes() <= Pieces.KEPT_BYTES, "" + pieces.roomBytes());
    }

    @Test
    void theLimitsAreExactAndFramingDoesNotCount() {
        Pieces pieces = new Pieces("H.264");
        Bytes half = Bytes.wrap(new byte[Pieces.MAX_FRAME_BYTES / 2]);
        pieces.addFraming(0, 4);
        pieces.add(half);
        pieces.addFraming(0, 5);
        pieces.add(half);
        assertThrows(MalformedException.class, () -> pieces.add(Bytes.ofU8(1)));
        pieces.clear();
        for (int i = 0; i < Pieces.MAX_PIECES; i++) {
            pieces.add(Bytes.ofU8(1));
        }
        assertThrows(MalformedException.class, () -> pieces.add(Bytes.ofU8(1)));
    }

    @Test
    void nothingOfAnEarlierFrameIsInTheNext() {
        Pieces pieces = new Pieces("VP9");
        pieces.add(Bytes.ofHex("ffffffffffffffff"));
        pieces.clear();
        pieces.add(Bytes.ofHex("0102"));
        assertEquals(Bytes.ofHex("01020000"), Bytes.wrap(pieces.joined(2)));
    }

    @Test
    void aUnitThatIsTakenBackLeavesNothing() {
        Units units = new Units("H.265");
        units.begin(0x4201, 2);
        units.add(Bytes.ofHex("aabb"));
        assertEquals(Bytes.ofHex("4201aabb"), units.bytes(units.end()));
        units.begin(0, 0);
        units.add(Bytes.ofHex("46"));
        units.end();
        units.removeLast();
        units.begin(0, 0);
        units.add(Bytes.ofHex("02"));
        units.add(Bytes.ofHex("03"));
        units.end();
        assertEquals(Bytes.ofHex("000000044201aabb000000020203"), units.lengthPrefixed());
    }
}
