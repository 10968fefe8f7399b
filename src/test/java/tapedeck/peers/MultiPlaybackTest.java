package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.record.MultiStudio;

/// Players that know of no recordings of many streams play one: the first stream of it, and take no harm from the
/// others, from those that joined late, and from what the file says of itself.
@Tag("peer")
@Tag("realtime")
@Timeout(300)
class MultiPlaybackTest {
    private static final int SECONDS = 6;

    @TempDir
    Path folder;

    @Test
    void playersTakeAFileWhoseTracksJoinedWhileItGrew() throws Exception {
        Path file;
        Path growing = folder.resolve("growing.mp4");
        try (MultiStudio studio = new MultiStudio(folder)) {
            studio.multi().start(MultiStudio.URI);
            studio.participant("one", 0, TestMedia.of("h264+aac", SECONDS));
            studio.participant("two", 2, TestMedia.of("vp8+opus", 3));
            studio.participant("three", 3.5, TestMedia.of("h264b+aac", 2));
            studio.play();
            Files.copy(studio.growing(), growing);
            file = studio.terminate();
        }
        Path finished = Files.copy(file, folder.resolve("finished.mp4"));
        // Each in turn, for a browser takes half of the machine.
        for (Browser browser : Browser.values()) {
            try (BrowserPlayer player = new BrowserPlayer(browser, folder)) {
                for (Path played : browser == Browser.CHROMIUM ? List.of(finished, growing) : List.of(finished)) {
                    plays(browser + " " + played, player, played.getFileName().toString());
                }
            }
        }
        assertEquals(SECONDS * TestMedia.FRAMES_PER_SECOND, gstreamerPictures(finished, 0));
        assertEquals(3 * TestMedia.FRAMES_PER_SECOND, gstreamerPictures(finished, 1));
        assertEquals(2 * TestMedia.FRAMES_PER_SECOND, gstreamerPictures(finished, 2));
    }

    private static void plays(String what, BrowserPlayer player, String name) throws Exception {
        player.play(name);
        BrowserPlayer.Playback said = player.played(name);
        String words = what + " " + said;
        assertEquals(SECONDS, said.durationSeconds(), 0.3, words);
        assertTrue(said.playedSeconds() >= 0.5, words);
        assertEquals(0.75 * said.durationSeconds(), said.latePicture(), 0.1, words);
        assertEquals(SECONDS, said.endSeconds(), 0.3, words);
        assertTrue(said.colours() > 8, words);
        assertTrue(said.sound(), words);
    }

    private static long gstreamerPictures(Path file, int number) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                "gst-launch-1.0",
                "-v",
                "filesrc",
                "location=" + file,
                "!",
                "qtdemux",
                "name=d",
                "d.video_" + number,
                "!",
                "fakesink",
                "silent=false"));
        assertEquals(0, result.exitCode(), result.err());
        return result.text()
                .lines()
                .filter(line -> line.contains("chain   ****"))
                .count();
    }
}
