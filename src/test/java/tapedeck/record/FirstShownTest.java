package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// Who joins a file in the middle of a picture is shown from that moment, and nothing of it moves.
@Timeout(300)
class FirstShownTest {
    private static final Track PICTURE = MultiStudio.video(new Codec.Vp8(320, 240));
    private static final long FROM = 1_000_000_000L;
    private static final long AT = FROM + FirstShown.BEHIND_NANOS;
    private static final long MILLI = 1_000_000;
    /// Within a picture of 30 a second, and of what comes three times in two seconds.
    private static final double JOINED = 2.013;

    @TempDir
    Path dir;

    private final FirstShown shown = new FirstShown(FROM);
    private final List<Frame> written = new ArrayList<>();

    private static Frame picture(long dtsMillis, long ptsMillis) {
        return new Frame(PICTURE, dtsMillis * MILLI, ptsMillis * MILLI, false, Bytes.wrap(new byte[] {1}));
    }

    private void comes(long dtsMillis, long ptsMillis) {
        written.addAll(shown.next(picture(dtsMillis, ptsMillis)));
    }

    private List<Long> times() {
        return written.stream().map(Frame::ptsNanos).toList();
    }

    @Test
    void thePictureThatIsOnBeginsWhenTheStreamIsShown() {
        comes(900, 900);
        comes(940, 940);
        comes(980, 980);
        assertEquals(List.of(900 * MILLI, 940 * MILLI), times());
        assertEquals(1, shown.held());
        comes(1020, 1020);
        assertEquals(List.of(900 * MILLI, 940 * MILLI, AT, 1020 * MILLI), times());
        assertEquals(AT, written.get(2).dtsNanos());
        assertTrue(shown.isKnown());
    }

    /// In the order of decoding 0 4 2 1 3 8 6 5 7, 40 ms each: 980 is on at 1000.
    @Test
    void ofPicturesInAnotherOrderTheOneThatIsOnIsMeant() {
        long[] order = {0, 4, 2, 1, 3, 8, 6, 5, 7};
        for (int i = 0; i < order.length; i++) {
            comes(780 + i * 40L, 860 + order[i] * 40);
        }
        assertEquals(
                List.of(860 * MILLI, 1020 * MILLI, 940 * MILLI, 900 * MILLI, AT, 1180 * MILLI, 1100 * MILLI),
                times().subList(0, 7));
        assertEquals(9, written.size());
        for (int i = 0; i < order.length; i++) {
            assertEquals((780 + i * 40L) * MILLI, written.get(i).dtsNanos());
        }
    }

    @Test
    void aStreamThatBeginsLaterIsLeftAsItIs() {
        comes(1000, 1000);
        comes(1040, 1040);
        assertEquals(List.of(1000 * MILLI, 1040 * MILLI), times());
    }

    /// A picture that begins as it is shown from is the one that is on, if its ticks should be rounded down.
    @Test
    void aPictureThatBeginsAtThatMomentIsTheOneThatIsOn() {
        comes(960, 960);
        comes(1000, 1000);
        comes(1040, 1040);
        assertEquals(List.of(960 * MILLI, AT, 1040 * MILLI), times());
    }

    @Test
    void whereNothingFollowsThePictureThatIsOnDoesNotWaitForEver() {
        comes(300, 300);
        assertEquals(List.of(), times());
        assertFalse(shown.isDue(FROM + FirstShown.LONGEST_NANOS));
        assertTrue(shown.isDue(AT + FirstShown.LONGEST_NANOS + 1));
        written.addAll(shown.release());
        assertEquals(List.of(AT), times());
        assertFalse(shown.isDue(Long.MAX_VALUE));
        comes(5000, 5000);
        assertEquals(List.of(AT, 5000 * MILLI), times());
    }

    private Path joinedWithinAPicture(MultiStudio studio, List<Frame> media) throws Exception {
        studio.multi().start(MultiStudio.URI);
        studio.participant("first", 0, TestMedia.of("h264+aac", 6));
        Publication[] second = new Publication[1];
        studio.at(0, () -> second[0] = studio.publish("second"));
        studio.frames(second, 0, media);
        studio.at(
                JOINED,
                () -> studio.multi().add(MultiStudio.URI, second[0].stream().mediaSessionId()));
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
            List<Double> read = Ffmpeg.ffprobe(
                            "-select_streams",
                            "v:1",
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
            List<Double> expected = expected(media);
            assertEquals(expected.size(), read.size());
            for (int i = 0; i < read.size(); i++) {
                assertEquals(expected.get(i), read.get(i), 0.001, "picture " + i);
            }
            try (FileChannel channel = FileChannel.open(file)) {
                assertBegins(MovieTracks.of(channel));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vp8+opus", "screen"})
    void aMatroskaShowsThePictureThatIsOnToo(String codecs) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, "multi_record_format=mkv")) {
            Path file = joinedWithinAPicture(studio, media(codecs));
            try (FileChannel channel = FileChannel.open(file)) {
                assertBegins(MatroskaTracks.of(channel));
            }
        }
    }

    private static void assertBegins(List<DescribedTrack> tracks) {
        assertEquals(4, tracks.size());
        DescribedTrack picture = tracks.stream()
                .filter(track -> track.codec() instanceof Codec.Video
                        && track.identity().streamName().equals("second"))
                .findFirst()
                .orElseThrow();
        DescribedTrack.Segment first = picture.segments().stream()
                .filter(DescribedTrack.Segment::media)
                .findFirst()
                .orElseThrow();
        assertEquals(JOINED, first.startNanos() / 1e9, 0.001, picture.toString());
    }
}
