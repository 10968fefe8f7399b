package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
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
import tapedeck.stream.Publication;

/// Recordings that somebody joins in the middle of a picture.
@Timeout(300)
class JoinWithinPictureTest {
    /// Within a picture of 30 a second, and of what comes three times in two seconds.
    private static final double JOINED = 2.013;
    private static final long SECOND = 1_000_000_000L;

    @TempDir
    Path dir;

    /// A talk of so many seconds, and somebody who is there from its beginning and added later.
    private static Publication[] secondJoins(MultiStudio studio, int seconds, List<Frame> media) throws Exception {
        studio.multi().start(MultiStudio.URI);
        studio.participant("first", 0, TestMedia.of("h264+aac", seconds));
        Publication[] second = new Publication[1];
        studio.at(0, () -> second[0] = studio.publish("second"));
        studio.frames(second, 0, media);
        studio.at(
                JOINED,
                () -> studio.multi().add(MultiStudio.URI, second[0].stream().mediaSessionId()));
        return second;
    }

    private static Path joinedWithinAPicture(MultiStudio studio, List<Frame> media) throws Exception {
        secondJoins(studio, 6, media);
        studio.play();
        return studio.terminate();
    }

    private static List<Frame> screen() {
        return TestMedia.of("h264+aac", 6).stream()
                .filter(frame -> frame.track().isAudio() || frame.keyframe())
                .toList();
    }

    private static List<Frame> media(String codecs) {
        return codecs.equals("screen") ? screen() : TestMedia.of(codecs, 6);
    }

    /// When pictures of the one who came later are shown, in order.
    private static List<Double> expected(List<Frame> media) {
        List<Double> after = new ArrayList<>(List.of(JOINED));
        media.stream()
                .filter(frame -> frame.track().isVideo())
                .mapToDouble(frame -> frame.ptsNanos() / 1e9)
                .filter(at -> at > JOINED)
                .sorted()
                .forEach(after::add);
        return after;
    }

    /// FFmpeg, which puts the first picture behind an edit's beginning there.
    @ParameterizedTest
    @ValueSource(strings = {"vp8+opus", "h264+aac", "h264b+aac", "screen"})
    void ffmpegShowsWhoJoinedAtTheTimesOfTheFile(String codecs) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            List<Frame> media = media(codecs);
            Path file = joinedWithinAPicture(studio, media);
            assertEquals("", Ffmpeg.decodeErrors(file));
            assertShown(expected(media), file, 1);
            assertBegins(tracks(file));
        }
    }

    private static List<DescribedTrack> tracks(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return MatroskaTracks.isMatroska(channel) ? MatroskaTracks.of(channel) : MovieTracks.of(channel);
        }
    }

    /// @param track number of the track among those of pictures
    private static void assertShown(List<Double> expected, Path file, int track) {
        List<Double> read = Ffmpeg.ffprobe(
                        "-select_streams",
                        "v:" + track,
                        "-show_entries",
                        "frame=pts_time",
                        "-of",
                        "default=nk=1:nw=1",
                        file.toString())
                .text()
                .lines()
                .filter(line -> !line.isBlank())
                .map(Double::parseDouble)
                .toList();
        assertEquals(expected.size(), read.size(), read.toString());
        for (int i = 0; i < read.size(); i++) {
            assertEquals(expected.get(i), read.get(i), 0.001, "picture " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vp8+opus", "screen"})
    void aMatroskaShowsThePictureThatIsOnToo(String codecs) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, "multi_record_format=mkv")) {
            Path file = joinedWithinAPicture(studio, media(codecs));
            assertBegins(tracks(file));
        }
    }

    private static void assertBegins(List<DescribedTrack> tracks) {
        DescribedTrack picture = tracks.stream()
                .filter(track -> track.codec() instanceof Codec.Video
                        && track.identity().streamName().equals("second"))
                .findFirst()
                .orElseThrow();
        assertEquals(JOINED, begins(picture), 0.001, picture.toString());
    }

    /// Pictures of VP8 that stand, each until the next one.
    private static List<Frame> slides(double... seconds) {
        List<Frame> keyframes = TestMedia.of("vp8+opus", 6).stream()
                .filter(frame -> frame.track().isVideo() && frame.keyframe())
                .toList();
        List<Frame> slides = new ArrayList<>();
        for (double at : seconds) {
            Frame one = keyframes.get(slides.size());
            long nanos = Math.round(at * 1e9);
            slides.add(new Frame(one.track(), nanos, nanos, true, one.data()));
        }
        return slides;
    }

    @ParameterizedTest
    @ValueSource(strings = {"ends", "is removed", "all ends"})
    void theLastPictureOfWhoLeavesBeforeTheNextOneIsThere(String how) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            Publication[] second = secondJoins(studio, 6, slides(0.5, 1));
            studio.at(JOINED + 0.3, () -> {
                switch (how) {
                    case "ends" -> second[0].close("enough");
                    case "is removed" ->
                        studio.multi()
                                .remove(MultiStudio.URI, second[0].stream().mediaSessionId());
                    default -> studio.multi().terminate(MultiStudio.URI);
                }
            });
            studio.play();
            if (how.equals("all ends")) {
                studio.awaitFinished();
            } else {
                studio.terminate();
            }
            assertShown(List.of(JOINED), studio.files().getLast(), 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void aTrackThatChangesBeforeTheNextPictureKeepsTheOneThatWasOn(String format) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, "multi_record_format=" + format)) {
            Publication[] second = secondJoins(studio, 6, slides(0.5, 1));
            studio.frames(
                    second,
                    0,
                    MultiStudio.frames(
                            MultiStudio.video(new Codec.Vp9(0, 8, 320, 240)), 5 * SECOND / 2, 40_000_000, 6 * SECOND));
            studio.play();
            List<DescribedTrack> tracks = tracks(studio.terminate());
            assertEquals(4, tracks.size());
            assertEquals(JOINED, begins(tracks.get(2)), 0.001);
            assertEquals(2.5, begins(tracks.get(3)), 0.001);
        }
    }

    /// Nobody brings anything any more: after a second the picture that is on is in the file, which may be cut there.
    @Test
    void aPictureThatStandsIsOnTheDiskWhenNothingElseComes() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            secondJoins(studio, 1, slides(0.5, 1));
            studio.play();
            studio.clock.addAndGet(2 * SECOND);
            Path cut = dir.resolve("cut.mp4");
            Await.await("the picture is there", () -> isShown("second", studio.growing(), cut));
            studio.terminate();
        }
    }

    /// In what would be there after a crash.
    private static boolean isShown(String name, Path growing, Path copy) {
        try {
            Files.copy(growing, copy, StandardCopyOption.REPLACE_EXISTING);
            return tracks(copy).stream()
                    .anyMatch(track -> !track.segments().isEmpty()
                            && track.identity().streamName().equals(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Added while its network was away: what it brings then is older than what it is shown from.
    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void whatComesLateIsShownInItsOrder(String format) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, "multi_record_format=" + format)) {
            List<Frame> pictures = TestMedia.of("vp8+opus", 3).stream()
                    .filter(frame -> frame.track().isVideo())
                    .toList();
            List<Frame> before =
                    pictures.stream().filter(frame -> frame.ptsNanos() < SECOND).toList();
            Publication[] second = secondJoins(studio, 6, before);
            studio.at(4, () -> {
                for (Frame late : pictures.subList(before.size(), pictures.size())) {
                    second[0].write(late);
                }
            });
            studio.play();
            Path file = studio.terminate();
            assertEquals("", Ffmpeg.decodeErrors(file));
            assertBegins(tracks(file).stream()
                    .filter(track -> track.codec() instanceof Codec.Video)
                    .toList());
            if (format.equals("mp4")) {
                List<Double> after = new ArrayList<>(expected(pictures));
                // Those of the second that was missing follow at the rate of the ticks.
                long late = pictures.stream()
                        .filter(frame -> frame.ptsNanos() >= SECOND && frame.ptsNanos() < JOINED * 1e9)
                        .count();
                for (int i = 0; i < late; i++) {
                    after.add(1, JOINED);
                }
                assertShown(after, file, 1);
            }
        }
    }

    /// It goes on in another one, of which nothing is shown until the next picture comes.
    @Test
    void aFileThatIsFullHasThePictureThatIsOn() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            secondJoins(studio, 6, slides(0.5, 1, 5.5));
            List<Frame> words = TestMedia.opus(1).subList(0, 3);
            for (int i = 0; i < 1024; i++) {
                studio.participant("user-" + i, JOINED + 0.01 + i * 0.0005, words);
            }
            studio.play();
            studio.terminate();
            List<Path> files = studio.files();
            assertEquals(2, files.size());
            assertBegins(tracks(files.getFirst()));
            assertTrue(tracks(files.getLast()).stream()
                    .anyMatch(track -> track.identity().streamName().equals("second")));
        }
    }

    private static double begins(DescribedTrack track) {
        return track.segments().stream()
                        .filter(DescribedTrack.Segment::media)
                        .findFirst()
                        .orElseThrow()
                        .startNanos()
                / 1e9;
    }
}
