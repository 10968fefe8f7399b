package tapedeck.codec.opus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.peers.SharedMedia;

class OpusHeadTest {
    private static final Bytes STEREO = Bytes.ofHex("4f70757348656164 01 02 3801 80bb0000 0000 00");

    @Test
    void numbersAreLittleEndianInOggAndMatroskaAndBigEndianInMp4() {
        OpusHead head = OpusHead.of(new Codec.Opus(2, OpusHead.USUAL_PRE_SKIP));
        assertEquals(STEREO, head.toBytes());
        assertEquals(Bytes.ofHex("00 02 0138 0000bb80 0000 00"), head.toDOps());
    }

    @Test
    void writingAndReadingGivesTheSameForEveryChannelCount() {
        for (int channels = 1; channels <= OpusHead.MAX_CHANNELS; channels++) {
            OpusHead head = OpusHead.of(new Codec.Opus(channels, 3840));
            assertEquals(head, OpusHead.parse(head.toBytes()));
            assertEquals(head, OpusHead.parseDOps(head.toDOps()));
            assertEquals(new Codec.Opus(channels, 3840), head.codec());
        }
        OpusHead gain = new OpusHead(1, 0, 16_000, -256, 0, Bytes.EMPTY);
        assertEquals(gain, OpusHead.parse(gain.toBytes()));
        assertEquals(gain, OpusHead.parseDOps(gain.toDOps()));
    }

    @Test
    void moreChannelsThanAMappingKnowsCannotBeWritten() {
        assertThrows(IllegalArgumentException.class, () -> OpusHead.of(new Codec.Opus(9, 0)));
        assertThrows(IllegalArgumentException.class, () -> OpusHead.of(new Codec.Opus(0, 0)));
    }

    @Test
    void aHeaderCutAnywhereIsRefused() {
        Bytes surround = OpusHead.of(new Codec.Opus(6, 312)).toBytes();
        for (Bytes whole : new Bytes[] {STEREO, surround}) {
            for (int length = 0; length < whole.length(); length++) {
                Bytes cut = whole.slice(0, length);
                assertThrows(MalformedException.class, () -> OpusHead.parse(cut), "cut at " + length);
            }
        }
    }

    @Test
    void impossibleValuesAreRefused() {
        assertThrows(
                MalformedException.class,
                () -> OpusHead.parse(Bytes.ofHex("4f70757348656164 10 02 3801 80bb0000 0000 00")));
        assertThrows(
                MalformedException.class,
                () -> OpusHead.parse(Bytes.ofHex("4f70757348656164 01 00 3801 80bb0000 0000 00")));
        assertThrows(
                MalformedException.class,
                () -> OpusHead.parse(Bytes.ofHex("4f70757348656164 01 03 3801 80bb0000 0000 00")));
        assertThrows(MalformedException.class, () -> OpusHead.parseDOps(Bytes.ofHex("01 02 0138 0000bb80 0000 00")));
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() throws IOException {
        int read = 0;
        for (var file : SharedMedia.files("fuzz-seeds/mediacommon/codecs_opus.FuzzIDHeaderUnmarshal")) {
            read += readOrRefuse(Files.readAllBytes(file));
        }
        var random = new SplittableRandom(3);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = OpusHead.of(new Codec.Opus(1 + random.nextInt(8), 312))
                    .toBytes()
                    .toByteArray();
            bytes[8 + random.nextInt(bytes.length - 8)] ^= (byte) (1 << random.nextInt(8));
            read += readOrRefuse(bytes);
        }
        assertTrue(read > 1000);
    }

    private static int readOrRefuse(byte[] bytes) {
        try {
            OpusHead head = OpusHead.parse(Bytes.wrap(bytes));
            // Version bits aside and without what follows, it is what was read.
            byte[] again = head.toBytes().toByteArray();
            again[8] = bytes[8];
            assertEquals(Bytes.wrap(bytes, 0, again.length), Bytes.wrap(again));
            return 1;
        } catch (MalformedException expected) {
            return 0;
        }
    }
}
