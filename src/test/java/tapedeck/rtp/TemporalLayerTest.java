package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// What real encoders' layers look like, and that decoders can do without those that are called dispensable.
class TemporalLayerTest {
    private static final String TWO_LAYERS = "ts_number_layers=2:ts_target_bitrate=300,500:ts_rate_decimator=2,1"
            + ":ts_periodicity=2:ts_layer_id=0,1:ts_layering_mode=2";
    private static final int IVF_HEADER_BYTES = 32;

    @TempDir
    Path folder;

    private Path encoded(String name, String encoder, String... more) {
        Path file = folder.resolve(name);
        List<String> arguments = new ArrayList<>(List.of("-v", "error", "-f", "lavfi", "-i"));
        arguments.addAll(
                List.of("testsrc2=size=320x240:rate=30", "-frames:v", "60", "-g", "30", "-pix_fmt", "yuv420p"));
        arguments.addAll(List.of("-c:v", encoder));
        arguments.addAll(List.of(more));
        arguments.add(file.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return file;
    }

    /// The checksum of each decoded picture.
    private static List<String> pictures(Path file) {
        String text = Ffmpeg.ffmpeg(
                        "-v", "error", "-i", file.toString(), "-fps_mode", "passthrough", "-f", "framemd5", "-")
                .text();
        return text.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .toList();
    }

    /// Every picture that is left decodes to what it was.
    @ParameterizedTest
    @ValueSource(strings = {"libvpx", "libvpx-vp9"})
    void theUpperOfTwoLayersCanBeLeftOut(String encoder) throws Exception {
        Path file = encoded(
                "whole.ivf",
                encoder,
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-b:v",
                "500k",
                "-lag-in-frames",
                "0",
                "-error-resilient",
                "1",
                "-ts-parameters",
                TWO_LAYERS);
        List<Frame> frames = TestMedia.ivf(file);
        int[] kept = IntStream.range(0, frames.size())
                .filter(i -> TemporalLayer.of(frames.get(i)) == 0)
                .toArray();
        assertEquals(frames.size() / 2, kept.length);
        List<String> all = pictures(file);
        assertEquals(frames.size(), all.size());
        Path less = folder.resolve("less.ivf");
        writeWithout(file, less, kept);
        assertEquals(IntStream.of(kept).mapToObj(all::get).toList(), pictures(less));
    }

    private static void writeWithout(Path from, Path to, int[] kept) throws Exception {
        Bytes file = Bytes.wrap(Files.readAllBytes(from));
        List<Bytes> frames = new ArrayList<>();
        for (int at = IVF_HEADER_BYTES; at < file.length(); ) {
            int size = file.u8(at) | file.u8(at + 1) << 8 | file.u8(at + 2) << 16;
            frames.add(file.slice(at, at + 12 + size));
            at += 12 + size;
        }
        try (var out = Files.newOutputStream(to)) {
            out.write(file.slice(0, IVF_HEADER_BYTES).toByteArray());
            for (int i : kept) {
                out.write(frames.get(i).toByteArray());
            }
        }
    }

    @Test
    void bPicturesOfH264AreNobodysReference() {
        List<Frame> frames = TestMedia.h264WithBFrames(2);
        long dispensable = frames.stream()
                .filter(frame -> TemporalLayer.of(frame) == FramePackets.NONE_DEPENDS)
                .count();
        assertTrue(
                dispensable > frames.size() / 4 && dispensable < frames.size(), dispensable + " of " + frames.size());
        assertEquals(
                0,
                TestMedia.h264(1).stream()
                        .filter(frame -> TemporalLayer.of(frame) > 0)
                        .count());
    }

    @Test
    void av1AndH265SayTheirLayersThemselves() {
        Track av1 = TestMedia.av1(1).getFirst().track();
        assertEquals(2, TemporalLayer.of(new Frame(av1, 0, 0, false, Bytes.ofU8(0x36, 0x40, 1, 0))));
        assertEquals(0, TemporalLayer.of(new Frame(av1, 0, 0, false, Bytes.ofU8(0x32, 1, 0))));
        Track h265 = TestMedia.h265(1).getFirst().track();
        assertEquals(1, TemporalLayer.of(new Frame(h265, 0, 0, false, Bytes.ofU8(0, 0, 0, 4, 0x02, 0x02, 0x80, 1))));
        assertEquals(0, TemporalLayer.of(new Frame(h265, 0, 0, false, Bytes.ofU8(0, 0, 0, 4, 0x02, 0x01, 0x80, 1))));
    }

    @Test
    void damagedPicturesAreKept() {
        Random random = new Random(9);
        for (String media : List.of("h264b", "h265", "vp8", "vp9", "av1")) {
            for (Frame frame : TestMedia.of(media, 1)) {
                for (int length = 0; length < Math.min(40, frame.data().length()); length++) {
                    byte[] damaged = frame.data().slice(0, length).toByteArray();
                    for (int i = 0; i < length; i++) {
                        damaged[i] ^= (byte) (random.nextInt(10) == 0 ? 1 << random.nextInt(8) : 0);
                    }
                    assertTrue(TemporalLayer.of(new Frame(frame.track(), 0, 0, false, Bytes.wrap(damaged))) >= 0);
                }
            }
        }
    }
}
