package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Publisher.RecordWish;

/// Real streams into real files, judged by real readers.
@Tag("peer")
@Timeout(300)
class RecordingsTest {
    @TempDir
    Path dir;

    @Test
    void h264AndAacBecomeAnMp4() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264WithBFrames(5), TestMedia.aac(5));
        try (TestStudio studio = new TestStudio(dir)) {
            studio.record("a", frames);
            Judge.assertHolds(studio.file("a.mp4"), frames);
            Judge.assertOpensElsewhere(studio.file("a.mp4"), 2);
            FinishedRecording finished = studio.recordings.finished().getFirst();
            assertEquals("video/mp4", finished.mediaType());
            assertEquals(2, finished.tracks().size());
            assertEquals(5.0, finished.durationNanos() / 1e9, 0.1);
            assertEquals(List.of("a.mp4"), studio.allFiles(), "nothing is left behind");
        }
    }

    @Test
    void vp8AndOpusBecomeAWebm() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.vp8(4), TestMedia.opus(4));
        try (TestStudio studio = new TestStudio(dir)) {
            studio.record("room/a", frames);
            Judge.assertHolds(studio.file("rooma.webm"), frames);
            Judge.assertOpensElsewhere(studio.file("rooma.webm"), 2);
        }
    }

    @Test
    void h264CanGoToMkvAndSoundWithOpusToMp4() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(3), TestMedia.opus(3));
        for (String format : List.of("mkv", "mp4")) {
            try (TestStudio studio = new TestStudio(dir.resolve(format), "record_formats=h264-" + format)) {
                studio.record("a", frames);
                Judge.assertHolds(studio.file("a." + format), frames);
                Judge.assertOpensElsewhere(studio.file("a." + format), 2);
            }
        }
    }

    @Test
    void soundAloneBecomesAnMp4() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            for (List<Frame> frames : List.of(TestMedia.aac(3), TestMedia.opus(3), TestMedia.mp3(3))) {
                String name = frames.getFirst().track().codec().name();
                Publication publication = studio.publish(name, RecordWish.YES, Expects.AUDIO);
                studio.feed(publication, frames);
                studio.end(publication);
                Judge.assertHolds(studio.file(name + ".mp4"), frames);
                assertEquals(
                        "audio/mp4", studio.recordings.finished().getFirst().mediaType());
            }
        }
    }

    @Test
    void theFirstByteIsOnDiskAFragmentAfterTheFirstKeyframe() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(3), TestMedia.aac(3));
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            for (Frame frame : frames) {
                publication.write(frame);
                studio.settle();
                if (frame.dtsNanos() >= 900_000_000L) {
                    break;
                }
            }
            ActiveRecording active = studio.recordings.active().getFirst();
            assertEquals(ActiveRecording.State.RECORDING, active.state());
            assertTrue(active.durationNanos() >= 960_000_000L - Recorder.MARGIN_NANOS, active.toString());
            publication.close();
        }
    }

    @Test
    void aTrackThatWasPromisedIsWaitedForButNotForLong() throws Exception {
        List<Frame> frames = TestMedia.h264(4);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(publication, frames.subList(0, 30));
            assertEquals(
                    ActiveRecording.State.WAITING,
                    studio.recordings.active().getFirst().state());
            studio.feed(publication, frames.subList(30, 120));
            assertEquals(
                    ActiveRecording.State.RECORDING,
                    studio.recordings.active().getFirst().state());
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), frames);
        }
    }

    @Test
    void soundThatComesLateBeginsASecondFileAtAKeyframe() throws Exception {
        List<Frame> video = TestMedia.h264(8);
        List<Frame> audio = TestMedia.shifted(TestMedia.aac(3), 4_500_000_000L);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(publication, TestMedia.interleaved(video, audio));
            studio.end(publication);
            assertEquals(List.of("a.mp4", "a_2.mp4"), studio.names());
            Judge.assertHolds(studio.file("a.mp4"), video.subList(0, 150));
            List<Frame> second = new ArrayList<>(audio.stream()
                    .filter(frame -> frame.dtsNanos() >= 5_000_000_000L)
                    .toList());
            Judge.assertHolds(studio.file("a_2.mp4"), TestMedia.interleaved(video.subList(150, 240), second));
        }
    }

    @Test
    void soundThatBeginsEightSecondsBeforeThePicturesIsAFileOfItsOwn() throws Exception {
        List<Frame> audio = TestMedia.aac(12);
        List<Frame> video = TestMedia.shifted(TestMedia.h264(4), 8_000_000_000L);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(publication, TestMedia.interleaved(video, audio));
            studio.end(publication);
            assertEquals(List.of("a.mp4", "a_2.mp4"), studio.names());
            Judge.assertHolds(studio.file("a.mp4"), before(audio, 8_000_000_000L));
            List<Frame> rest = audio.subList(before(audio, 8_000_000_000L).size(), audio.size());
            Judge.assertHolds(studio.file("a_2.mp4"), TestMedia.interleaved(video, rest));
        }
    }

    @Test
    void soundWaitsForAPictureAsLongAsTheBufferSays() throws Exception {
        List<Frame> audio = TestMedia.aac(3);
        for (int packets : List.of(10, 1000)) {
            try (TestStudio studio =
                    new TestStudio(dir.resolve("p" + packets), "record_audio_buffer_max_size=" + packets)) {
                Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
                studio.feed(publication, before(audio, 1_800_000_000L));
                assertEquals(
                        packets == 10 ? ActiveRecording.State.RECORDING : ActiveRecording.State.WAITING,
                        studio.recordings.active().getFirst().state());
                publication.close();
            }
        }
    }

    @Test
    void timeThatGoesTenSecondsBackBeginsASecondFile() throws Exception {
        List<Frame> first =
                TestMedia.shifted(TestMedia.interleaved(TestMedia.h264(4), TestMedia.aac(4)), 20_000_000_000L);
        List<Frame> second = TestMedia.shifted(first, -10_000_000_000L);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(publication, first);
            studio.feed(publication, second);
            studio.end(publication);
            assertEquals(List.of("a.mp4", "a_2.mp4"), studio.names());
            Judge.assertHolds(studio.file("a.mp4"), first);
            Judge.assertHolds(studio.file("a_2.mp4"), second);
        }
    }

    private static List<Frame> before(List<Frame> frames, long nanos) {
        return frames.stream().filter(frame -> frame.ptsNanos() < nanos).toList();
    }

    @Test
    void aChangedPictureSizeBeginsASecondFile() throws Exception {
        List<Frame> first = TestMedia.h264(2);
        Codec.H264 old = (Codec.H264) first.getFirst().track().codec();
        // Only the record differs: what matters here is that the muxer never sees a foreign track.
        Track changed = new Track(Track.VIDEO, new Codec.H264(old.sps(), old.pps(), 640, 360));
        List<Frame> second = TestMedia.shifted(first, 2_000_000_000L).stream()
                .map(f -> new Frame(changed, f.dtsNanos(), f.ptsNanos(), f.keyframe(), f.data()))
                .toList();
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            studio.feed(publication, first);
            studio.feed(publication, second);
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), first);
            Judge.assertHolds(studio.file("a_2.mp4"), second);
        }
    }

    @Test
    void codecsThatChangeAllTheTimeStopTheRecordingAndNotTheStream() throws Exception {
        Frame keyframe = TestMedia.h264(1).getFirst();
        Codec.H264 codec = (Codec.H264) keyframe.track().codec();
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            for (int i = 0; i < 500; i++) {
                Track track = new Track(Track.VIDEO, new Codec.H264(codec.sps(), codec.pps(), 16 + i, 16));
                publication.write(new Frame(track, i * 40_000_000L, i * 40_000_000L, true, keyframe.data()));
                if (i % 25 == 0) {
                    studio.settle();
                }
            }
            studio.awaitFinished();
            assertFalse(publication.stream().statistics().ended());
            assertTrue(
                    studio.names().size() <= NextPart.MAX_CHANGES_PER_MINUTE,
                    studio.names().toString());
        }
    }

    @Test
    void aLongSilenceBeginsASecondFile() throws Exception {
        List<Frame> first = TestMedia.h264(2);
        List<Frame> second = TestMedia.shifted(first, 10_000_000_000_000L);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            studio.feed(publication, first);
            studio.feed(publication, second);
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), first);
            Judge.assertHolds(studio.file("a_2.mp4"), second);
        }
    }

    @Test
    void whatTheContainerCannotCarryIsLeftOut() throws Exception {
        List<Frame> video = TestMedia.vp8(3);
        try (TestStudio studio = new TestStudio(dir)) {
            studio.record("a", TestMedia.interleaved(video, TestMedia.aac(3)));
            Judge.assertHolds(studio.file("a.webm"), video);
        }
    }

    @Test
    void rotationBeginsTheNextFileAtAKeyframe() throws Exception {
        List<Frame> frames = TestMedia.h264(7);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.NO, Expects.VIDEO);
            publication.write(frames.getFirst());
            studio.recordings.start(publication.stream().mediaSessionId(), new RecordingRequest("part", "3"));
            studio.feed(publication, frames.subList(1, frames.size()));
            studio.end(publication);
            assertEquals(List.of("part_1.mp4", "part_2.mp4", "part_3.mp4"), studio.names());
            Judge.assertHolds(studio.file("part_1.mp4"), frames.subList(0, 90));
            Judge.assertHolds(studio.file("part_2.mp4"), frames.subList(90, 180));
            Judge.assertHolds(studio.file("part_3.mp4"), frames.subList(180, 210));
        }
    }

    @Test
    void recordingOnDemandStopsTheOneThatRuns() throws Exception {
        List<Frame> frames = TestMedia.h264(6);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            String session = publication.stream().mediaSessionId();
            studio.feed(publication, frames.subList(0, 75));
            ActiveRecording demanded =
                    studio.recordings.start(session, new RecordingRequest("{streamName}-{endTimeMillis}", "disabled"));
            studio.settle();
            assertEquals("a-{endTimeMillis}.mp4", demanded.fileName());
            assertEquals(session, demanded.mediaSessionId());
            studio.feed(publication, frames.subList(75, 120));
            assertTrue(studio.recordings.isRecording(session));
            studio.recordings.terminate(session);
            assertFalse(studio.recordings.isRecording(session));
            RecordingRefusedException again =
                    assertThrows(RecordingRefusedException.class, () -> studio.recordings.terminate(session));
            assertEquals(RecordingRefusedException.Reason.NOT_RECORDED, again.reason());
            studio.awaitFinished();
            studio.feed(publication, frames.subList(120, 180));
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), frames.subList(0, 75));
            String other = studio.names().stream()
                    .filter(name -> name.matches("a-\\d{13}\\.mp4"))
                    .findFirst()
                    .orElseThrow();
            // It begins at the entry point before it was asked for.
            Judge.assertHolds(studio.file(other), frames.subList(60, 120));
            assertEquals(2, studio.names().size());
        }
    }

    @Test
    void unknownAndEndedSessionsAreRefused() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            String session = publication.stream().mediaSessionId();
            publication.close();
            for (String id : List.of(session, "", "nobody")) {
                RecordingRefusedException start = assertThrows(
                        RecordingRefusedException.class, () -> studio.recordings.start(id, RecordingRequest.DEFAULT));
                assertEquals(RecordingRefusedException.Reason.NO_SUCH_STREAM, start.reason());
            }
            studio.awaitFinished();
            assertEquals(List.of(), studio.allFiles(), "a stream without a frame leaves nothing");
        }
    }

    /// A publisher that is sent away because of its second track was recorded as far as the first one came.
    @Test
    void whatIsRefusedAtItsBeginningIsNoRecording() throws Exception {
        Path notes = dir.resolve("notes");
        List<Frame> frames = TestMedia.h264(4);
        try (TestStudio studio = new TestStudio(dir, Optional.of(TestStudio.notingHook(dir, notes)))) {
            Publication publication = studio.publish("refused");
            frames.subList(0, 3).forEach(publication::write);
            publication.refuse();
            studio.end(publication);
            assertEquals(List.of(), studio.names());
            Publication later = studio.publish("later");
            studio.feed(later, frames);
            later.refuse();
            studio.end(later);
            assertEquals(List.of("later.mp4"), studio.names(), "what was recorded before is");
            Await.await("the hook of one file", () -> TestStudio.lines(notes).size() == 1);
            assertTrue(TestStudio.lines(notes).getFirst().startsWith("stopped later "), "no other");
        }
    }

    @Test
    void filesOfOneNameNeverReplaceEachOther() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            Files.writeString(studio.records.resolve("a.mp4"), "somebody else's");
            for (int i = 0; i < 3; i++) {
                studio.record("a", TestMedia.h264(1));
            }
            assertEquals(List.of("a-2.mp4", "a-3.mp4", "a-4.mp4", "a.mp4"), studio.names());
            assertEquals("somebody else's", Files.readString(studio.file("a.mp4")));
            for (int i = 2; i <= 4; i++) {
                Judge.assertHolds(studio.file("a-%d.mp4".formatted(i)), TestMedia.h264(1));
            }
        }
    }

    @Test
    void whoIsRecordedIsAsTheSettingsAndThePublisherSay() throws Exception {
        record Case(String settings, RecordWish wish, boolean recorded) {}
        for (Case one : List.of(
                new Case("record_flash_published_streams=true", RecordWish.AS_CONFIGURED, true),
                new Case("record_flash_published_streams=true", RecordWish.NO, false),
                new Case("record_flash_published_streams=false", RecordWish.AS_CONFIGURED, false),
                new Case("record_flash_published_streams=false", RecordWish.YES, true),
                new Case("record_streams=false", RecordWish.YES, false),
                new Case("record_streams=false", RecordWish.AS_CONFIGURED, false))) {
            try (TestStudio studio = new TestStudio(dir, one.settings())) {
                Publication publication = studio.publish("a", one.wish(), Expects.BOTH);
                assertEquals(
                        one.recorded(),
                        studio.recordings.isRecording(publication.stream().mediaSessionId()),
                        one.toString());
                publication.close();
            }
        }
    }

    @Test
    void closingFinishesWhatIsOpen() throws Exception {
        List<Frame> frames = TestMedia.h264(2);
        TestStudio studio = new TestStudio(dir);
        List<Publication> publications = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            publications.add(studio.publish("s" + i));
            studio.feed(publications.getLast(), frames);
        }
        studio.close();
        studio.close();
        assertEquals(List.of("s0.mp4", "s1.mp4", "s2.mp4", "s3.mp4", "s4.mp4"), studio.allFiles());
        for (int i = 0; i < 5; i++) {
            Judge.assertHolds(studio.file("s%d.mp4".formatted(i)), frames);
            publications.get(i).write(frames.getFirst());
            publications.get(i).close();
        }
        Publication late = studio.publish("late");
        assertFalse(studio.recordings.isRecording(late.stream().mediaSessionId()));
        RecordingRefusedException refused = assertThrows(
                RecordingRefusedException.class,
                () -> studio.recordings.start(late.stream().mediaSessionId(), RecordingRequest.DEFAULT));
        assertEquals(RecordingRefusedException.Reason.STOPPING, refused.reason());
    }

    @Test
    void theHookIsToldOfEachFileOnce() throws Exception {
        Path notes = dir.resolve("notes");
        Path hook = TestStudio.notingHook(dir, notes);
        try (TestStudio studio = new TestStudio(dir.resolve("d"), Optional.of(hook))) {
            studio.record("käse und 日本", TestMedia.h264(1));
            Await.await("the hook ran", () -> TestStudio.lines(notes).size() == 1);
            Path file = studio.file("käse und 日本.mp4");
            assertEquals(List.of("stopped käse und 日本 " + file), TestStudio.lines(notes));
            Await.await(
                    "the journal is gone",
                    () -> studio.allFiles().equals(List.of(file.getFileName().toString())));
            assertEquals(0, studio.recordings.recover());
        }
        assertEquals(1, TestStudio.lines(notes).size());
    }

    @Test
    void aMovedTemporaryFolderIsAnotherFileSystem() throws Exception {
        Path shm = Path.of("/dev/shm");
        if (!Files.isWritable(shm) || Files.getFileStore(shm).equals(Files.getFileStore(dir))) {
            System.out.println("SKIPPED: /dev/shm is no other file system here");
            return;
        }
        Path tmp = Files.createTempDirectory(shm, "tapedeck");
        try (TestStudio studio = new TestStudio(dir, "record_tmp_dir=" + tmp)) {
            assertNotEquals(Files.getFileStore(tmp), Files.getFileStore(dir));
            studio.record("a", TestMedia.h264(2));
            Judge.assertHolds(studio.file("a.mp4"), TestMedia.h264(2));
            assertEquals(List.of("a.mp4"), studio.allFiles());
            try (var left = Files.list(tmp)) {
                assertEquals(List.of(tmp.resolve(FolderLock.NAME)), left.toList());
            }
        } finally {
            Files.deleteIfExists(tmp.resolve(FolderLock.NAME));
            Files.deleteIfExists(tmp);
        }
    }

    @Test
    void everyFragmentIsSyncedWhereTheSettingsSayIt() throws Exception {
        for (String fsync : List.of("fragment", "500")) {
            try (TestStudio studio = new TestStudio(dir, "record_fsync=" + fsync)) {
                studio.record(fsync, TestMedia.h264(2));
                Judge.assertHolds(studio.file(fsync + ".mp4"), TestMedia.h264(2));
            }
        }
    }
}
