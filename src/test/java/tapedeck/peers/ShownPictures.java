package tapedeck.peers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// Which pictures of a file somebody sees who is sent these frames: both are decoded by ffmpeg, and compared pixel by
/// pixel.
public final class ShownPictures {
    private static final byte[] SEQUENCE_HEADER = {0, 0, 0, 1};

    private ShownPictures() {}

    /// Numbers of pictures of the file, in the order of showing; -1 for one that is not in it.
    public static List<Integer> of(List<Frame> frames, Path source) {
        Map<String, Integer> numbers = new HashMap<>();
        List<String> known = decoded(source);
        for (int i = 0; i < known.size(); i++) {
            if (numbers.put(known.get(i), i) != null) {
                throw new AssertionError("picture " + i + " of " + source + " is there twice");
            }
        }
        List<Frame> pictures =
                frames.stream().filter(frame -> frame.track().isVideo()).toList();
        try {
            Path file = Files.createTempFile("shown", ".video");
            try {
                Files.write(file, elementary(pictures));
                return decoded(file).stream()
                        .map(hash -> numbers.getOrDefault(hash, -1))
                        .toList();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Annex B, or IVF.
    private static byte[] elementary(List<Frame> pictures) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (pictures.getFirst().track().codec() instanceof Codec.Vp8) {
            out.write(ByteBuffer.allocate(32)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put("DKIF\0\0\40\0VP80".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1))
                    .putInt(16, 25)
                    .putInt(20, 1)
                    .array());
            for (int i = 0; i < pictures.size(); i++) {
                byte[] data = pictures.get(i).data().toByteArray();
                out.write(ByteBuffer.allocate(12)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(data.length)
                        .putLong(i)
                        .array());
                out.write(data);
            }
            return out.toByteArray();
        }
        for (Frame picture : pictures) {
            if (picture.keyframe() && picture.track().codec() instanceof Codec.H264 h264) {
                for (var set : List.of(h264.sps(), h264.pps())) {
                    for (var unit : set) {
                        out.write(SEQUENCE_HEADER);
                        out.write(unit.toByteArray());
                    }
                }
            }
            out.write(H264.toAnnexB(picture.data()).toByteArray());
        }
        return out.toByteArray();
    }

    private static List<String> decoded(Path file) {
        List<String> hashes = new ArrayList<>();
        String text = Ffmpeg.ffmpeg(
                        ("-v error -i " + file + " -map 0:v -fps_mode passthrough -f framemd5 -").split(" "))
                .text();
        for (String line : text.split("\n")) {
            if (!line.startsWith("#")) {
                hashes.add(line.substring(line.lastIndexOf(',') + 1).strip());
            }
        }
        return hashes;
    }
}
