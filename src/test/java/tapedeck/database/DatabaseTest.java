package tapedeck.database;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.settings.Settings;

class DatabaseTest {
    private static final Settings.Database EMBEDDED = new Settings.Database("", "tapedeck", "");
    private static final String FILE = "catalogue.mv.db";

    @TempDir
    Path folder;

    @Test
    void whatWasWrittenIsThereAfterAReopening() throws Exception {
        String node;
        try (Database database = new Database(EMBEDDED, folder)) {
            database.open();
            node = database.node();
            write(database, 1, 3);
        }
        try (Database database = new Database(EMBEDDED, folder)) {
            database.open();
            assertEquals(3, count(database));
            assertEquals(node, database.node());
        }
    }

    @Test
    void aChangeThatFailsHalfwayLeavesNothing() throws Exception {
        try (Database database = new Database(EMBEDDED, folder)) {
            database.open();
            write(database, 1, 1);
            assertThrows(
                    DatabaseException.class,
                    () -> database.change(handle -> {
                        handle.execute("UPDATE recording SET stream_name = 'changed'");
                        return handle.execute("INSERT INTO nowhere VALUES (1)");
                    }));
            assertEquals(
                    List.of("s1"),
                    database.ask(handle -> handle.createQuery("SELECT stream_name FROM recording")
                            .mapTo(String.class)
                            .list()));
        }
    }

    @Test
    void aQuestionBeforeTheOpeningIsAnsweredAtOnce() throws Exception {
        try (Database database = new Database(EMBEDDED, folder)) {
            assertThrows(DatabaseException.class, () -> count(database));
        }
    }

    @Test
    void aPostgresThatIsNotThereIsOneMessage() throws Exception {
        var nowhere = new Settings.Database("jdbc:postgresql://127.0.0.1:1/none?password=secret", "u", "p");
        try (Database database = new Database(nowhere, folder)) {
            DatabaseException e = assertThrows(DatabaseException.class, database::open);
            assertTrue(
                    e.getMessage().startsWith("jdbc:postgresql://127.0.0.1:1/none: cannot be opened: "),
                    e.getMessage());
            assertFalse(e.getMessage().contains("secret"));
        }
    }

    @Test
    void aDamagedFileIsSetAsideAndMadeAnew() throws Exception {
        try (Database database = new Database(EMBEDDED, folder)) {
            database.open();
            write(database, 1, 500);
        }
        byte[] good = Files.readAllBytes(folder.resolve(FILE));
        Random random = new Random(7);
        for (int round = 0; round < 15; round++) {
            byte[] bad = good.clone();
            switch (round % 5) {
                case 4 ->
                    bad = "rubbish"
                            .repeat(1 + random.nextInt(3000))
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                case 0 -> random.nextBytes(bad);
                case 1 -> java.util.Arrays.fill(bad, (byte) 0);
                case 2 -> bad = java.util.Arrays.copyOf(good, random.nextInt(good.length));
                default -> {
                    for (int i = 0; i < bad.length / 20; i++) {
                        bad[random.nextInt(bad.length)] ^= (byte) (1 + random.nextInt(255));
                    }
                }
            }
            Files.write(folder.resolve(FILE), bad);
            int before = setAside();
            try (Database database = new Database(EMBEDDED, folder)) {
                usable(database);
                assertTrue(setAside() > before || count(database) >= 1, "round " + round);
            }
        }
        assertTrue(setAside() > 3);
    }

    @Test
    void damageThatIsFoundWhileItRunsIsAnsweredByTheNextOpening() throws Exception {
        try (Database database = new Database(EMBEDDED, folder)) {
            database.open();
            write(database, 1, 20_000);
        }
        try (Database database = new Database(EMBEDDED, folder)) {
            int first = database.open();
            try (RandomAccessFile file =
                    new RandomAccessFile(folder.resolve(FILE).toFile(), "rw")) {
                byte[] noise = new byte[(int) file.length() - 8192 - 65536];
                new Random(3).nextBytes(noise);
                file.seek(8192);
                file.write(noise);
            }
            boolean found = false;
            try {
                database.ask(handle -> handle.createQuery("SELECT max(login) FROM recording")
                        .mapTo(String.class)
                        .one());
            } catch (DatabaseException _) {
                found = true;
            }
            assertTrue(found, "the noise was not seen");
            assertNotEquals(first, database.open());
            assertEquals(0, count(database));
            write(database, 1, 1);
        }
    }

    @Test
    void whateverWasSaidToBeWrittenSurvivesKillMinusNine() throws Exception {
        Random random = new Random(5);
        int said = 0;
        for (int round = 0; round < 5; round++) {
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xshare:auto",
                            "-Xmx128m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            CrashingWriter.class.getName(),
                            folder.toString(),
                            Integer.toString(said + 1))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            int rows = 20 + random.nextInt(300);
            try (var lines = child.inputReader()) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.matches("\\d+")) {
                        said = Integer.parseInt(line);
                        if (--rows == 0) {
                            child.toHandle().destroyForcibly();
                        }
                    }
                }
            }
            child.waitFor();
            assertTrue(rows <= 0, "the child died by itself");
            try (Database database = new Database(EMBEDDED, folder)) {
                database.open();
                long there = count(database);
                assertTrue(there == said || there == said + 1, "said %d, there %d".formatted(said, there));
                said = (int) there;
            }
        }
        assertEquals(0, setAside());
    }

    /// Opens it, twice if damage shows only later, and writes.
    private static void usable(Database database) throws DatabaseException {
        database.open();
        try {
            write(database, 100_000, 100_001);
        } catch (DatabaseException _) {
            database.open();
            write(database, 100_000, 100_001);
        }
    }

    private int setAside() throws IOException {
        try (var files = Files.list(folder)) {
            return (int) files.filter(f -> f.toString().endsWith(".broken")).count();
        }
    }

    private static long count(Database database) throws DatabaseException {
        return database.ask(handle -> handle.createQuery("SELECT count(*) FROM recording")
                .mapTo(Long.class)
                .one());
    }

    static void write(Database database, int from, int to) throws DatabaseException {
        database.change(handle -> {
            var batch = handle.prepareBatch("INSERT INTO recording VALUES (:id, 'r', 'n', :stream, '', '', 'RTMP', 0,"
                    + " :file, 'mp4', '[]', 0, 0, 0, 0, 0, 'ready', '', NULL, NULL, NULL, NULL, '', NULL, '', '', NULL,"
                    + " '', '')");
            for (int i = from; i <= to; i++) {
                batch.bind("id", "id" + i)
                        .bind("stream", "s" + i)
                        .bind("file", i + ".mp4")
                        .add();
            }
            return batch.execute();
        });
    }
}
