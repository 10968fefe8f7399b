package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.container.DescribedTrack;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// What a recording of many streams asks of the disk, and what it does when that refuses.
@Timeout(120)
class MultiDiskTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir
    Path dir;

    private static List<Frame> talk(double seconds) {
        long end = (long) (seconds * SECOND);
        return TestMedia.interleaved(
                MultiStudio.frames(MultiStudio.video(new Codec.Vp8(320, 180)), 0, 40_000_000, end),
                MultiStudio.frames(MultiStudio.audio(new Codec.Opus(2, 312)), 0, 20_000_000, end));
    }

    private static List<DescribedTrack> tracks(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return MatroskaTracks.isMatroska(channel) ? MatroskaTracks.of(channel) : MovieTracks.of(channel);
        }
    }

    /// With an interval that is longer than the call, only they are left: one for everybody who comes when the file is
    /// there, between what names him and the write that shows it. In Matroska what names him goes over
    /// what counted before the last such write: that one has to be on disk first, with one more.
    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void whoJoinsIsOnTheDiskBeforeHeIsShown(String format) throws Exception {
        for (String fsync : List.of("3600000", "none")) {
            Path folder = Files.createDirectories(dir.resolve(fsync));
            try (MultiStudio studio =
                    new MultiStudio(folder, "multi_record_format=" + format, "record_fsync=" + fsync)) {
                studio.multi().start(MultiStudio.URI);
                for (int i = 0; i < 4; i++) {
                    studio.participant("user-" + i, i * 3, talk(15 - 3 * i));
                }
                studio.play();
                long syncs = studio.recordings.writers().stream()
                        .mapToLong(DiskWriter::syncCalls)
                        .sum();
                int each = format.equals("mkv") ? 2 : 1;
                assertEquals(fsync.equals("none") ? 0 : 3 * each, syncs, fsync);
                assertEquals(8, tracks(studio.terminate()).size());
            }
        }
    }

    /// A write is refused once; nobody is lost, and the first file is told to the hook as one that ended by an error.
    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void aWriteThatFailsGoesOnInAnotherFile(String format) throws Exception {
        Path notes = dir.resolve("notes");
        try (MultiStudio studio =
                new MultiStudio(dir, Optional.of(TestStudio.notingHook(dir, notes)), "multi_record_format=" + format)) {
            studio.multi().start(MultiStudio.URI);
            studio.participant("one", 0, talk(12));
            studio.participant("two", 2, talk(10));
            studio.at(5, () -> {
                studio.settle();
                limitFiles(Long.toString(Files.size(studio.growing())));
            });
            studio.at(7, () -> {
                studio.settle();
                limitFiles("unlimited");
            });
            try {
                studio.play();
            } finally {
                limitFiles("unlimited");
            }
            studio.terminate();
            List<Path> files = studio.files();
            assertEquals(
                    List.of("multi-recorder__test-record." + format, "multi-recorder__test-record_2." + format),
                    files.stream().map(file -> file.getFileName().toString()).toList());
            for (DescribedTrack track : tracks(files.getFirst())) {
                assertTrue(track.endNanos() > 3 * SECOND && track.endNanos() < 6 * SECOND, track.toString());
            }
            List<DescribedTrack> second = tracks(files.getLast());
            assertEquals(4, second.size());
            for (DescribedTrack track : second) {
                double seconds = (track.endNanos() - track.segments().getLast().startNanos()) / 1e9;
                assertTrue(seconds > 4.5 && seconds < 7.5, seconds + " s of " + track);
            }
            Await.await("both were told", () -> TestStudio.lines(notes).size() == 2);
        }
    }

    /// What a file of this process may have at most.
    private static void limitFiles(String bytes) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                "prlimit", "--pid", Long.toString(ProcessHandle.current().pid()), "--fsize=%s:".formatted(bytes)));
        assertEquals(0, result.exitCode(), result.err());
    }
}
