package tapedeck.record;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import tapedeck.peers.PostgresCluster;
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
}
