package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.database.Database;
import tapedeck.peers.LgplBuild;
import tapedeck.peers.LoggedLines;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// What whoever wrote the settings of a mix hears, in REST, in the queue and in the log.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MixSettingsSaidTest {
    private static final String X264 = "codec=x264: this build of FFmpeg has no libx264";

    @TempDir
    private Path folder;

    private final EncoderCheck encoders = new EncoderCheck();

    private Path settings(String json) throws Exception {
        return Files.writeString(folder.resolve("mixer.json"), json);
    }

    private static void start(LiveMixers mixers, String uri) throws Exception {
        mixers.start(uri, Optional.empty(), Map.of("width", "64", "height", "64", "fps", "1"));
    }

    private static MixJob over(MixJobs jobs, Path file) throws Exception {
        MixWait.untilOpen(jobs);
        String id = jobs.add(MixCallback.Recording.of(file)).orElseThrow().id();
        return MixWait.until(jobs, id, MixJob::isOver);
    }

    @Test
    void x264IsRefusedWhereTheBuildHasItNot() throws Exception {
        Path file = settings("{\"codec\": \"x264\"}");
        try (LgplBuild _ = new LgplBuild();
                LiveMixers mixers = new LiveMixers(new Streams(), file, encoders)) {
            MixerRefusedException live = assertThrows(MixerRefusedException.class, () -> start(mixers, "mixer://room"));
            assertEquals(MixerRefusedException.Reason.SETTINGS, live.reason());
            assertTrue(live.getMessage().startsWith(X264), live.getMessage());
            assertEquals(List.of(), mixers.all());
            MixFailedException offline =
                    assertThrows(MixFailedException.class, () -> encoders.require(MixSettings.read(file)));
            assertEquals(66, offline.reason().exitCode());
            assertEquals(live.getMessage(), offline.getMessage());
            try (Database database = new Database(new Settings.Database("", "tapedeck", ""), folder);
                    MixJobs jobs = new MixJobs(database, file, encoders, 1)) {
                MixJob job = over(jobs, folder.resolve("room.mp4"));
                assertEquals(MixJob.State.FAILED, job.state());
                assertEquals(66, job.exitCode());
                assertEquals(live.getMessage(), job.message());
            }
            // Nothing is encoded where there are no pictures.
            encoders.require(MixSettings.read(settings("{\"codec\": \"x264\", \"hasVideo\": false}")));
        }
        // The tests have the other build.
        MixSettings x264 = MixSettings.read(settings("{\"codec\": \"x264\"}"));
        assertEquals("libx264", x264.picture().encoder());
        encoders.require(x264);
    }

    @Test
    void unknownKeysAreNamedOnceByTheQueueAndByLiveMixers() throws Exception {
        Path file = settings("{\"codecs\": \"x264\", \"mixerFoo\": 1}");
        Path nothing = Files.writeString(folder.resolve("nothing.mp4"), "no movie");
        try (LoggedLines lines = new LoggedLines("tapedeck.mix")) {
            try (Database database = new Database(new Settings.Database("", "tapedeck", ""), folder);
                    MixJobs jobs = new MixJobs(database, file, encoders, 1)) {
                for (int i = 0; i < 2; i++) {
                    assertEquals(67, over(jobs, nothing).exitCode());
                }
            }
            assertEquals(List.of("WARN %s: mixerFoo has no effect".formatted(file)), lines.with("mixerFoo"));
            assertEquals(List.of("WARN %s: codecs has no effect".formatted(file)), lines.with("codecs"));
        }
        try (LoggedLines lines = new LoggedLines("tapedeck.mix")) {
            try (LiveMixers mixers = new LiveMixers(new Streams(), file, encoders)) {
                start(mixers, "mixer://a");
                start(mixers, "mixer://b");
                mixers.terminate("mixer://a");
            }
            assertEquals(List.of("WARN %s: mixerFoo has no effect".formatted(file)), lines.with("mixerFoo"));
            assertEquals(
                    List.of("INFO mixer://a: started, its stream is a", "INFO mixer://a: ended, terminated"),
                    lines.with("mixer://a: "));
            assertEquals(List.of("INFO mixer://b: ended, the server is stopping"), lines.with("b: ended"));
        }
    }

    /// They go out over REST: no names of classes, no folders of the machine.
    @Test
    void filesThatCannotBeUsedAreNamedAsTheyWereWritten() throws Exception {
        Files.createDirectory(folder.resolve("folder"));
        Files.write(folder.resolve("latin.json"), new byte[] {'"', (byte) 0xE4, '"'});
        Map<String, String> said = Map.of(
                "{\"layout\": \"nope.json\"}", "layout=nope.json: there is no such file",
                "{\"layout\": \"latin.json\"}", "layout=latin.json: no text in UTF-8",
                "{\"layout\": \"a\\u0000b\"}", "layout: no name of a file",
                "{\"background\": \"nope.png\"}", "background=nope.png: there is no such file",
                "{\"background\": \"folder\"}", "background=folder: cannot be read",
                "{\"background\": \"a\\u0000b\"}", "background: no name of a file",
                "{\"logo\": {\"image\": \"nope.png\"}}", "logo=nope.png: there is no such file");
        for (Map.Entry<String, String> each : said.entrySet()) {
            Path file = settings(each.getKey());
            assertEquals(
                    each.getValue(),
                    assertThrows(MixFailedException.class, () -> MixSettings.read(file))
                            .getMessage());
        }
        Path own = settings("{\"layout\": \"folder\"}");
        String message = assertThrows(MixFailedException.class, () -> MixSettings.live(own, Map.of()))
                .getMessage();
        assertFalse(message.contains("Exception") || message.contains(folder.toString()), message);
    }
}
