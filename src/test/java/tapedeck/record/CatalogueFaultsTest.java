package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.Container;
import tapedeck.database.Database;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.PostgresCluster;
import tapedeck.peers.TestMedia;
import tapedeck.record.RecordingEntry.State;
import tapedeck.settings.Settings;
import tapedeck.stream.Publication;

/// The database goes away, comes back, or was never there.
@Timeout(300)
class CatalogueFaultsTest {
    private static final Settings.Database EMBEDDED = new Settings.Database("", "", "");

    @TempDir
    Path dir;

    private static void record(TestStudio studio, String name) throws Exception {
        Publication publication = studio.publish(name);
        studio.feed(publication, TestMedia.vp8(1));
        publication.close();
        Await.await(
                name + " is finished",
                () -> studio.recordings.file(name + ".webm").isPresent());
    }

    private static boolean allReady(List<RecordingEntry> list, int count) {
        return list.size() == count && list.stream().allMatch(entry -> entry.state() == State.READY);
    }

    @Test
    @Tag("peer")
    void postgresGoesDownAndComesBackAndNothingIsMissed() throws Exception {
        try (PostgresCluster cluster = new PostgresCluster()) {
            Settings.Database where = cluster.database();
            try (Database database = new Database(where, dir);
                    TestStudio studio = new TestStudio(dir)) {
                studio.recordings.keepCatalogue(database);
                Publication across = studio.publish("across");
                List<Frame> frames = TestMedia.vp8(6);
                studio.feed(across, frames.subList(0, frames.size() / 2));
                CatalogueCases.await(studio.recordings, list -> list.size() == 1);
                cluster.stop();
                for (int i = 0; i < 5; i++) {
                    record(studio, "while-away-" + i);
                }
                Await.await("the catalogue says that it is away", () -> isAway(studio.recordings));
                studio.feed(across, frames.subList(frames.size() / 2, frames.size()));
                cluster.start();
                List<RecordingEntry> back = CatalogueCases.await(studio.recordings, list -> list.size() == 6);
                assertEquals(
                        List.of(
                                "across",
                                "while-away-0",
                                "while-away-1",
                                "while-away-2",
                                "while-away-3",
                                "while-away-4"),
                        back.stream().map(RecordingEntry::streamName).sorted().toList());
                assertEquals(
                        5,
                        back.stream()
                                .filter(entry -> entry.state() == State.READY)
                                .count());
                cluster.stop();
                record(studio, "before-the-restart");
                studio.end(across);
            }
            cluster.start();
            try (Database database = new Database(where, dir);
                    TestStudio studio = new TestStudio(dir)) {
                studio.recordings.keepCatalogue(database);
                List<RecordingEntry> list = CatalogueCases.await(studio.recordings, found -> allReady(found, 7));
                assertTrue(list.stream().allMatch(entry -> entry.quality() != null), list.toString());
                assertTrue(list.stream().anyMatch(entry -> entry.streamName().equals("before-the-restart")));
            }
        }
    }

    private static boolean isAway(Recordings recordings) {
        try {
            recordings.find(CatalogueCases.all());
            return false;
        } catch (CatalogueAwayException _) {
            return true;
        }
    }

    @Test
    void aDamagedFileIsMadeAnewFromTheFolder() throws Exception {
        try (Database database = new Database(EMBEDDED, dir);
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            record(studio, "a");
            record(studio, "b");
            CatalogueCases.await(studio.recordings, list -> allReady(list, 2));
        }
        Files.writeString(dir.resolve("catalogue.mv.db"), "rubbish".repeat(1000));
        try (Database database = new Database(EMBEDDED, dir);
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            record(studio, "c");
            List<RecordingEntry> list = CatalogueCases.await(studio.recordings, found -> allReady(found, 3));
            assertEquals(
                    List.of("", "", "c"),
                    list.stream().map(RecordingEntry::streamName).sorted().toList());
        }
    }

    @Test
    void whatWaitsIsBoundedAndNothingOfItIsLost() throws Exception {
        Path pending = dir.resolve("pending");
        ChangeQueue queue = new ChangeQueue(pending, 10);
        for (int i = 0; i < 35; i++) {
            queue.put(entry("id" + i));
        }
        queue.tell("id30", FileEvent.Told.Listener.HOOK, new RecordingEntry.Outcome("failed", 3, "no"));
        assertEquals(10, queue.next(100).size());
        assertEquals(35, pending.toFile().list().length);
        ChangeQueue afterDeath = new ChangeQueue(pending, 10);
        java.util.Map<String, RecordingEntry> written = new java.util.HashMap<>();
        for (List<ChangeQueue.Change> batch = afterDeath.next(4); !batch.isEmpty(); batch = afterDeath.next(4)) {
            assertTrue(batch.size() <= 4);
            batch.forEach(change -> written.put(change.id(), ((ChangeQueue.Change.Put) change).entry()));
            afterDeath.done(batch);
        }
        assertEquals(35, written.size());
        assertNotNull(written.get("id30").hook());
        assertEquals(0, pending.toFile().list().length);
    }

    @Test
    void openEntriesAndRemovalsAreBoundedTooAndTheLastWordsAreKept() throws Exception {
        ChangeQueue queue = new ChangeQueue(dir.resolve("pending"), 10);
        for (int i = 0; i < 35; i++) {
            RecordingEntry last = entry("id" + i);
            queue.put(last.with(State.RECORDING, "", 0));
            queue.put(last.with(State.FINISHING, "stopped", 2));
            queue.put(last);
            queue.remove("empty" + i);
            assertTrue(queue.next(100).size() <= 10);
        }
        java.util.Map<String, State> written = new java.util.HashMap<>();
        for (List<ChangeQueue.Change> batch = queue.next(4); !batch.isEmpty(); batch = queue.next(4)) {
            for (ChangeQueue.Change change : batch) {
                if (change instanceof ChangeQueue.Change.Put put) {
                    written.put(put.id(), put.entry().state());
                }
            }
            queue.done(batch);
        }
        assertEquals(35, written.size());
        assertEquals(java.util.Set.of(State.READY), java.util.Set.copyOf(written.values()));
    }

    /// The disk of the data folder stands still in the middle of a write: a named pipe that nobody reads.
    @Test
    void whoWritesRecordingsDoesNotWaitForTheDiskOfTheQueue() throws Exception {
        Path pending = Files.createDirectories(dir.resolve("pending"));
        Path stuck = pending.resolve("stuck.json.new");
        assertEquals(0, new ProcessBuilder("mkfifo", stuck.toString()).start().waitFor());
        ChangeQueue queue = new ChangeQueue(pending, 10);
        Thread finisher = Thread.ofPlatform().daemon().start(() -> queue.put(entry("stuck")));
        Await.await("the last word on a file is being written", () -> in(finisher, "keep"));
        Thread writer = Thread.ofPlatform().daemon().start(() -> {
            queue.put(entry("grows").with(State.RECORDING, "", 0));
            queue.put(entry("grows").with(State.FINISHING, "stopped", 0));
        });
        writer.join(Duration.ofSeconds(60));
        assertFalse(writer.isAlive(), "it waits for the disk");
        assertTrue(finisher.isAlive());
        Files.readAllBytes(stuck);
        finisher.join();
        assertEquals(2, queue.next(10).size());
    }

    private static boolean in(Thread thread, String method) {
        return Arrays.stream(thread.getStackTrace())
                .anyMatch(frame -> frame.getMethodName().equals(method));
    }

    @Test
    void rubbishAmongWhatWaitsIsDropped() throws Exception {
        Path pending = Files.createDirectories(dir.resolve("pending"));
        Files.writeString(pending.resolve("a.json"), "{");
        Files.writeString(pending.resolve("b.json"), "{\"id\": \"other\"}");
        Files.writeString(pending.resolve("c.json"), "[]");
        Files.writeString(pending.resolve("e.json"), "{\"id\": \"e\"}");
        Files.write(pending.resolve("d.json"), new byte[ChangeQueue.MAX_FILE_BYTES + 1]);
        ChangeQueue queue = new ChangeQueue(pending, 10);
        queue.put(entry("good"));
        assertEquals(1, queue.next(10).size());
        queue.done(queue.next(10));
        assertEquals(List.of(), queue.next(10));
        assertEquals(0, pending.toFile().list().length);
    }

    static RecordingEntry entry(String id) {
        return new RecordingEntry(
                id,
                new RecordingEntry.Origin(id, 1, "s", "m", "l", "RTMP"),
                new RecordingEntry.Media(id + ".mp4", Container.MP4, List.of(), 1, 4, 5, 3),
                new RecordingEntry.Stage(State.READY, "stopped", 2),
                RecordingEntry.Report.NONE);
    }

    @Test
    void aRowThatTheDatabaseRefusesDoesNotKeepTheOthersOut() throws Exception {
        Path records = Files.createDirectories(dir.resolve("records"));
        RecordFolder folder = new RecordFolder(records, records);
        ChangeQueue queue = new ChangeQueue(dir.resolve(Catalogue.PENDING), 10);
        queue.put(entry("x".repeat(100)));
        queue.put(entry("good"));
        try (Database database = new Database(EMBEDDED, dir);
                Catalogue catalogue = new Catalogue(dir, folder, new Journals(records, false), Map::of)) {
            catalogue.keep(
                    database,
                    new RetentionRules(
                            new Settings.Retention(0, 0, 0), java.time.InstantSource.system(), () -> Long.MAX_VALUE));
            Await.await(
                    "both are dealt with",
                    () -> dir.resolve(Catalogue.PENDING).toFile().list().length == 0);
        }
    }
}
