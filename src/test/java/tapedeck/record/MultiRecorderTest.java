package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.FragmentIndex;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.container.mp4.Mp4Frames;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.LoggedLines;
import tapedeck.peers.TestMedia;
import tapedeck.record.RecordingRefusedException.Reason;
import tapedeck.stream.Publication;

/// Many streams into one file.
@Timeout(300)
class MultiRecorderTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Codec.Vp8 PICTURE = new Codec.Vp8(320, 240);
    private static final Codec.Opus SOUND = new Codec.Opus(2, 312);

    private static final List<String> CODECS =
            List.of("h264+aac", "vp8+opus", "vp9+opus", "av1+opus", "h264b+alaw", "h265+mulaw");

    @TempDir
    Path dir;

    static List<DescribedTrack> tracks(Path file) throws Exception {
        try (FileChannel channel = FileChannel.open(file)) {
            return MovieTracks.of(channel);
        }
    }

    private static Map<Integer, List<Frame>> frames(Path file) throws Exception {
        Map<Integer, List<Frame>> frames = new TreeMap<>();
        try (FileChannel channel = FileChannel.open(file)) {
            Mp4Frames.of(channel)
                    .forEach(frame -> frames.computeIfAbsent(frame.track().id(), _ -> new ArrayList<>())
                            .add(frame));
        }
        return frames;
    }

    private static List<Frame> talk(double seconds) {
        long end = Math.round(seconds * 1e9);
        return TestMedia.interleaved(
                MultiStudio.frames(MultiStudio.video(PICTURE), 0, 40_000_000, end),
                MultiStudio.frames(MultiStudio.audio(SOUND), 0, 20_000_000, end));
    }

    private static Reason reason(org.junit.jupiter.api.function.Executable call) {
        return assertThrows(RecordingRefusedException.class, call).reason();
    }

    /// Each person comes a little later than the one before, with other codecs.
    private static Path ofManyCodecs(MultiStudio studio) throws Exception {
        studio.multi().start(MultiStudio.URI);
        for (int i = 0; i < CODECS.size(); i++) {
            studio.participant("user-" + i, i * 0.7, TestMedia.of(CODECS.get(i), 3));
        }
        studio.play();
        return studio.terminate();
    }

    @Test
    void streamsOfManyCodecsAreOneFileThatOthersRead() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            Path file = ofManyCodecs(studio);
            assertEquals("multi-recorder__test-record.mp4", file.getFileName().toString());
            assertEquals("", Ffmpeg.decodeErrors(file));
            Map<Integer, List<Frame>> found = frames(file);
            assertEquals(12, found.size());
            for (int i = 0; i < CODECS.size(); i++) {
                List<Frame> media = TestMedia.of(CODECS.get(i), 3);
                for (Track track : TestMedia.tracks(media)) {
                    List<Frame> sent = media.stream()
                            .filter(frame -> frame.track().id() == track.id())
                            .toList();
                    List<Frame> read = found.get(2 * i + track.id());
                    assertEquals(sent.size(), read.size(), CODECS.get(i) + track.id());
                    for (int n = 0; n < sent.size(); n++) {
                        double at = sent.get(n).ptsNanos() / 1e6 + i * 700;
                        assertEquals(at, read.get(n).ptsNanos() / 1e6, 1, CODECS.get(i) + " frame " + n);
                    }
                }
            }
        }
    }

    @Test
    void aMatroskaHasTheStreamsOfAllCodecsToo() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, "multi_record_format=mkv")) {
            Path file = ofManyCodecs(studio);
            assertEquals("multi-recorder__test-record.mkv", file.getFileName().toString());
            assertEquals("", Ffmpeg.decodeErrors(file));
            try (FileChannel channel = FileChannel.open(file)) {
                List<DescribedTrack> tracks = MatroskaTracks.of(channel);
                assertEquals(12, tracks.size());
                for (DescribedTrack track : tracks) {
                    int person = (track.id() - 1) / 2;
                    assertEquals("user-" + person, track.identity().streamName());
                    // Where the first picture is shown, which with B-frames is later than where it is decoded.
                    assertEquals(person * 0.7, track.segments().getLast().startNanos() / 1e9, 0.08, track.toString());
                    assertEquals(person * 0.7 + 3, track.endNanos() / 1e9, 0.1, track.toString());
                }
                assertEquals(
                        tracks.get(2).identity().mediaSessionId(),
                        tracks.get(3).identity().mediaSessionId());
            }
            String timeline = Files.readString(CallTimeline.beside(file));
            assertEquals(6, timeline.split("\"join\"", -1).length - 1, timeline);
            assertEquals(12, timeline.split("\"track\"", -1).length - 1, timeline);
        }
    }

    @Test
    void callsAreRefusedAsThePageSays() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            MultiRecordings multi = studio.multi();
            assertEquals(List.of(), multi.all());
            assertEquals(Reason.NO_SUCH_RECORDER, reason(() -> multi.add(MultiStudio.URI, "nobody")));
            assertEquals(Reason.NO_SUCH_RECORDER, reason(() -> multi.remove(MultiStudio.URI, "nobody")));
            assertEquals(Reason.NO_SUCH_RECORDER, reason(() -> multi.terminate(MultiStudio.URI)));
            multi.start(MultiStudio.URI);
            assertEquals(Reason.TAKEN, reason(() -> multi.start(MultiStudio.URI)));
            assertEquals(Reason.NO_SUCH_STREAM, reason(() -> multi.add(MultiStudio.URI, "nobody")));
            Publication publication = studio.publish("one");
            String id = publication.stream().mediaSessionId();
            assertEquals(Reason.NOT_RECORDED, reason(() -> multi.remove(MultiStudio.URI, id)));
            multi.add(MultiStudio.URI, id);
            assertEquals(Reason.TAKEN, reason(() -> multi.add(MultiStudio.URI, id)));
            assertEquals(
                    List.of(new MultiRecording(MultiStudio.URI, "multi-recorder__test-record.mp4", List.of(id), 0, 0)),
                    multi.all());
            multi.remove(MultiStudio.URI, id);
            assertEquals(Reason.NOT_RECORDED, reason(() -> multi.remove(MultiStudio.URI, id)));
            multi.add(MultiStudio.URI, id);
            multi.terminate(MultiStudio.URI);
            assertEquals(Reason.NO_SUCH_RECORDER, reason(() -> multi.terminate(MultiStudio.URI)));
            multi.start(MultiStudio.URI);
            multi.terminate(MultiStudio.URI);
            studio.awaitFinished();
            assertEquals(List.of(), studio.files(), "nothing was sent");
        }
    }

    /// The page: a stream that was removed and added again has tracks of its own.
    @Test
    void aStreamThatIsAddedAgainHasTracksOfItsOwn() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Publication[] publication = new Publication[1];
            studio.at(0, () -> {
                publication[0] = studio.publish("test");
                studio.multi().add(MultiStudio.URI, publication[0].stream().mediaSessionId());
            });
            studio.frames(publication, 0, talk(12));
            studio.at(3, () -> {
                studio.multi().remove(MultiStudio.URI, publication[0].stream().mediaSessionId());
                studio.settle();
            });
            studio.at(
                    7.5,
                    () -> studio.multi()
                            .add(MultiStudio.URI, publication[0].stream().mediaSessionId()));
            studio.play();
            List<DescribedTrack> tracks = tracks(studio.terminate());
            assertEquals(
                    List.of(2, 1, 4, 3), tracks.stream().map(DescribedTrack::id).toList());
            assertEquals(
                    1, tracks.stream().map(DescribedTrack::identity).distinct().count());
            for (DescribedTrack track : tracks) {
                List<DescribedTrack.Segment> segments = track.segments();
                boolean first = track.id() <= 2;
                assertEquals(first ? 1 : 2, segments.size(), segments.toString());
                assertEquals(first ? 0 : 7.5, segments.getLast().startNanos() / 1e9, 0.05);
                assertEquals(first ? 3 : 12, segments.getLast().endNanos() / 1e9, 0.05);
            }
        }
    }

    /// Added together, they begin together, with the pictures since their last keyframes.
    @Test
    void whoIsThereAtTheStartIsShownFromTheStart() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            Publication[] one = {studio.publish("one")};
            studio.frames(one, 0, talk(5));
            Publication[] two = {studio.publish("two")};
            studio.frames(two, 0.7, talk(4.3));
            studio.at(1.5, () -> {
                studio.multi().start(MultiStudio.URI);
                studio.multi().add(MultiStudio.URI, one[0].stream().mediaSessionId());
                studio.multi().add(MultiStudio.URI, two[0].stream().mediaSessionId());
            });
            studio.play();
            for (DescribedTrack track : tracks(studio.terminate())) {
                boolean first = track.id() <= 2;
                // The second began with its keyframe 0.7 s after the first.
                assertEquals(first ? 0 : 0.7, track.segments().getLast().startNanos() / 1e9, 0.03);
                assertEquals(5, track.endNanos() / 1e9, 0.05, track.toString());
            }
        }
    }

    @Test
    void aCodecThatChangesIsANewTrack() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Publication[] publication = new Publication[1];
            studio.participant("steady", 0, talk(6));
            studio.at(0, () -> {
                publication[0] = studio.publish("changing");
                studio.multi().add(MultiStudio.URI, publication[0].stream().mediaSessionId());
            });
            studio.frames(publication, 0, talk(3));
            studio.frames(
                    publication,
                    0,
                    MultiStudio.frames(
                            MultiStudio.video(new Codec.Vp9(0, 8, 320, 240)), 3 * SECOND, 40_000_000, 6 * SECOND));
            studio.play();
            List<DescribedTrack> tracks = tracks(studio.terminate());
            assertEquals(
                    List.of("Opus", "vp08", "Opus", "vp08", "vp09"),
                    tracks.stream().map(DescribedTrack::codecTag).toList());
            assertEquals(3, tracks.getLast().segments().getLast().startNanos() / 1e9, 0.01);
            assertEquals(tracks.get(3).identity(), tracks.get(4).identity());
        }
    }

    /// H.264 whose keyframes are made of nothing.
    @Test
    void corruptFramesOfOneStreamCostOnlyThat() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            List<Frame> good = TestMedia.of("h264+aac", 3);
            List<Frame> bad = good.stream()
                    .map(frame -> frame.track().isVideo() && frame.dtsNanos() > SECOND && frame.dtsNanos() < 2 * SECOND
                            ? new Frame(
                                    frame.track(), frame.dtsNanos(), frame.ptsNanos(), true, Bytes.ofHex("7fffffff00"))
                            : frame)
                    .toList();
            studio.participant("good", 0, good);
            studio.participant("bad", 0, bad);
            studio.play();
            Path file = studio.terminate();
            assertEquals(1, studio.files().size());
            Map<Integer, List<Frame>> found = frames(file);
            assertEquals(
                    good.stream().filter(frame -> frame.track().isVideo()).count(),
                    found.get(1).size());
            assertEquals(
                    good.stream().filter(frame -> frame.track().isAudio()).count(),
                    found.get(2).size());
            assertTrue(found.get(3).size() >= 30, found.get(3).size() + " good frames of the bad one");
            assertEquals("", Ffmpeg.decodeErrors(file));
        }
    }

    @Test
    void twoHundredJoinsAndLeaves() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            for (int i = 0; i < 200; i++) {
                studio.participant("user-" + i, i * 0.9, talk(i % 5 + 1));
            }
            studio.play();
            Path file = studio.terminate();
            assertEquals(1, studio.files().size());
            List<DescribedTrack> tracks = tracks(file);
            assertEquals(400, tracks.size());
            for (DescribedTrack track : tracks) {
                int number = Integer.parseInt(track.identity().streamName().substring(5));
                assertEquals((track.id() - 1) / 2, number);
                assertEquals(number * 0.9, track.segments().getLast().startNanos() / 1e9, 0.01);
                assertEquals(number * 0.9 + number % 5 + 1, track.endNanos() / 1e9, 0.05);
            }
        }
    }

    @Test
    void theLogSaysWhoCameAndWentAndThatNobodyDid() throws Exception {
        try (LoggedLines lines = new LoggedLines("tapedeck.record");
                MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            studio.participant("anna", 0, talk(1));
            studio.play();
            studio.terminate();
            String said = "INFO recording %s: ".formatted(MultiStudio.URI);
            assertEquals(
                    List.of(
                            said + "started",
                            said + "anna is added",
                            said + "anna is no longer in it",
                            said + "ended (STOPPED); streams: 1, files: 1"),
                    lines.with(MultiStudio.URI + ": "));
            studio.multi().start("multi-recorder://empty");
            studio.multi().terminate("multi-recorder://empty");
            studio.awaitFinished();
            assertEquals(
                    List.of(
                            "INFO recording multi-recorder://empty: started",
                            "WARN recording multi-recorder://empty: ended without ever having had a stream: there is no file"),
                    lines.with("empty: "));
        }
    }

    /// The page's template, and the four arguments of its script.
    @Test
    void theNameHasNoTimesOfAStreamAndTheHookIsToldOnce() throws Exception {
        Path notes = dir.resolve("notes");
        Path hook = dir.resolve("hook.sh");
        Files.writeString(hook, "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" \"$REASON\" >> " + notes + "\n");
        Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwx------"));
        Path folder = dir.resolve("calls");
        try (MultiStudio studio = new MultiStudio(
                dir,
                Optional.of(hook),
                "multi_record_dir=" + folder,
                "stream_record_policy_template={streamName}-{startTime}-{startTimeMillis}-{endTime}-{endTimeMillis}")) {
            long before = System.currentTimeMillis();
            studio.multi().start(MultiStudio.URI);
            assertTrue(
                    studio.multi()
                            .all()
                            .getFirst()
                            .fileName()
                            .matches("multi-recorder__test-record--1-\\d{13}--1-\\{endTimeMillis}\\.mp4"),
                    studio.multi().all().toString());
            studio.participant("one", 0, talk(4));
            studio.play();
            studio.multi().terminate(MultiStudio.URI);
            studio.awaitFinished();
            Await.await("the hook ran", () -> TestStudio.lines(notes).size() >= 6);
            List<String> told = TestStudio.lines(notes);
            assertEquals("4", told.get(0));
            Path file = Path.of(told.get(1));
            assertTrue(Files.exists(file), told.toString());
            assertEquals(folder, file.getParent());
            assertTrue(
                    file.getFileName().toString().matches("multi-recorder__test-record--1-\\d{13}--1-\\d{13}\\.mp4"),
                    file.toString());
            long created = Long.parseLong(told.get(2)) - 2_082_844_800L;
            assertEquals(before / 1000.0, created, 30, "seconds since 1904");
            assertEquals("4000", told.get(3));
            assertEquals(MultiStudio.URI, told.get(4));
            assertEquals("stopped", told.get(5));
        }
        assertEquals(6, TestStudio.lines(notes).size());
    }

    /// Playlists are made of it, and the console's player of long recordings goes by those.
    /// With pictures, and of two sounds alone.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void fragmentsHaveTheirTimeAlsoWhenWhoCameFirstHasLeft(boolean pictures) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Predicate<Frame> wanted = frame -> pictures || !frame.track().isVideo();
            studio.participant("one", 0, talk(2).stream().filter(wanted).toList());
            studio.participant("two", 1, talk(9).stream().filter(wanted).toList());
            studio.play();
            try (FileChannel channel = FileChannel.open(studio.terminate())) {
                List<FragmentIndex.Fragment> fragments =
                        FragmentIndex.of(channel).fragments();
                assertEquals(10, fragments.getLast().endNanos() / 1e9, 0.1);
                assertTrue(fragments.size() >= 9, fragments.toString());
                for (FragmentIndex.Fragment fragment : fragments) {
                    assertTrue(fragment.endNanos() - fragment.startNanos() <= 2 * SECOND, fragment.toString());
                }
            }
        }
    }

    /// The page's second known issue: what is rotated could not be merged.
    @ParameterizedTest
    @ValueSource(strings = {"record_rotation=2", "record_rotation=1M"})
    void whatIsToBeMixedIsNotRotated(String rotation) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir, rotation)) {
            studio.multi().start(MultiStudio.URI);
            List<Frame> large = talk(8).stream()
                    .map(frame -> new Frame(
                            frame.track(),
                            frame.dtsNanos(),
                            frame.ptsNanos(),
                            frame.keyframe(),
                            Bytes.wrap(Arrays.copyOf(frame.data().toByteArray(), 10_000))))
                    .toList();
            studio.participant("one", 0, large);
            studio.play();
            Path file = studio.terminate();
            assertEquals(List.of(file), studio.files());
            assertTrue(Files.size(file) > 2 << 20);
            assertEquals(8, tracks(file).getFirst().endNanos() / 1e9, 0.05);
        }
    }

    @Test
    void whenTheSpaceRunsOutItStopsAndIsFinished() throws Exception {
        Path notes = dir.resolve("notes");
        Path hook = TestStudio.notingHook(dir, notes);
        try (MultiStudio studio = new MultiStudio(dir, Optional.of(hook))) {
            studio.multi().start(MultiStudio.URI);
            studio.participant("one", 0, talk(6));
            studio.at(3, () -> studio.usableSpace(0));
            studio.play();
            studio.awaitFinished();
            assertEquals(List.of(), studio.multi().all());
            assertEquals(Reason.NO_SPACE, reason(() -> studio.multi().start(MultiStudio.URI)));
            Path file = studio.files().getFirst();
            assertEquals(3, tracks(file).getFirst().endNanos() / 1e9, 1.1);
            Await.await("the hook ran", () -> !TestStudio.lines(notes).isEmpty());
            assertTrue(
                    TestStudio.lines(notes).getFirst().startsWith("no_space "),
                    TestStudio.lines(notes).toString());
        }
    }

    @Test
    void aFileThatIsFullGoesOnInAnother() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            int many = 520;
            studio.participant("steady", 0, talk(many * 0.05 + 5));
            for (int i = 0; i < many; i++) {
                studio.participant("user-" + i, i * 0.05, talk(0.3));
            }
            studio.play();
            studio.terminate();
            List<Path> files = studio.files();
            assertEquals(
                    List.of("multi-recorder__test-record.mp4", "multi-recorder__test-record_2.mp4"),
                    files.stream().map(file -> file.getFileName().toString()).toList());
            List<DescribedTrack> first = tracks(files.getFirst());
            List<DescribedTrack> second = tracks(files.getLast());
            assertTrue(first.size() >= 1000, first.size() + " tracks");
            assertTrue(second.size() >= 10, second.size() + " tracks");
            assertEquals(
                    "steady",
                    second.stream()
                            .filter(track -> track.endNanos() > 4 * SECOND)
                            .map(track -> track.identity().streamName())
                            .distinct()
                            .collect(java.util.stream.Collectors.joining(",")));
        }
    }
}
