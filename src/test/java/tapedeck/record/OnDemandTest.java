package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.record.RecordingRefusedException.Reason;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Publisher.RecordWish;

/// `recorder/startup` and `recorder/terminate` on streams that live already.
@Tag("peer")
@Timeout(300)
class OnDemandTest {
    @TempDir
    Path dir;

    @Test
    void aRecordingBeginsAtTheKeyframeThatIsSoFarInThePast() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(12), TestMedia.aac(12));
        record Case(Integer preroll, int firstSecond) {}
        for (Case one : List.of(
                // Asked at 8.5 s, of a stream that remembers 5 s.
                new Case(null, 3), new Case(2, 6), new Case(0, 8), new Case(60, 3))) {
            try (TestStudio studio = new TestStudio(dir.resolve("p" + one.preroll()), "record_preroll=5")) {
                Publication publication = studio.publish("a", RecordWish.NO, Expects.BOTH);
                int half = (int) frames.stream()
                        .filter(frame -> frame.dtsNanos() < 8_500_000_000L)
                        .count();
                studio.feed(publication, frames.subList(0, half));
                studio.recordings.start(
                        publication.stream().mediaSessionId(), new RecordingRequest(null, null, one.preroll(), false));
                studio.feed(publication, frames.subList(half, frames.size()));
                ActiveRecording active = studio.recordings.active().getFirst();
                assertEquals(
                        publication.stream()
                                .startedAt()
                                .plusSeconds(one.firstSecond())
                                .toEpochMilli(),
                        active.startedAt().toEpochMilli(),
                        40.0);
                studio.end(publication);
                int first = 0;
                while (!(frames.get(first).track().isVideo()
                        && frames.get(first).keyframe()
                        && frames.get(first).dtsNanos() >= one.firstSecond() * TestStudio.SECOND)) {
                    first++;
                }
                Judge.assertHolds(studio.file("a.mp4"), frames.subList(first, frames.size()));
            }
        }
    }

    @Test
    void aPrerollThatCannotBeIsRefused() {
        for (int seconds : List.of(-1, RecordingRequest.MAX_PREROLL_SECONDS + 1)) {
            assertThrows(MalformedException.class, () -> new RecordingRequest(null, null, seconds, false));
        }
    }

    @Test
    void severalRecordingsOfOneStreamDoNotDisturbEachOther() throws Exception {
        List<Frame> frames = TestMedia.h264(10);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            String session = publication.stream().mediaSessionId();
            studio.feed(publication, frames.subList(0, 60));
            ActiveRecording parts = studio.recordings.start(session, new RecordingRequest("parts", "2", null, true));
            ActiveRecording whole =
                    studio.recordings.start(session, new RecordingRequest("whole", "disabled", null, true));
            studio.feed(publication, frames.subList(60, 150));
            assertEquals(3, studio.recordings.active().size());
            assertEquals(
                    3,
                    studio.recordings.active().stream()
                            .map(ActiveRecording::recordingId)
                            .distinct()
                            .count());
            // One by its id, one by its name; the one that the settings began goes on.
            studio.recordings.terminate(session, parts.recordingId());
            studio.recordings.terminate(session, whole.fileName());
            Await.await("two are done", () -> studio.recordings.active().size() == 1);
            RecordingRefusedException again = assertThrows(
                    RecordingRefusedException.class, () -> studio.recordings.terminate(session, parts.recordingId()));
            assertEquals(Reason.NOT_RECORDED, again.reason());
            studio.feed(publication, frames.subList(150, 300));
            studio.end(publication);
            assertEquals(List.of("a.mp4", "parts_1.mp4", "parts_2.mp4", "whole.mp4"), studio.names());
            Judge.assertHolds(studio.file("a.mp4"), frames);
            // Each begins at the entry point before it was asked for.
            Judge.assertHolds(studio.file("whole.mp4"), frames.subList(30, 150));
            Judge.assertHolds(studio.file("parts_1.mp4"), frames.subList(30, 90));
            Judge.assertHolds(studio.file("parts_2.mp4"), frames.subList(90, 150));
        }
    }

    @Test
    void startupReplacesTheOneThatRunsAndLeavesThoseBesideIt() throws Exception {
        List<Frame> frames = TestMedia.h264(6);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            String session = publication.stream().mediaSessionId();
            studio.feed(publication, frames.subList(0, 30));
            studio.recordings.start(session, new RecordingRequest("beside", null, null, true));
            studio.recordings.start(session, new RecordingRequest("new", null));
            studio.feed(publication, frames.subList(30, 90));
            assertEquals(Set.of("beside.mp4", "new.mp4"), growing(studio));
            // Without a name all of the media session.
            studio.recordings.terminate(session);
            assertFalse(studio.recordings.isRecording(session));
            studio.awaitFinished();
            assertEquals(List.of("a.mp4", "beside.mp4", "new.mp4"), studio.names());
        }
    }

    @Test
    void ofTwoRecordingsOfOneNameEachTellsItsOwnWhileItGrows() throws Exception {
        List<Frame> frames = TestMedia.h264(6);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            String session = publication.stream().mediaSessionId();
            Files.writeString(studio.records.resolve("a-2.mp4"), "somebody's");
            studio.feed(publication, frames.subList(0, 30));
            studio.recordings.start(session, new RecordingRequest(null, null, null, true));
            studio.feed(publication, frames.subList(30, 90));
            assertEquals(Set.of("a.mp4", "a-3.mp4"), growing(studio));
            Files.delete(studio.records.resolve("a-2.mp4"));
            // The first to begin is the last to end.
            studio.recordings.terminate(session, "a-3.mp4");
            Await.await("one is done", () -> studio.recordings.active().size() == 1);
            assertEquals(Set.of("a.mp4"), growing(studio));
            studio.feed(publication, frames.subList(90, 180));
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), frames);
            Judge.assertHolds(studio.file("a-3.mp4"), frames.subList(0, 90));
        }
    }

    private static Set<String> growing(TestStudio studio) {
        return studio.recordings.active().stream()
                .filter(one -> one.state() != ActiveRecording.State.FINISHING)
                .map(ActiveRecording::fileName)
                .collect(Collectors.toSet());
    }

    @Test
    void fiveHundredStartsAndStopsAtOnceLeaveNoZombie() throws Exception {
        List<Frame> frames = TestMedia.h264(2);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.NO, Expects.VIDEO);
            String session = publication.stream().mediaSessionId();
            // The first ones before the first frame.
            storm(studio, session, 100);
            assertEquals(
                    0,
                    studio.recordings.active().stream()
                            .filter(OnDemandTest::written)
                            .count());
            studio.feed(publication, frames.subList(0, 40));
            storm(studio, session, 400);
            studio.recordings.start(session, RecordingRequest.DEFAULT);
            Await.await("one is left", () -> studio.recordings.active().size() == 1);
            studio.recordings.terminate(session);
            RecordingRefusedException twice =
                    assertThrows(RecordingRefusedException.class, () -> studio.recordings.terminate(session));
            assertEquals(Reason.NOT_RECORDED, twice.reason());
            studio.awaitFinished();
            for (String name : studio.names()) {
                Judge.assertDecodes(studio.file(name));
            }
            assertFalse(studio.recordings.isRecording(session));
            assertEquals(0, studio.recordings.statistics().growing());
            assertTrue(studio.allFiles().stream().noneMatch(name -> name.startsWith(".")), "nothing is left behind");
            assertEquals(0, publication.stream().statistics().readers(), "no reader is left on the stream");
        }
    }

    private static boolean written(ActiveRecording recording) {
        return recording.sizeBytes() > 0;
    }

    private static void storm(TestStudio studio, String session, int calls) throws InterruptedException {
        List<Throwable> bugs = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            boolean start = i % 2 == 0;
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    if (start) {
                        studio.recordings.start(session, RecordingRequest.DEFAULT);
                    } else {
                        studio.recordings.terminate(session);
                    }
                } catch (RecordingRefusedException e) {
                    if (e.reason() != Reason.NOT_RECORDED) {
                        bugs.add(e);
                    }
                } catch (RuntimeException e) {
                    bugs.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), bugs);
    }
}
