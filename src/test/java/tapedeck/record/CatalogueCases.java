package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.text.Normalizer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.Container;
import tapedeck.database.Database;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.record.RecordingEntry.State;
import tapedeck.record.RecordingQuery.Sort;
import tapedeck.settings.Settings;
import tapedeck.stream.Publication;

/// What the catalogue does, whatever its database is.
@Timeout(180)
class CatalogueCases {
    @TempDir
    Path dir;

    Settings.Database settings() throws Exception {
        return new Settings.Database("", "tapedeck", "");
    }

    final Database opened(Settings.Database where) throws Exception {
        return new Database(where, dir);
    }

    static RecordingQuery all() {
        return new RecordingQuery(null, null, null, null, null, null, Sort.START, true, 0, 50);
    }

    private static RecordingQuery text(String text) {
        return new RecordingQuery(text, null, null, null, null, null, Sort.START, true, 0, 50);
    }

    /// What is listed, as soon as it is as `expected` says.
    static List<RecordingEntry> await(
            Recordings recordings, java.util.function.Predicate<List<RecordingEntry>> expected)
            throws InterruptedException {
        AtomicReference<List<RecordingEntry>> last = new AtomicReference<>(List.of());
        try {
            Await.await("the catalogue is as expected", () -> {
                try {
                    last.set(recordings.find(all()).entries());
                    return expected.test(last.get());
                } catch (CatalogueAwayException _) {
                    return false;
                }
            });
        } catch (AssertionError e) {
            throw new AssertionError("the catalogue was last " + last, e);
        }
        return last.get();
    }

    private static RecordingEntry only(Recordings recordings, State state) throws InterruptedException {
        return await(recordings, list -> list.size() == 1 && list.getFirst().state() == state)
                .getFirst();
    }

    @Test
    void aRecordingIsListedFromItsFirstFrameToItsEnd() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(4), TestMedia.aac(4));
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            Publication publication = studio.publish("studio/ä");
            studio.feed(publication, frames.subList(0, frames.size() / 2));
            RecordingEntry grows = only(studio.recordings, State.RECORDING);
            assertEquals("studio/ä", grows.streamName());
            assertEquals("somebody", grows.login());
            assertEquals("RTMP", grows.protocol());
            assertEquals(1, grows.part());
            assertEquals(2, grows.tracks().size());
            assertTrue(grows.durationMillis() > 500, grows.toString());
            assertTrue(grows.sizeBytes() > 1000, grows.toString());
            assertEquals(Deletion.BUSY, studio.recordings.delete(grows.id()));
            RecordingPage page = studio.recordings.find(all());
            assertEquals(page.entries().getFirst().sizeBytes(), page.totalBytes(), "what grows counts too");
            assertEquals(0, studio.recordings.find(text("nobody")).totalBytes());
            studio.feed(publication, frames.subList(frames.size() / 2, frames.size()));
            studio.end(publication);
            RecordingEntry ready = only(studio.recordings, State.READY);
            assertEquals(grows.id(), ready.id());
            assertEquals("studioä.mp4", ready.fileName());
            assertEquals("stopped", ready.reason());
            assertEquals(4000.0, ready.durationMillis() * 1.0, 150);
            assertEquals(Files.size(studio.file("studioä.mp4")), ready.sizeBytes());
            assertEquals(320, ready.tracks().getFirst().width());
            Quality quality = ready.quality();
            assertNotNull(quality);
            assertEquals(0, quality.framesMissing());
            assertTrue(quality.freezeMillis() < 150, quality.toString());
            assertEquals(Optional.of(ready), studio.recordings.find(ready.id()));
            assertEquals(Deletion.DELETED, studio.recordings.delete(ready.id()));
            assertEquals(List.of(), studio.allFiles());
            assertEquals(Deletion.UNKNOWN, studio.recordings.delete(ready.id()));
            assertEquals(0, studio.recordings.find(all()).total());
        }
    }

    @Test
    void partsOfARecordingBelongTogether() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            Publication publication = studio.publish("a");
            publication.write(TestMedia.vp8(1).getFirst());
            studio.settle();
            studio.recordings.start(publication.stream().mediaSessionId(), new RecordingRequest("p", "1"));
            studio.feed(publication, TestMedia.vp8(5));
            studio.end(publication);
            List<RecordingEntry> entries = await(
                    studio.recordings,
                    list -> list.size() > 3 && list.stream().allMatch(e -> e.state() == State.READY));
            List<RecordingEntry> parts =
                    entries.stream().filter(e -> e.fileName().startsWith("p")).toList();
            assertTrue(parts.size() > 2, parts.toString());
            assertEquals(
                    1,
                    parts.stream().map(RecordingEntry::recordingId).distinct().count());
            assertEquals(1, parts.getLast().part());
            assertEquals(parts.size(), parts.getFirst().part());
            assertEquals("rotated", parts.getLast().reason());
        }
    }

    @Test
    void filesPutInRenamedChangedAndTakenOutAreNoticed() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            studio.record("a", TestMedia.vp8(2));
            RecordingEntry ready = only(studio.recordings, State.READY);
            Path file = studio.file("a.webm");
            Files.copy(file, studio.records.resolve("copy.webm"), StandardCopyOption.COPY_ATTRIBUTES);
            Files.writeString(studio.records.resolve("junk.mp4"), "no film");
            Files.writeString(studio.records.resolve("notes.txt"), "no film");
            List<RecordingEntry> three = await(studio.recordings, list -> list.size() == 3);
            assertEquals(State.FAILED, by(three, "junk.mp4").state());
            assertEquals(State.READY, by(three, "copy.webm").state());
            assertEquals(ready.durationMillis(), by(three, "copy.webm").durationMillis());
            assertEquals("", by(three, "copy.webm").streamName());
            assertEquals(0, by(three, "copy.webm").part());
            assertNull(by(three, "copy.webm").quality());
            // A name that somebody changes keeps what is known of the file; but two files of the same size and time
            // could be either, so the copy goes first.
            Files.delete(studio.records.resolve("copy.webm"));
            Files.delete(studio.records.resolve("junk.mp4"));
            assertEquals(ready.id(), only(studio.recordings, State.READY).id());
            Files.move(file, studio.records.resolve("renamed.webm"));
            RecordingEntry renamed = await(
                            studio.recordings,
                            list -> list.size() == 1
                                    && list.getFirst().fileName().equals("renamed.webm"))
                    .getFirst();
            assertEquals(ready.id(), renamed.id());
            assertEquals("a", renamed.streamName());
            assertEquals(1, studio.recordings.find(text("RENAMED")).total());
            Files.writeString(studio.records.resolve("renamed.webm"), "spoilt");
            RecordingEntry spoilt = only(studio.recordings, State.FAILED);
            assertEquals(ready.id(), spoilt.id());
            Files.delete(studio.records.resolve("renamed.webm"));
            assertEquals(List.of(), await(studio.recordings, List::isEmpty));
        }
    }

    /// Somebody moved x.webm away, and the next recording got its name.
    @Test
    void deletingTheOlderOfOneNameLeavesTheFileOfTheNewer() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            studio.record("x", TestMedia.vp8(2));
            RecordingEntry newer = only(studio.recordings, State.READY);
            RecordingEntry older = CatalogueFaultsTest.entry("older").of("x.webm", 5, newer.modifiedAtMillis() - 1000);
            EntryTable table = new EntryTable(database.node());
            database.change(handle -> {
                table.put(handle, older);
                return true;
            });
            assertEquals(Deletion.DELETED, studio.recordings.delete("older"));
            assertEquals(newer.sizeBytes(), Files.size(studio.file("x.webm")));
            assertEquals(newer.id(), only(studio.recordings, State.READY).id());
            // Without a deletion the older row goes by itself.
            database.change(handle -> {
                table.put(handle, older);
                return true;
            });
            Files.writeString(studio.records.resolve("notes.txt"), "so that somebody looks");
            assertEquals(newer.id(), only(studio.recordings, State.READY).id());
            assertEquals(Deletion.DELETED, studio.recordings.delete(newer.id()));
            assertFalse(Files.exists(studio.records.resolve("x.webm")));
        }
    }

    @Test
    void aCutIsNoRecordingAndGoesWithIts() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            studio.record("a", TestMedia.h264(2));
            Path cut = studio.recordings.cuts().cut(studio.file("a.mp4"), new CutRange(0, 1000, true));
            assertEquals("a-s0-e1.mp4", cut.getFileName().toString());
            // Only called like a cut, which a template can do.
            Path alike = Files.copy(studio.file("a.mp4"), studio.records.resolve("a-s0-e2.mp4"));
            Path other = Files.copy(studio.file("a.mp4"), studio.records.resolve("b-s0-e1.mp4"));
            List<RecordingEntry> listed = await(studio.recordings, list -> list.size() == 3);
            assertEquals(
                    Deletion.DELETED,
                    studio.recordings.delete(by(listed, "a.mp4").id()));
            assertFalse(Files.exists(cut));
            assertTrue(Files.exists(alike));
            assertTrue(Files.exists(other), "no recording b.mp4 is there: this is one itself");
        }
    }

    @Test
    void namesAreFoundHoweverTheyAreTyped() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            List<String> names = List.of(
                    "Käse.mp4",
                    Normalizer.normalize("Zürich.mp4", Normalizer.Form.NFD),
                    "100%.mp4",
                    "a_b.mp4",
                    "a'; DROP TABLE recording; --.mp4",
                    "日本語.mp4",
                    "\uD83D\uDE00!.mp4");
            Files.createDirectories(studio.records);
            for (String name : names) {
                Files.writeString(studio.records.resolve(name), "no film " + name);
            }
            await(studio.recordings, list -> list.size() == names.size());
            assertEquals(1, count(studio, "KÄSE"));
            assertEquals(1, count(studio, Normalizer.normalize("käse", Normalizer.Form.NFD)));
            assertEquals(1, count(studio, "zürich"));
            assertEquals(1, count(studio, "%"));
            assertEquals(1, count(studio, "_"));
            assertEquals(1, count(studio, "drop table"));
            assertEquals(1, count(studio, "'"));
            assertEquals(2, count(studio, "!") + count(studio, "語"));
            assertEquals(0, count(studio, "' OR '1'='1"));
            assertEquals(0, count(studio, "\\"));
            assertEquals(0, count(studio, "nul\0l \uD800"));
            assertEquals(names.size(), count(studio, ".MP4"));
            assertEquals(names.size(), count(studio, ""));
        }
    }

    private static long count(TestStudio studio, String text) throws CatalogueAwayException {
        return studio.recordings.find(text(text)).total();
    }

    @Test
    void pagesAndFiltersAndEverySort() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            Files.createDirectories(studio.records);
            for (int i = 0; i < 25; i++) {
                Path file = Files.writeString(
                        studio.records.resolve("f%02d.%s".formatted(i, i % 5 == 0 ? "webm" : "mp4")),
                        "x".repeat(i + 1));
                Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000 + i * 1000L));
            }
            await(studio.recordings, list -> list.size() == 25);
            for (Sort sort : Sort.values()) {
                for (boolean descending : new boolean[] {false, true}) {
                    java.util.Set<String> seen = new java.util.HashSet<>();
                    for (int page = 0; page < 4; page++) {
                        RecordingPage found = studio.recordings.find(
                                new RecordingQuery(null, null, null, null, null, null, sort, descending, page, 7));
                        assertEquals(25, found.total());
                        assertEquals(325, found.totalBytes());
                        found.entries().forEach(entry -> assertTrue(seen.add(entry.fileName()), entry.fileName()));
                    }
                    assertEquals(25, seen.size(), sort.toString());
                }
            }
            var query = new RecordingQuery(
                    null, null, State.FAILED, Container.WEBM, 1_005_000L, 1_020_000L, Sort.SIZE, true, 0, 10);
            assertEquals(
                    List.of("f15.webm", "f10.webm", "f05.webm"),
                    studio.recordings.find(query).entries().stream()
                            .map(RecordingEntry::fileName)
                            .toList());
            assertEquals(
                    0,
                    studio.recordings
                            .find(new RecordingQuery(null, "nobody", null, null, null, null, Sort.END, false, 0, 10))
                            .total());
        }
    }

    @Test
    void whatHappenedWithoutADatabaseIsThereAtTheNextStart() throws Exception {
        Settings.Database where = settings();
        String id;
        try (TestStudio studio = new TestStudio(dir)) {
            studio.record("alone", TestMedia.vp8(2));
        }
        try (Database database = opened(where);
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            RecordingEntry entry = only(studio.recordings, State.READY);
            assertEquals("alone", entry.streamName());
            assertNotNull(entry.quality());
            id = entry.id();
        }
        assertEquals(0, dir.resolve(Catalogue.PENDING).toFile().list().length);
        try (Database database = opened(where);
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            assertEquals(id, only(studio.recordings, State.READY).id());
        }
    }

    @Test
    void aRowWhoseFileAndJournalAreGoneIsGivenUp() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            Publication publication = studio.publish("a");
            studio.feed(publication, TestMedia.vp8(2));
            RecordingEntry grows = only(studio.recordings, State.RECORDING);
            // As if the server had died and somebody had cleaned up.
            Path elsewhere = dir.resolve("elsewhere");
            try (TestStudio next = new TestStudio(elsewhere)) {
                next.recordings.keepCatalogue(database);
                RecordingEntry given = only(next.recordings, State.FAILED);
                assertEquals(grows.id(), given.id());
                assertNotEquals("", given.reason());
                assertEquals(Deletion.DELETED, next.recordings.delete(given.id()));
            }
            publication.close();
        }
    }

    /// The disk of recordings is not mounted for a while: where it was there is an empty folder.
    @Test
    void anEmptyMountPointWipesNothing() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            for (String name : List.of("a", "b")) {
                studio.record(name, TestMedia.vp8(1));
            }
            List<RecordingEntry> known = await(
                    studio.recordings, list -> list.size() == 2 && list.stream().allMatch(CatalogueCases::isReady));
            Await.await("it is marked", () -> Files.exists(studio.records.resolve(RecordFolder.MARKER)));
            assertEquals(Optional.empty(), studio.recordings.file(RecordFolder.MARKER));
            Path disk = Files.move(studio.records, dir.resolve("disk"));
            Files.createDirectories(studio.records);
            // That it is listed shows that the folder was looked at.
            Files.writeString(studio.records.resolve("more.webm"), "x");
            List<RecordingEntry> kept = await(studio.recordings, list -> list.size() == 3);
            assertTrue(kept.containsAll(known), kept.toString());
            assertFalse(Files.exists(studio.records.resolve(RecordFolder.MARKER)));

            Files.delete(studio.records.resolve("more.webm"));
            Files.delete(studio.records);
            Files.move(disk, studio.records);
            await(studio.recordings, list -> list.equals(known));
            Files.delete(studio.records.resolve("a.webm"));
            await(studio.recordings, list -> list.size() == 1);
        }
    }

    static boolean isReady(RecordingEntry entry) {
        return entry.state() == State.READY;
    }

    /// As copying programs do: first the bytes, then the time of the original.
    @Test
    void aFileThatGetsItsOwnTimeLateIsListedAtThatTime() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            Files.createDirectories(studio.records);
            Path file = Files.writeString(studio.records.resolve("copied.mp4"), "not yet a movie");
            await(studio.recordings, list -> list.size() == 1);
            Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
            List<RecordingEntry> seen =
                    await(studio.recordings, list -> list.getFirst().modifiedAtMillis() == 1_000_000);
            assertEquals(1_000_000, seen.getFirst().startedAtMillis());
            assertEquals(1_000_000, seen.getFirst().endedAtMillis());
        }
    }

    @Test
    void aFileThatSomebodyExchangedIsNotDeleted() throws Exception {
        try (Database database = opened(settings());
                TestStudio studio = new TestStudio(dir)) {
            studio.recordings.keepCatalogue(database);
            studio.record("a", TestMedia.vp8(1));
            RecordingEntry entry = only(studio.recordings, State.READY);
            Path file = studio.file("a.webm");
            Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
            assertEquals(Deletion.CHANGED, studio.recordings.delete(entry.id()));
            assertTrue(Files.exists(file));
        }
    }

    private static RecordingEntry by(List<RecordingEntry> list, String fileName) {
        return list.stream()
                .filter(entry -> entry.fileName().equals(fileName))
                .findFirst()
                .orElseThrow(() -> new AssertionError(fileName + " is not in " + list));
    }
}
