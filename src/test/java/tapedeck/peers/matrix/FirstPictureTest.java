package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Ffmpeg;

/// What is there is found when it is there, and not before: a head alone, or sound, is no picture.
@Tag("peer")
class FirstPictureTest {
    @TempDir
    private Path folder;

    @Test
    void isSeenOnceItIsWhole() throws Exception {
        Clip clip = Clip.make(folder, Clip.Codecs.H264_AAC);
        for (String format : List.of("matroska", "flv")) {
            Path file = folder.resolve(format);
            Ffmpeg.ffmpeg("-v", "error", "-i", clip.file().toString(), "-c", "copy", "-f", format, file.toString());
            int first = firstSeen(Files.readAllBytes(file));
            // A head, parameter sets, perhaps a sound, and a keyframe of 160 × 90 in one colour.
            assertTrue(first > 500 && first < 8_000, format + " " + first);
        }
    }

    @Test
    void soundIsNoPictureWhereThereIsOne() throws Exception {
        Clip clip = Clip.make(folder, Clip.Codecs.H264_AAC);
        Path late = folder.resolve("late.mkv");
        Path soundFirst = folder.resolve("sound.mkv");
        // The picture begins 3 s later.
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-i",
                clip.file().toString(),
                "-itsoffset",
                "3",
                "-i",
                clip.file().toString(),
                "-map",
                "1:v",
                "-map",
                "0:a",
                "-c",
                "copy",
                late.toString());
        Ffmpeg.ffmpeg("-v", "error", "-i", clip.file().toString(), "-map", "0:a", "-c", "copy", soundFirst.toString());
        int behindSound = firstSeen(Files.readAllBytes(late));
        Path before = folder.resolve("before.mkv");
        Ffmpeg.ffmpeg("-v", "error", "-i", soundFirst.toString(), "-t", "2.5", "-c", "copy", before.toString());
        assertTrue(behindSound > Files.size(before), "2.5 s of sound are not a picture: " + behindSound);
        assertTrue(firstSeen(Files.readAllBytes(soundFirst)) < 8_000);
    }

    private static int firstSeen(byte[] file) {
        assertTrue(FirstPicture.isIn(file));
        assertFalse(FirstPicture.isIn(new byte[0]));
        int from = 0;
        int to = file.length;
        while (to - from > 1) {
            int middle = (from + to) / 2;
            if (FirstPicture.isIn(Arrays.copyOf(file, middle))) {
                to = middle;
            } else {
                from = middle;
            }
        }
        return to;
    }
}
