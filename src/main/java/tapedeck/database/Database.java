package tapedeck.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.settings.Settings;

/// One database: a file in the data folder, or PostgreSQL. Opening it is a call of its own, for whoever can wait;
/// everybody else gets an answer or [DatabaseException] soon.
public final class Database implements AutoCloseable {
    /// Few: the catalogue writes on one thread, the rest is for people who look.
    static final int CONNECTIONS = 4;
    /// How long a question waits for a connection.
    static final Duration CONNECT_PATIENCE = Duration.ofSeconds(3);
    /// How long one statement may take, on a network that may have swallowed it.
    static final Duration ANSWER_PATIENCE = Duration.ofSeconds(30);
    /// What H2 keeps of its file in memory.
    static final int EMBEDDED_CACHE_KIB = 4096;

    private static final Logger log = LoggerFactory.getLogger(Database.class);

    private static final String EMBEDDED = "catalogue";
    private static final String POSTGRESQL = "jdbc:postgresql:";
    private static final String NODE_FILE = "node-id";
    private static final int UUID_CHARACTERS = 36;

    private final Settings.Database settings;
    private final Path dataDir;
    private final String node;
    private final ReentrantLock opening = new ReentrantLock();

    private record Open(HikariDataSource pool, Jdbi jdbi, int generation) {}

    private volatile @Nullable Open open;
    private volatile boolean broken;
    // Guarded by opening.
    private int generation;
    private boolean closed;

    /// What somebody does with a connection.
    public interface Work<T> {
        T with(Handle handle);
    }

    /// Opens nothing yet.
    ///
    /// @throws IOException if the data folder cannot be written
    public Database(Settings.Database settings, Path dataDir) throws IOException {
        this.settings = settings;
        this.dataDir = dataDir.toAbsolutePath();
        this.node = node(this.dataDir.resolve(NODE_FILE));
    }

    private static String node(Path file) throws IOException {
        if (Files.exists(file)) {
            String known = Files.readString(file).strip();
            if (known.length() == UUID_CHARACTERS) {
                return known;
            }
        }
        String fresh = UUID.randomUUID().toString();
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        Files.write(beside, fresh.getBytes(StandardCharsets.UTF_8));
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        return fresh;
    }

    /// Who this server is among those that share a PostgreSQL: the same after a restart, kept in the data folder.
    public String node() {
        return node;
    }

    /// Connects and brings the tables up to date, unless that was done. May take seconds.
    ///
    /// @return another number after every opening: what was known of the tables before may be untrue
    public int open() throws DatabaseException {
        opening.lock();
        try {
            if (closed) {
                throw new DatabaseException("the server is stopping");
            }
            Open there = open;
            if (there != null && !broken) {
                return there.generation();
            }
            shut();
            if (broken) {
                broken = false;
                setAside("it was damaged while in use");
            }
            Open fresh;
            try {
                fresh = connect();
            } catch (RuntimeException e) {
                if (!embedded() || !DamagedFile.isCauseOfNotOpening(e)) {
                    throw e;
                }
                setAside(rootMessage(e));
                fresh = connect();
            }
            open = fresh;
            return fresh.generation();
        } catch (RuntimeException e) {
            throw new DatabaseException("%s: cannot be opened: %s".formatted(name(), rootMessage(e)), e);
        } finally {
            opening.unlock();
        }
    }

    private boolean embedded() {
        return settings.url().isEmpty();
    }

    /// For messages: without user and password.
    private String name() {
        return embedded() ? embeddedFile().toString() : settings.url().replaceFirst("\\?.*", "");
    }

    private Path embeddedFile() {
        return dataDir.resolve(EMBEDDED + ".mv.db");
    }

    private Open connect() {
        HikariDataSource pool = new HikariDataSource(config());
        try {
            Flyway.configure()
                    .dataSource(pool)
                    .locations("classpath:database")
                    .load()
                    .migrate();
            return new Open(pool, Jdbi.create(pool), ++generation);
        } catch (RuntimeException | Error e) {
            pool.close();
            throw e;
        }
    }

    private HikariConfig config() {
        HikariConfig config = new HikariConfig();
        config.setPoolName("database");
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(CONNECT_PATIENCE.toMillis());
        config.setInitializationFailTimeout(1);
        if (embedded()) {
            // Commits are written by change() itself; the delay keeps H2's thread from looking 20 times a second.
            config.setJdbcUrl("jdbc:h2:file:" + dataDir.resolve(EMBEDDED)
                    + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;DB_CLOSE_ON_EXIT=FALSE"
                    + ";WRITE_DELAY=10000;TRACE_LEVEL_FILE=0;CACHE_SIZE=" + EMBEDDED_CACHE_KIB);
            config.setUsername("tapedeck");
            // A file needs no fresh connections, and is closed when the last one is.
            config.setMaxLifetime(0);
            config.setIdleTimeout(0);
            return config;
        }
        config.setJdbcUrl(settings.url());
        config.setUsername(settings.user());
        config.setPassword(settings.password());
        if (settings.url().startsWith(POSTGRESQL)) {
            config.addDataSourceProperty("connectTimeout", Long.toString(CONNECT_PATIENCE.toSeconds()));
            config.addDataSourceProperty("loginTimeout", Long.toString(CONNECT_PATIENCE.toSeconds()));
            config.addDataSourceProperty("socketTimeout", Long.toString(ANSWER_PATIENCE.toSeconds()));
            config.addDataSourceProperty("tcpKeepAlive", "true");
            config.addDataSourceProperty("ApplicationName", "tapedeck");
        }
        return config;
    }

    private void setAside(String reason) {
        Path file = embeddedFile();
        Path aside = file.resolveSibling("%s.%d.broken".formatted(file.getFileName(), System.currentTimeMillis()));
        try {
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            log.warn(
                    "database: {} is damaged ({}): set aside as {}, and made anew from the files",
                    file,
                    reason,
                    aside.getFileName());
        } catch (IOException e) {
            log.warn("database: {} is damaged ({}) and cannot be set aside: {}", file, reason, e.toString());
        }
    }

    /// Reads.
    ///
    /// @throws DatabaseException also while the database is not open yet
    public <T> T ask(Work<T> work) throws DatabaseException {
        return run(jdbi -> jdbi.withHandle(work::with));
    }

    /// Writes, all of it or nothing; when this returns, no end of this process undoes it.
    public void change(Work<?> work) throws DatabaseException {
        run(jdbi -> jdbi.withHandle(handle -> {
            handle.useTransaction(work::with);
            if (embedded()) {
                handle.execute("CHECKPOINT");
            }
            return true;
        }));
    }

    private interface Query<T> {
        T on(Jdbi jdbi);
    }

    private <T> T run(Query<T> query) throws DatabaseException {
        Open there = open;
        if (there == null) {
            throw new DatabaseException("the database is not open");
        }
        try {
            return query.on(there.jdbi());
        } catch (RuntimeException e) {
            if (embedded() && DamagedFile.isCauseOf(e)) {
                broken = true;
            }
            throw new DatabaseException(rootMessage(e), e);
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage() == null ? root.toString() : root.getMessage();
        return message.lines().findFirst().orElse(message);
    }

    // Guarded by opening.
    private void shut() {
        Open there = open;
        open = null;
        if (there != null) {
            there.pool().close();
        }
    }

    @Override
    public void close() {
        opening.lock();
        try {
            closed = true;
            shut();
        } finally {
            opening.unlock();
        }
    }
}
