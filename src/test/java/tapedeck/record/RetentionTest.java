package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.database.Database;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;
import tapedeck.stream.Publication;

/// Which files go, with a clock and a disk of our own.
@Timeout(180)
class RetentionTest {
    private static final Instant NOW = Instant.parse("2026-06-15T12:00:00Z");

    @TempDir
    Path dir;

    private volatile long freeBytes = Long.MAX_VALUE;
    private Path cuts;
    private RetentionRules.FreeSpace freeSpace = () -> freeBytes;

    /// Ten real recordings, one a day, the newest today; what is left after retention has run once.
    private List<String> left(Settings.Retention limits) throws Exception {
        Path records = Files.createDirectories(dir.resolve("records"));
        Path outside = Files.writeString(dir.resolve("outside.webm"), "x".repeat(1000));
        byte[] film = film();
        for (int i = 0; i < 10; i++) {
            Path file = Files.write(records.resolve("day%d.webm".formatted(i)), film);
            Files.setLastModifiedTime(file, FileTime.from(NOW.minus(Duration.ofDays(i))));
        }
        Files.writeString(records.resolve("notes.txt"), "x".repeat(1000));
        Path junk = Files.writeString(records.resolve("junk.mp4"), "no film");
        Files.setLastModifiedTime(junk, FileTime.from(NOW.minus(Duration.ofDays(100))));
        Path growing = Files.createDirectories(dir.resolve("growing"));
        RecordFolder folder = new RecordFolder(records, cuts == null ? records : cuts);
        Journals journals = new Journals(growing, false);
        try (Database database = new Database(new Settings.Database("", "", ""), dir);
                Catalogue catalogue = new Catalogue(dir, folder, journals, Map::of)) {
            catalogue.keep(database, new RetentionRules(limits, () -> NOW, freeSpace));
            Await.await("all are listed", () -> total(catalogue) == expected(records));
            Await.await("retention has run", () -> catalogue.retentionRuns() > 0);
        }
        assertTrue(Files.exists(outside));
        assertTrue(Files.exists(records.resolve("notes.txt")));
        assertTrue(Files.exists(junk), "what cannot be read is nobody's recording");
        try (var files = Files.list(records)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("day"))
                    .sorted()
                    .toList();
        }
    }

    private static long expected(Path records) {
        return java.util.Arrays.stream(records.toFile().list())
                .filter(name -> RecordFolder.container(name) != null)
                .count();
    }

    private static long total(Catalogue catalogue) {
        try {
            return catalogue.find(CatalogueCases.all()).total();
        } catch (CatalogueAwayException _) {
            return -1;
        }
    }

    private byte[] film() throws Exception {
        try (TestStudio studio = new TestStudio(dir.resolve("studio"))) {
            Publication publication = studio.publish("film");
            List<Frame> frames = TestMedia.vp8(1);
            studio.feed(publication, frames);
            studio.end(publication);
            return Files.readAllBytes(studio.file("film.webm"));
        }
    }

    private static List<String> days(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj("day%d.webm"::formatted).toList();
    }

    @Test
    void whatIsOlderThanTheDaysGoes() throws Exception {
        assertEquals(
                days(0, 4),
                left(new Settings.Retention(5, 0, 0)).stream()
                        .filter(n -> !n.equals("day5.webm"))
                        .toList());
    }

    @Test
    void theOldestGoWhileAllTogetherAreTooLarge() throws Exception {
        long size = film().length;
        assertEquals(days(0, 2), left(new Settings.Retention(0, size * 3 + size / 2, 0)));
    }

    @Test
    void theOldestGoWhileTheDiskIsTooFull() throws Exception {
        long size = film().length;
        freeBytes = 10_000_000;
        assertEquals(days(0, 7), left(new Settings.Retention(0, 0, 10_000_000 + 2 * size)));
    }

    @Test
    void whereTheFreeSpaceIsUnknownNothingGoes() throws Exception {
        freeSpace = () -> {
            throw new IOException("no such disk");
        };
        assertEquals(days(0, 9), left(new Settings.Retention(0, 0, Long.MAX_VALUE)));
    }

    @Test
    void aDeletionThatFailsDoesNotKeepTheNextOnes() throws Exception {
        // The file goes, and then its cuts cannot be listed.
        cuts = Files.writeString(dir.resolve("no-folder"), "");
        assertEquals(
                days(0, 4),
                left(new Settings.Retention(5, 0, 0)).stream()
                        .filter(n -> !n.equals("day5.webm"))
                        .toList());
    }

    @Test
    void withoutLimitsNothingGoes() throws Exception {
        assertEquals(days(0, 9), left(new Settings.Retention(0, 0, 0)));
    }

    /// An empty folder, where the disk of recordings is not mounted, is not theirs.
    @Test
    void inAFolderThatIsNotTheOneThatWasKnownNothingGoes() throws Exception {
        assertEquals(days(0, 9), left(new Settings.Retention(0, 0, 0)));
        Path records = dir.resolve("records");
        Path disk = Files.move(records, dir.resolve("disk"));
        Files.createDirectories(records);
        Path old = Files.copy(disk.resolve("day9.webm"), records.resolve("old.webm"));
        Files.setLastModifiedTime(old, FileTime.from(NOW.minus(Duration.ofDays(20))));
        RecordFolder folder = new RecordFolder(records, records);
        try (Database database = new Database(new Settings.Database("", "", ""), dir);
                Catalogue catalogue = new Catalogue(dir, folder, new Journals(dir.resolve("growing")), Map::of)) {
            catalogue.keep(database, new RetentionRules(new Settings.Retention(5, 0, 0), () -> NOW, freeSpace));
            Await.await("the new one is listed, the others still are", () -> total(catalogue) == 12);
            Files.copy(old, records.resolve("second.webm"));
            Await.await("it was looked again", () -> total(catalogue) == 13);
            assertEquals(0, catalogue.retentionRuns());
            assertTrue(Files.exists(old));
        }
    }

    @Test
    void whatIsStillWorkedOnStays() throws Exception {
        Files.createDirectories(dir.resolve("records"));
        try (Database database = new Database(new Settings.Database("", "", ""), dir);
                TestStudio studio = new TestStudio(dir, "record_retention_max_size=1m")) {
            studio.recordings.keepCatalogue(database);
            Publication publication = studio.publish("grows");
            studio.feed(publication, TestMedia.vp8(2));
            RecordingEntry grows = CatalogueCases.await(studio.recordings, list -> list.size() == 1)
                    .getFirst();
            assertEquals(Deletion.BUSY, studio.recordings.delete(grows.id()));
            studio.end(publication);
            RecordingEntry ready = CatalogueCases.await(
                            studio.recordings, list -> list.getFirst().state().isFinished())
                    .getFirst();
            // As while its hook runs.
            Path journal = Files.createFile(studio.tmp.resolve(Journals.PREFIX + ready.id() + ".json"));
            assertEquals(Deletion.BUSY, studio.recordings.delete(ready.id()));
            Files.move(journal, studio.tmp.resolve(Journals.PREFIX + ready.id() + ".hooked"));
            assertEquals(Deletion.BUSY, studio.recordings.delete(ready.id()));
            Files.delete(studio.tmp.resolve(Journals.PREFIX + ready.id() + ".hooked"));
            assertEquals(Deletion.DELETED, studio.recordings.delete(ready.id()));
        }
    }
}
