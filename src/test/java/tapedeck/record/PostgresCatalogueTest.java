package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tapedeck.database.Database;
import tapedeck.peers.Await;
import tapedeck.peers.PostgresCluster;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;

/// With a real PostgreSQL.
@Tag("peer")
class PostgresCatalogueTest extends CatalogueCases {
    private static PostgresCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = new PostgresCluster();
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    @Override
    Settings.Database settings() throws Exception {
        return cluster.database();
    }

    /// Between the look at the folder and what follows from it, which a locked table holds apart: what was listed must
    /// not be taken for what is there.
    @Test
    void aDiskThatIsTakenAwayWhileItIsLookedAtWipesNothing() throws Exception {
        Settings.Database where = settings();
        try (Database database = opened(where);
                TestStudio studio = new TestStudio(dir);
                Connection other = DriverManager.getConnection(where.url(), where.user(), where.password())) {
            studio.recordings.keepCatalogue(database);
            for (String name : List.of("a", "b")) {
                studio.record(name, TestMedia.vp8(1));
            }
            List<RecordingEntry> known = await(
                    studio.recordings, list -> list.size() == 2 && list.stream().allMatch(CatalogueCases::isReady));
            Path marker = studio.records.resolve(RecordFolder.MARKER);
            Await.await("the mark", () -> Files.exists(marker));

            other.setAutoCommit(false);
            ask(other, "LOCK TABLE recording IN ACCESS EXCLUSIVE MODE");
            Files.delete(marker);
            Thread viewer = Thread.ofVirtual().start(() -> ask(studio.recordings));
            Await.await("the scan to have listed the folder", () -> waiting(other) > 0);
            Files.move(studio.records, dir.resolve("disk"));
            Files.createDirectories(studio.records);
            other.rollback();
            viewer.join();

            Files.writeString(studio.records.resolve("more.webm"), "x");
            List<RecordingEntry> kept = await(
                    studio.recordings,
                    list -> list.stream().anyMatch(entry -> entry.fileName().equals("more.webm")));
            assertTrue(kept.containsAll(known), kept.toString());
            assertFalse(Files.exists(marker));
        }
    }

    private static void ask(Recordings recordings) {
        try {
            recordings.find(all());
        } catch (CatalogueAwayException e) {
            throw new AssertionError(e);
        }
    }

    private static int waiting(Connection connection) {
        return ask(connection, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'recording'::regclass");
    }

    /// The first number of the answer; 0 without one.
    private static int ask(Connection connection, String question) {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(question)) {
                return 0;
            }
            ResultSet answer = statement.getResultSet();
            return answer.next() ? answer.getInt(1) : 0;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }
}
