package tapedeck.faults;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;

/// What the RTMP publishers of the trials send: moving pictures at 25 per second with a keyframe every second, and AAC,
/// over and over for as long as wanted. No two pictures of one loop are alike, so a picture is known by its bytes.
final class Clip {
    static final int FRAME_MILLIS = 40;
    private static final int LOOP_MILLIS = 4_000;
    /// Longer than an AAC frame: what began later would reach into the next loop.
    private static final int LONGEST_SOUND_MILLIS = 24;

    private static final Map<Integer, List<FlvFile.Tag>> LOOPS = new HashMap<>();

    private Clip() {}

    /// About 300 kbit/s.
    static List<FlvFile.Tag> tags(int seconds) {
        return tags(seconds, 0);
    }

    /// About this many bits per second of noise.
    static synchronized List<FlvFile.Tag> tags(int seconds, int bitsPerSecond) {
        List<FlvFile.Tag> loop = LOOPS.computeIfAbsent(bitsPerSecond, Clip::make);
        List<FlvFile.Tag> all = new ArrayList<>();
        for (int start = 0; start < seconds * 1_000; start += LOOP_MILLIS) {
            for (FlvFile.Tag tag : loop) {
                boolean again = start > 0 && (tag.script() || tag.sequenceHeader());
                int end = tag.timestampMillis() + (tag.audio() ? LONGEST_SOUND_MILLIS : 0);
                if (!again && end < LOOP_MILLIS && start + tag.timestampMillis() < seconds * 1_000) {
                    all.add(tag.at(start + tag.timestampMillis()));
                }
            }
        }
        return List.copyOf(all);
    }

    private static List<FlvFile.Tag> make(int bitsPerSecond) {
        List<String> arguments = new ArrayList<>(List.of("-v", "error", "-f", "lavfi", "-i"));
        String picture = "testsrc2=s=320x180:r=25:d=4";
        arguments.add(bitsPerSecond == 0 ? picture : picture + ",noise=alls=90:allf=t");
        arguments.addAll(List.of("-f", "lavfi", "-i", "sine=f=440:r=44100:d=4,aformat=channel_layouts=stereo"));
        arguments.addAll(List.of("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25"));
        if (bitsPerSecond > 0) {
            arguments.addAll(List.of("-b:v", "" + bitsPerSecond, "-minrate", "" + bitsPerSecond));
        }
        arguments.addAll(List.of("-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-f", "flv", "-"));
        return FlvFile.parse(Bytes.wrap(
                        Ffmpeg.ffmpeg(arguments.toArray(String[]::new)).out()))
                .tags();
    }

    /// What an H.264 picture is known by in every container: its slices, without what a container adds or leaves out.
    static int slices(Bytes lengthPrefixed) {
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        int at = 0;
        while (at < lengthPrefixed.length()) {
            int length = lengthPrefixed.i32(at);
            if (length <= 0 || length > lengthPrefixed.length() - at - 4) {
                throw new AssertionError("a NAL unit of " + length + " bytes does not fit into its picture");
            }
            int type = lengthPrefixed.u8(at + 4) & 0x1F;
            if (type == 1 || type == 5) {
                crc.update(lengthPrefixed.slice(at + 4, at + 4 + length).toByteArray());
            }
            at += 4 + length;
        }
        return (int) crc.getValue();
    }

    static int crc(Bytes data) {
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(data.toByteArray());
        return (int) crc.getValue();
    }

    static void delete(Path folder) throws java.io.IOException {
        if (Files.exists(folder)) {
            try (var walk = Files.walk(folder)) {
                for (Path file :
                        walk.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
