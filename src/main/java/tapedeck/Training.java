package tapedeck;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.stream.NameTakenException;

/// Opens a server on free ports, uses it and closes it: the classes loaded by then go into the JVM's cache (JEP 514),
/// which saves about half of the CPU time of every later start, and what it has seen of their methods (JEP 515).
final class Training {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final Logger log = LoggerFactory.getLogger(Training.class);

    private Training() {}

    static int run(Main main) throws Exception {
        Path folder = Files.createTempDirectory("tapedeck-training");
        Map<String, String> settings = new HashMap<>(onFreePorts(folder));
        settings.putAll(Rehearsal.SETTINGS);
        try (Server server = Server.open(main.settings(settings))) {
            URI console = URI.create("http://127.0.0.1:" + server.ports().port("HTTP") + "/");
            try (HttpClient client = HttpClient.newHttpClient()) {
                client.send(HttpRequest.newBuilder(console).build(), HttpResponse.BodyHandlers.discarding());
                openCatalogue(client, console.resolve("/recordings"));
                rehearse(new Rehearsal(server, client, console));
            }
        } finally {
            delete(folder);
        }
        return 0;
    }

    /// Without it the cache is of use as well.
    private static void rehearse(Rehearsal rehearsal) throws IOException, InterruptedException, NameTakenException {
        try {
            rehearsal.run(Rehearsal.Length.FULL);
        } catch (TimeoutException e) {
            log.warn("The class cache is made without a rehearsal: {}", e.getMessage());
        }
    }

    /// The database is opened beside the start; this asks until it answers.
    private static void openCatalogue(HttpClient client, URI recordings) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(recordings).build();
        long endNanos = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() - endNanos < 0
                && client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() != 200) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /// Settings of a server that disturbs no other one.
    static Map<String, String> onFreePorts(Path dataDir) {
        Map<String, String> overrides = new HashMap<>();
        Server.PORTS.forEach(port -> overrides.put(port, "0"));
        overrides.put("data_dir", dataDir.toString());
        return overrides;
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
