package tapedeck.peers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tapedeck.settings.Settings;

/// A real PostgreSQL in a folder of its own, thrown away at the end. Its programs refuse to run as root, so there they
/// run as Debian's user for them.
public final class PostgresCluster implements AutoCloseable {
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
    private static final String USER = "tapedeck";
    private static final int PATIENCE_SECONDS = 90;

    private final Path bin;
    private final Path folder;
    private final int port;
    private final AtomicInteger databases = new AtomicInteger();

    public PostgresCluster() throws IOException, InterruptedException {
        bin = programs();
        folder = Files.createTempDirectory(Path.of("/tmp"), "tapedeck-postgres");
        port = freePort();
        if (isRoot()) {
            run("chown", "postgres", folder.toString());
        }
        asUser(
                bin.resolve("initdb").toString(),
                "-D",
                data(),
                "-A",
                "trust",
                "-U",
                USER,
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync");
        start();
    }

    private static Path programs() throws IOException {
        if (Files.isDirectory(DEBIAN)) {
            try (var versions = Files.list(DEBIAN)) {
                var newest = versions.map(version -> version.resolve("bin"))
                        .filter(path -> Files.isExecutable(path.resolve("initdb")))
                        .max(Comparator.naturalOrder());
                if (newest.isPresent()) {
                    return newest.get();
                }
            }
        }
        throw new IOException("PostgreSQL is not installed: ./check installs it (Debian package postgresql)");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private String data() {
        return folder.resolve("data").toString();
    }

    public void start() throws IOException, InterruptedException {
        String options =
                "-c listen_addresses=127.0.0.1 -p %d -k %s -c fsync=off -c max_connections=60".formatted(port, folder);
        asUser(
                bin.resolve("pg_ctl").toString(),
                "-D",
                data(),
                "-l",
                folder.resolve("log").toString(),
                "-o",
                options,
                "-w",
                "start");
    }

    /// As a machine that goes away: connections end at once.
    public void stop() throws IOException, InterruptedException {
        asUser(bin.resolve("pg_ctl").toString(), "-D", data(), "-m", "immediate", "-w", "stop");
    }

    /// A new empty database.
    public Settings.Database database() throws SQLException {
        String name = "t" + databases.incrementAndGet();
        try (Connection connection = DriverManager.getConnection(url("postgres"), USER, "");
                var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        }
        return new Settings.Database(url(name), USER, "");
    }

    private String url(String database) {
        return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private void asUser(String... command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            all.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        all.addAll(List.of(command));
        run(all.toArray(String[]::new));
    }

    private void run(String... command) throws IOException, InterruptedException {
        // Into a file: a server that goes on holds a pipe open.
        Path said = Files.createTempFile("postgres", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(Path.of("/tmp").toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("still running: " + String.join(" ", command));
            }
            if (process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + ": " + Files.readString(said));
            }
        } finally {
            Files.deleteIfExists(said);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        try {
            stop();
        } finally {
            run("rm", "-rf", folder.toString());
        }
    }
}
