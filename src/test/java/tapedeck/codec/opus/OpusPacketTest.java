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
import tapedeck.peers.SharedMedia;

class OpusPacketTest {
    /// RFC 6716 table 2, in tenths of a millisecond, by config number.
    private static final int[] TENTHS = {
        100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 100, 200, 25, 50, 100, 200, 25, 50, 100,
        200, 25, 50, 100, 200, 25, 50, 100, 200
    };

    @Test
    void everyConfigHasItsFrameSize() {
        for (int config = 0; config < 32; config++) {
            int samples = TENTHS[config] * 48 / 10;
            assertEquals(samples, OpusPacket.samples(Bytes.ofU8(config << 3)), "config " + config);
            assertEquals(2 * samples, OpusPacket.samples(Bytes.ofU8(config << 3 | 1)));
            assertEquals(2 * samples, OpusPacket.samples(Bytes.ofU8(config << 3 | 2)));
            int most = OpusPacket.MAX_SAMPLES / samples;
            assertEquals(most * samples, OpusPacket.samples(Bytes.ofU8(config << 3 | 3, 0xC0 | most)));
            Bytes tooLong = Bytes.ofU8(config << 3 | 3, most + 1);
            assertThrows(MalformedException.class, () -> OpusPacket.samples(tooLong));
        }
    }

    @Test
    void twentyMillisecondsAreTwentyMillionNanoseconds() {
        assertEquals(20_000_000, OpusPacket.durationNanos(Bytes.ofU8(0xFC)));
        assertEquals(2_500_000, OpusPacket.durationNanos(Bytes.ofU8(16 << 3)));
    }

    @Test
    void theStereoBitCounts() {
        assertEquals(2, OpusPacket.channels(Bytes.ofU8(0xFC)));
        assertEquals(1, OpusPacket.channels(Bytes.ofU8(0xF8)));
    }

    @Test
    void missingBytesAreRefused() {
        assertThrows(MalformedException.class, () -> OpusPacket.samples(Bytes.EMPTY));
        assertThrows(MalformedException.class, () -> OpusPacket.channels(Bytes.EMPTY));
        assertThrows(MalformedException.class, () -> OpusPacket.samples(Bytes.ofU8(3)));
        assertThrows(MalformedException.class, () -> OpusPacket.samples(Bytes.ofU8(3, 0)));
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() throws IOException {
        for (var file : SharedMedia.files("fuzz-seeds/mediacommon/codecs_opus.FuzzPacketDuration")) {
            readOrRefuse(Bytes.wrap(Files.readAllBytes(file)));
        }
        var random = new SplittableRandom(2);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[random.nextInt(4)];
            random.nextBytes(bytes);
            readOrRefuse(Bytes.wrap(bytes));
        }
    }

    private static void readOrRefuse(Bytes packet) {
        try {
            int samples = OpusPacket.samples(packet);
            assertTrue(samples >= 120 && samples <= OpusPacket.MAX_SAMPLES);
        } catch (MalformedException expected) {
            assertTrue(packet.length() < 2 || (packet.u8(0) & 3) == 3 || (packet.u8(0) & 3) == 0);
        }
    }
}
