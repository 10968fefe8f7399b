package tapedeck.codec.av1;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.peers.SharedMedia;

/// The samples are sequence headers and first bytes of frames of 322 × 242 that libaom and SVT-AV1 made, and the `av1C`
/// that FFmpeg's MP4 muxer makes of them.
class Av1Test {
    private static final List<Sample> SAMPLES = List.of(
            new Sample("yuv420p", "0a0b000000043d07c4daf90040", "81000c00", 8),
            new Sample("yuv420p10le", "0a0b000000043d07c4daf94040", "81004c00", 10),
            new Sample("yuv444p", "0a0a200000043d07c4daf902", "81200000", 8),
            new Sample("gray", "0a0a000000043d07c4fff9aa", "81001c00", 8),
            new Sample("svt", "0a0b000000043d07c4fbf90040", "81000c00", 8));

    private static final String KEY_FRAME = "3204 1400a0b0";
    private static final String INTER_FRAME = "3204 01e04000";

    private record Sample(String name, String sequenceHeader, String av1CHead, int bitDepth) {
        Bytes bytes() {
            return Bytes.ofHex(sequenceHeader);
        }
    }

    @Test
    void aSequenceHeaderSaysWhatAv1CNeeds() {
        for (Sample sample : SAMPLES) {
            Av1SequenceHeader header = Av1SequenceHeader.parse(sample.bytes());
            assertEquals(new Codec.Av1(sample.bytes(), 322, 242), header.codec(), sample.name());
            assertEquals(Bytes.ofHex(sample.av1CHead() + sample.sequenceHeader()), header.toAv1C(), sample.name());
            assertEquals(header, Av1SequenceHeader.parseAv1C(header.toAv1C()));
            assertEquals(sample.bitDepth(), header.bitDepth());
        }
    }

    @Test
    void aTemporalUnitWithSequenceHeaderAndKeyFrameIsAnEntryPoint() {
        Bytes header = SAMPLES.getFirst().bytes();
        var unit = Av1TemporalUnit.parse(Bytes.ofHex("1200" + header.toHex() + KEY_FRAME));
        assertTrue(unit.keyframe());
        assertEquals(header, unit.sequenceHeader().orElseThrow().obu());
        assertFalse(
                Av1TemporalUnit.parse(Bytes.ofHex(header.toHex() + INTER_FRAME)).keyframe());
        assertFalse(Av1TemporalUnit.parse(Bytes.ofHex(KEY_FRAME)).keyframe(), "nothing says what it decodes to");
        assertFalse(Av1TemporalUnit.parse(Bytes.ofHex("1200" + INTER_FRAME)).keyframe());
        assertFalse(Av1TemporalUnit.parse(header).keyframe());
    }

    @Test
    void aShownExistingFrameAndAHiddenKeyFrameAreNoEntryPoints() {
        String header = SAMPLES.getFirst().sequenceHeader();
        assertFalse(Av1TemporalUnit.parse(Bytes.ofHex(header + "1a01 80")).keyframe());
        assertFalse(Av1TemporalUnit.parse(Bytes.ofHex(header + "3204 0400a0b0")).keyframe());
    }

    @Test
    void aSequenceHeaderCutInItsNeededBitsIsRefused() {
        for (Sample sample : SAMPLES) {
            for (int length = 0; length < sample.bytes().length(); length++) {
                Bytes cut = sample.bytes().slice(0, length);
                assertThrows(MalformedException.class, () -> Av1SequenceHeader.parse(cut), sample.name());
            }
        }
    }

    @Test
    void unitsWithoutSizeAndWithTooManyUnitsAreRefused() {
        assertThrows(MalformedException.class, () -> Av1TemporalUnit.parse(Bytes.ofHex("1000")));
        assertThrows(MalformedException.class, () -> Av1TemporalUnit.parse(Bytes.ofHex("9200")));
        assertThrows(MalformedException.class, () -> Av1TemporalUnit.parse(Bytes.ofHex("12ffffffff01")));
        assertThrows(MalformedException.class, () -> Av1TemporalUnit.parse(Bytes.ofHex("12ffffffffffffffffff")));
        assertThrows(
                MalformedException.class,
                () -> Av1TemporalUnit.parse(Bytes.ofHex(SAMPLES.getFirst().sequenceHeader() + "3200")));
        Bytes many = Bytes.ofHex("1200".repeat(Av1TemporalUnit.MAX_OBUS));
        assertFalse(Av1TemporalUnit.parse(many).keyframe());
        Bytes tooMany = Bytes.ofHex("1200".repeat(Av1TemporalUnit.MAX_OBUS + 1));
        assertThrows(MalformedException.class, () -> Av1TemporalUnit.parse(tooMany));
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() throws IOException {
        for (var file : SharedMedia.files("fuzz-seeds/mediacommon/codecs_av1.FuzzSequenceHeaderUnmarshal")) {
            Bytes seed = Bytes.wrap(Files.readAllBytes(file));
            readOrRefuse(seed);
            if (seed.length() > 1 && seed.length() < 127) {
                readOrRefuse(Bytes.ofHex(
                        "0a%02x%s".formatted(seed.length() - 1, seed.slice(1).toHex())));
            }
        }
        var random = new SplittableRandom(5);
        int read = 0;
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = SAMPLES.get(random.nextInt(SAMPLES.size())).bytes().toByteArray();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            read += readOrRefuse(Bytes.wrap(bytes));
        }
        assertTrue(read > 1000);
    }

    private static int readOrRefuse(Bytes bytes) {
        try {
            Av1TemporalUnit.parse(bytes);
            Av1SequenceHeader header = Av1SequenceHeader.parse(bytes);
            assertTrue(header.width() <= 0x10000 && header.profile() <= 2);
            return 1;
        } catch (MalformedException expected) {
            return 0;
        }
    }
}
