package tapedeck.codec.vp9;

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

/// The samples are the first bytes of frames of 322 × 242 that libvpx made.
class Vp9HeaderTest {
    private static final List<Sample> KEYFRAMES = List.of(
            new Sample("yuv420p", "824983420014100f160438241c184a", 0, 8),
            new Sample("yuv444p", "a249834200028201e2c08704838309", 1, 8),
            new Sample("gbrp", "a2498342e014100f160438241c184a", 1, 8),
            new Sample("yuv420p10le", "92498342000a08078b031c120e0c2c", 2, 10));

    private record Sample(String name, String hex, int profile, int bitDepth) {}

    @Test
    void aKeyframeSaysItsProfileDepthAndSize() {
        for (Sample sample : KEYFRAMES) {
            Vp9Header header = Vp9Header.parse(Bytes.ofHex(sample.hex()));
            assertEquals(
                    new Vp9Header(true, true, sample.profile(), sample.bitDepth(), 322, 242), header, sample.name());
            assertEquals(new Codec.Vp9(sample.profile(), sample.bitDepth(), 322, 242), header.codec());
        }
    }

    @Test
    void anInterframeIsNoEntryPoint() {
        for (String hex : List.of("86004092f0d1400000", "96004092f0e1400001", "a6004092f0b1400001")) {
            assertFalse(Vp9Header.parse(Bytes.ofHex(hex)).keyframe());
        }
        assertThrows(
                IllegalStateException.class,
                () -> Vp9Header.parse(Bytes.ofHex("8600")).codec());
    }

    @Test
    void anOldPictureShownAgainIsAFrameOfOneByte() {
        Vp9Header header = Vp9Header.parse(Bytes.ofU8(0b1000_1010));
        assertFalse(header.keyframe());
        assertTrue(header.shown());
    }

    @Test
    void aKeyframeCutInItsHeaderIsRefused() {
        for (Sample sample : KEYFRAMES) {
            for (int length = 0; length < 8; length++) {
                Bytes cut = Bytes.ofHex(sample.hex()).slice(0, length);
                assertThrows(MalformedException.class, () -> Vp9Header.parse(cut), sample.name() + " at " + length);
            }
        }
    }

    @Test
    void markersAndSyncCodesAreChecked() {
        assertThrows(MalformedException.class, () -> Vp9Header.parse(Bytes.ofHex("424983420014100f160438241c184a")));
        assertThrows(MalformedException.class, () -> Vp9Header.parse(Bytes.ofHex("824983430014100f160438241c184a")));
        assertThrows(MalformedException.class, () -> Vp9Header.parse(Bytes.ofHex("82498342e014100f160438241c184a")));
        assertThrows(MalformedException.class, () -> Vp9Header.parse(Bytes.ofHex("b8498342e014100f160438241c184a")));
    }

    @Test
    void rubbishIsReadOrRefusedButNeverMore() throws IOException {
        for (var file : SharedMedia.files("fuzz-seeds/mediacommon/codecs_vp9.FuzzHeaderUnmarshal")) {
            readOrRefuse(Bytes.wrap(Files.readAllBytes(file)));
        }
        var random = new SplittableRandom(4);
        int read = 0;
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = Bytes.ofHex(
                            KEYFRAMES.get(random.nextInt(KEYFRAMES.size())).hex())
                    .toByteArray();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            read += readOrRefuse(Bytes.wrap(bytes));
        }
        assertTrue(read > 1000);
    }

    private static int readOrRefuse(Bytes frame) {
        try {
            Vp9Header header = Vp9Header.parse(frame);
            assertTrue(header.width() <= 0x10000 && header.profile() <= 3);
            return 1;
        } catch (MalformedException expected) {
            return 0;
        }
    }
}
