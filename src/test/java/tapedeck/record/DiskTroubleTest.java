package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Publisher.RecordWish;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;

/// Disks that are slow, full, gone or broken. The live stream never notices.
@Tag("peer")
@Timeout(300)
class DiskTroubleTest {
    @TempDir
    Path dir;

    @Test
    void aDiskThatStandsStillCostsGopsAndNeverThePublisher() throws Exception {
        try (TestStudio studio = new TestStudio(dir, "file_recorder_thread_pool_max_size=1")) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.VIDEO);
            Reader live = publication.stream().subscribe(unbounded());
            List<Frame> frames = minute();
            studio.feed(publication, frames.subList(0, 60));
            CountDownLatch disk = new CountDownLatch(1);
            studio.recordings.writers().getFirst().execute(() -> awaitQuietly(disk));
            // Forty seconds come while the disk stands still: were this thread to wait, the test would end here.
            frames.subList(60, 1260).forEach(publication::write);
            disk.countDown();
            studio.settle();
            long gap = studio.recordings.active().getFirst().gapFrames();
            assertTrue(gap > 600 && gap <= 1200, gap + " frames are missing");
            studio.feed(publication, frames.subList(1260, 1500));
            studio.end(publication);

            assertEquals(1500, live.frames());
            Path file = studio.file("a.mp4");
            Judge.assertDecodes(file);
            List<Judge.Packet> packets = Judge.packets(file).get("video");
            assertEquals(1500 - gap, packets.size());
            for (int i = 1; i < packets.size(); i++) {
                if (packets.get(i).ptsMillis() - packets.get(i - 1).ptsMillis() > 100) {
                    assertEquals(
                            0,
                            packets.get(i).ptsMillis() % 1000,
                            "after the gap it goes on with a keyframe, in its place");
                }
            }
        }
    }

    @Test
    void aStopWaitsAsLongAsTheSettingsSayAndTheNextStartFinishesTheRest() throws Exception {
        CountDownLatch disk = new CountDownLatch(1);
        List<Frame> frames = TestMedia.h264(2);
        TestStudio studio = new TestStudio(dir, "file_recorder_thread_pool_max_size=1", "record_stop_timeout=1");
        studio.feed(studio.publish("a"), frames);
        studio.recordings.writers().getFirst().execute(() -> awaitQuietly(disk));
        long began = System.nanoTime();
        studio.close();
        long tookMillis = (System.nanoTime() - began) / 1_000_000;
        assertTrue(tookMillis >= 1000 && tookMillis < 15_000, "not the default: " + tookMillis + " ms");
        assertEquals(List.of(), studio.names());
        disk.countDown();
        // A server that is gone writes nothing any more.
        assertTrue(studio.recordings.writers().getFirst().close(TimeUnit.MINUTES.toNanos(1)));
        try (TestStudio next = new TestStudio(dir)) {
            assertEquals(1, next.recordings.recover());
            Judge.assertDecodes(next.file("a.mp4"));
        }
    }

    @Test
    void recordingsAreSpreadOverAsManyThreadsAsTheSettingsSay() throws Exception {
        try (TestStudio studio = new TestStudio(dir, "file_recorder_thread_pool_max_size=3")) {
            List<Publication> publications = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                publications.add(studio.publish("s" + i));
            }
            assertEquals(
                    List.of(2, 2, 2),
                    studio.recordings.writers().stream()
                            .map(writer -> writer.recordings().get())
                            .toList());
            publications.forEach(Publication::close);
        }
    }

    @Test
    void withoutSpaceNothingStarts() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.NO, Expects.VIDEO);
            String session = publication.stream().mediaSessionId();
            studio.usableSpace = (1 << 20) - 1;
            RecordingRefusedException refused = assertThrows(
                    RecordingRefusedException.class, () -> studio.recordings.start(session, RecordingRequest.DEFAULT));
            assertEquals(RecordingRefusedException.Reason.NO_SPACE, refused.reason());
            assertEquals("Not enough available disk space", refused.getMessage());
            Publication other = studio.publish("b");
            studio.feed(other, TestMedia.h264(2));
            studio.awaitFinished();
            assertFalse(other.stream().statistics().ended());
            assertEquals(List.of(), studio.allFiles());
            studio.usableSpace = 1 << 20;
            studio.recordings.start(session, RecordingRequest.DEFAULT);
            studio.feed(publication, TestMedia.h264(2));
            studio.end(publication);
            Judge.assertHolds(studio.file("a.mp4"), TestMedia.h264(2));
        }
    }

    @Test
    void whenTheSpaceRunsOutRecordingsStopAndAreFinishedAndTheHookIsTold() throws Exception {
        Path notes = dir.resolve("notes");
        List<Frame> frames = TestMedia.h264(4);
        try (TestStudio studio = new TestStudio(dir.resolve("d"), Optional.of(TestStudio.notingHook(dir, notes)))) {
            Publication publication = studio.publish("a");
            Reader live = publication.stream().subscribe(unbounded());
            studio.feed(publication, frames.subList(0, 60));
            studio.usableSpace = 0;
            studio.feed(publication, frames.subList(60, 120));
            studio.awaitFinished();
            assertFalse(publication.stream().statistics().ended());
            assertEquals(120, live.frames());
            Path file = studio.file("a.mp4");
            int held = Judge.packets(file).get("video").size();
            assertTrue(held >= 60 && held < 120, held + " frames");
            Judge.assertHolds(file, frames.subList(0, held));
            Await.await("the hook ran", () -> TestStudio.lines(notes).size() == 1);
            assertEquals("no_space a " + file, TestStudio.lines(notes).getFirst());
        }
    }

    @Test
    void whatTheSettingsRecordGoesOnWhenThereIsSpaceAgain() throws Exception {
        List<Frame> frames = TestMedia.h264(8);
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            Publication demanded = studio.publish("b", RecordWish.NO, Expects.VIDEO);
            studio.recordings.start(demanded.stream().mediaSessionId(), RecordingRequest.DEFAULT);
            studio.feed(publication, frames.subList(0, 60));
            studio.feed(demanded, frames.subList(0, 60));
            studio.usableSpace = 0;
            studio.feed(publication, frames.subList(60, 120));
            studio.feed(demanded, frames.subList(60, 120));
            studio.awaitFinished();
            Publication late = studio.publish("late");
            studio.feed(late, frames.subList(0, 75));
            studio.awaitFinished();
            // Not yet: a little more than the least is needed, or it would stop again at once.
            studio.usableSpace = 1 << 20;
            assertFalse(studio.recordings.isRecording(publication.stream().mediaSessionId()));
            studio.usableSpace = 2 << 20;
            for (Publication one : List.of(publication, late)) {
                // Its last group too, so before anything else comes.
                Await.await(
                        "it is recorded again", () -> one.stream().statistics().readers() == 1);
            }
            assertFalse(studio.recordings.isRecording(demanded.stream().mediaSessionId()), "nobody demanded it");
            studio.feed(publication, frames.subList(120, 240));
            publication.close();
            studio.feed(late, frames.subList(75, 120));
            late.close();
            studio.awaitFinished();
            assertEquals(List.of("a-2.mp4", "a.mp4", "b.mp4", "late.mp4"), studio.names());
            Judge.assertHolds(studio.file("a-2.mp4"), frames.subList(90, 240));
            Judge.assertHolds(studio.file("late.mp4"), frames.subList(60, 120));
        }
    }

    @Test
    void aFolderThatBecomesReadOnlyStopsTheRecordingWithinItsNextFragment() throws Exception {
        Path disk = Files.createDirectory(dir.resolve("disk"));
        if (mount("-t", "tmpfs", "-o", "size=32m", "none", disk.toString()) != 0) {
            System.out.println("SKIPPED: no right to mount a disk here");
            return;
        }
        try (TestStudio studio = new TestStudio(disk, "mp4_container_moov_reserved_space_size=64")) {
            Publication publication = studio.publish("a");
            Reader live = publication.stream().subscribe(unbounded());
            List<Frame> frames = minute();
            studio.feed(publication, frames.subList(0, 75));
            assertEquals(0, readOnly(disk));
            studio.feed(publication, frames.subList(75, 135));
            assertFalse(
                    studio.recordings.isRecording(publication.stream().mediaSessionId()), "stopped within two seconds");
            assertFalse(publication.stream().statistics().ended());
            assertEquals(135, live.frames());
            assertEquals(0, Ffmpeg.run(List.of("umount", disk.toString())).exitCode());
            Await.await(
                    "it goes on",
                    () -> studio.recordings.isRecording(publication.stream().mediaSessionId()));
            studio.feed(publication, frames.subList(135, 300));
            publication.close();
            Await.await("the second part is in place", () -> !studio.names().isEmpty());
        } finally {
            Ffmpeg.run(List.of("umount", "-l", disk.toString()));
            Ffmpeg.run(List.of("umount", "-l", disk.toString()));
        }
    }

    private static int mount(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(arguments));
        return Ffmpeg.run(command).exitCode();
    }

    /// A file that is open for writing forbids a plain remount; a second mount over the first one does not care.
    private static int readOnly(Path disk) throws Exception {
        return mount("--bind", disk.toString(), disk.toString()) + mount("-o", "remount,ro,bind", disk.toString());
    }

    @Test
    void aDiskThatIsFullToTheLastByteLeavesWhatFitted() throws Exception {
        Path small = Files.createDirectory(dir.resolve("small"));
        if (Ffmpeg.run(List.of("mount", "-t", "tmpfs", "-o", "size=1m", "none", small.toString()))
                        .exitCode()
                != 0) {
            System.out.println("SKIPPED: no right to mount a small disk here");
            return;
        }
        try {
            // The guard sees space enough: the disk itself refuses.
            try (TestStudio studio = new TestStudio(
                    dir,
                    "record_dir=" + small,
                    "record_tmp_dir=" + small,
                    "mp4_container_moov_reserved_space_size=64")) {
                Publication publication = studio.publish("a");
                Reader live = publication.stream().subscribe(unbounded());
                List<Frame> frames = minute();
                studio.feed(publication, frames);
                Await.await(
                        "it stopped",
                        () -> !studio.recordings.isRecording(
                                publication.stream().mediaSessionId()));
                assertEquals(frames.size(), live.frames());
                assertFalse(publication.stream().statistics().ended());
            }
            // Whether it could be finished or not: it opens, to the last whole fragment.
            Path file;
            try (var files = Files.list(small)) {
                file = files.filter(path -> path.toString().endsWith(".mp4"))
                        .findFirst()
                        .orElseThrow();
            }
            Judge.assertDecodes(file);
            assertTrue(Judge.packets(file).get("video").size() > 300, "most of it is there");
        } finally {
            Ffmpeg.run(List.of("umount", small.toString()));
        }
    }

    @Test
    void aFolderThatDisappearsStopsTheRecordingOnly() throws Exception {
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a");
            Reader live = publication.stream().subscribe(unbounded());
            Files.delete(studio.tmp.resolve(FolderLock.NAME));
            Files.delete(studio.tmp);
            studio.feed(publication, minute());
            Await.await(
                    "it stopped",
                    () -> !studio.recordings.isRecording(publication.stream().mediaSessionId()));
            assertFalse(publication.stream().statistics().ended());
            assertEquals(minute().size(), live.frames());
            Files.createDirectory(studio.tmp);
            studio.recordings.start(publication.stream().mediaSessionId(), RecordingRequest.DEFAULT);
            studio.feed(publication, TestMedia.shifted(TestMedia.h264(2), 60_000_000_000L));
            studio.end(publication);
            assertEquals(List.of("a.mp4"), studio.names(), "it can be started again without a restart");
        }
    }

    @Test
    void aWriteThatFailsLeavesTheFileAsItWas() throws Exception {
        Path file = dir.resolve("file");
        try (DiskWriter writer = new DiskWriter("test")) {
            RecordingFile output = new RecordingFile(file, writer, RecordingFile.Options.CACHED);
            output.append(List.of(Bytes.ofUtf8("whole ")));
            output.skip(2);
            output.append(List.of(Bytes.ofUtf8("and"), Bytes.ofUtf8(" good")));
            output.patch(6, Bytes.ofUtf8("; "));
            output.close();
            assertThrows(IOException.class, () -> output.append(List.of(Bytes.ofUtf8("torn"))));
            assertEquals(16, output.size());
            assertEquals(3, writer.writeCalls());
        }
        assertEquals("whole ; and good", Files.readString(file));
    }

    @Test
    void anAppendLargerThanTheBufferIsWhole() throws Exception {
        Path file = dir.resolve("file");
        byte[] large = new byte[3 * DiskWriter.BUFFER_BYTES + 17];
        new Random(1).nextBytes(large);
        try (DiskWriter writer = new DiskWriter("test");
                RecordingFile output = new RecordingFile(file, writer, RecordingFile.Options.CACHED)) {
            output.append(List.of(Bytes.ofUtf8("x"), Bytes.wrap(large), Bytes.ofUtf8("y")));
            assertEquals(large.length + 2, output.size());
            assertEquals(4, writer.writeCalls());
        }
        byte[] read = Files.readAllBytes(file);
        assertEquals(Bytes.wrap(large), Bytes.wrap(read).slice(1, read.length - 1));
    }

    @Test
    void aFolderThatIsAwayForAWhileLosesNothingThatWasWritten() throws Exception {
        List<Frame> frames = minute();
        try (TestStudio studio = new TestStudio(dir)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.VIDEO);
            studio.feed(publication, frames.subList(0, 75));
            Path away = studio.tmp.resolveSibling("away");
            Files.move(studio.tmp, away);
            // Neither can the old file be finished nor a new one be made.
            studio.recordings.start(publication.stream().mediaSessionId(), RecordingRequest.DEFAULT);
            studio.settle();
            Files.move(away, studio.tmp);
            studio.feed(publication, frames.subList(75, 300));
            studio.end(publication);
        }
        try (TestStudio studio = new TestStudio(dir)) {
            studio.recordings.recover();
            List<String> names = studio.names();
            assertEquals(2, names.size(), names.toString());
            int held = 0;
            for (String name : names) {
                Judge.assertDecodes(studio.file(name));
                held += Judge.packets(studio.file(name)).get("video").size();
            }
            assertTrue(held >= 75 + 210, held + " frames");
        }
    }

    private static ReaderOptions unbounded() {
        return new ReaderOptions("live", false, true, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, () -> {});
    }

    /// A minute of video with a keyframe every second.
    private static List<Frame> minute() {
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            frames.addAll(TestMedia.shifted(TestMedia.h264(4), i * 4_000_000_000L));
        }
        return frames;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("the disk was never released");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
