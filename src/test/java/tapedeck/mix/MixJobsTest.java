package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.database.Database;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.PostgresCluster;
import tapedeck.peers.TestServer;
import tapedeck.settings.Settings;

/// The queue of mixes, with a real database and real workers.
@Tag("peer")
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class MixJobsTest {
    private static final Settings.Database EMBEDDED = new Settings.Database("", "tapedeck", "");
    private static final String SMALL = "{\"width\": 320, \"height\": 180, \"fps\": 10}";
    /// Long enough to be interrupted.
    private static final String LARGE = "{\"width\": 1920, \"height\": 1080, \"fps\": 60}";

    @TempDir
    private Path folder;

    private Path recording(String name, int seconds) {
        Path file = folder.resolve(name);
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "color=c=red:s=320x180:r=10:d=" + seconds,
                "-f",
                "lavfi",
                "-i",
                "sine=d=" + seconds,
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-c:a",
                "aac",
                file.toString());
        return file;
    }

    private MixJobs jobs(Database database, String settings) throws Exception {
        MixJobs jobs =
                new MixJobs(database, Files.writeString(folder.resolve("mixer.json"), settings), new EncoderCheck(), 1);
        MixWait.untilOpen(jobs);
        return jobs;
    }

    private List<String> names() throws Exception {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.contains("mp4"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void filesAreMixedOneAfterTheOther() throws Exception {
        oneAfterTheOther(EMBEDDED);
    }

    /// And what ran when the server ended, which is only a row then, runs after its start.
    @Test
    void theQueueIsTheSameInPostgres() throws Exception {
        try (PostgresCluster cluster = new PostgresCluster()) {
            Settings.Database postgres = cluster.database();
            oneAfterTheOther(postgres);
            Path file = recording("again.mp4", 1);
            JobTable table;
            MixJob begun;
            try (Database database = new Database(postgres, folder)) {
                database.open();
                table = new JobTable(database.node());
                begun = MixJob.of("id", MixCallback.Recording.of(file), 1);
                database.change(handle -> table.insert(handle, begun) + table.begin(handle, "id"));
                MixJob running = database.ask(table::all).stream()
                        .filter(job -> job.id().equals("id"))
                        .findFirst()
                        .orElseThrow();
                assertEquals(MixJob.State.RUNNING, running.state());
                assertEquals(
                        2,
                        database.ask(table::all).stream().filter(MixJob::isOver).count());
                database.change(handle -> table.forget(handle, 1));
                assertEquals(
                        1,
                        database.ask(table::all).stream().filter(MixJob::isOver).count());
            }
            try (Database database = new Database(postgres, folder);
                    MixJobs jobs = jobs(database, SMALL)) {
                MixJob done = MixWait.until(jobs, "id", MixJob::isOver);
                assertEquals(MixJob.State.DONE, done.state(), done.message());
                assertEquals(2, done.attempts());
            }
        }
    }

    private void oneAfterTheOther(Settings.Database where) throws Exception {
        Path good = recording("good.mp4", 1);
        Path bad = Files.writeString(folder.resolve("bad.mp4"), "no movie");
        try (Database database = new Database(where, folder);
                MixJobs jobs = jobs(database, SMALL)) {
            String first = jobs.add(MixCallback.Recording.of(bad)).orElseThrow().id();
            String second =
                    jobs.add(MixCallback.Recording.of(good)).orElseThrow().id();
            MixJob done = MixWait.until(jobs, second, MixJob::isOver);
            assertEquals(MixJob.State.DONE, done.state());
            assertEquals(folder.resolve("good_mixed.mp4").toString(), done.mixedFile());
            assertEquals(100, done.percent());
            MixJob failed = MixWait.job(jobs, first);
            assertEquals(MixJob.State.FAILED, failed.state());
            assertEquals(1, failed.attempts(), "it would be no better the next time");
            assertTrue(failed.message().contains("bad.mp4"), failed.message());
            assertEquals(List.of("bad.mp4", "good.mp4", "good_mixed.mp4"), names());
        }
    }

    /// The backend hears what the recorder said of the file, also after a restart.
    @Test
    void theCallbackOfTheQueueIsThatOfTheTool() throws Exception {
        List<String> bodies = new CopyOnWriteArrayList<>();
        HttpServer backend = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        backend.createContext("/", exchange -> {
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        backend.start();
        Path file = recording("room.mp4", 1);
        MixCallback.Recording recording = new MixCallback.Recording(
                file, OptionalLong.of(3_724_973_476L), OptionalLong.of(44_061), "multi-recorder://room");
        try (Database database = new Database(EMBEDDED, folder)) {
            database.open();
            JobTable table = new JobTable(database.node());
            database.change(handle -> table.insert(handle, MixJob.of("id", recording, 1)));
            String settings =
                    "{\"width\": 320, \"height\": 180, \"fps\": 10, \"callbackUrl\": \"http://127.0.0.1:%d/\"}"
                            .formatted(backend.getAddress().getPort());
            try (MixJobs jobs = jobs(database, settings)) {
                MixJob done = MixWait.until(jobs, "id", MixJob::isOver);
                assertEquals(MixJob.State.DONE, done.state(), done.message());
                assertEquals(recording, done.recording());
                assertEquals(0, done.exitCode());
            }
        } finally {
            backend.stop(0);
        }
        assertEquals(1, bodies.size());
        String told = bodies.getFirst();
        assertTrue(told.contains("\"multiRecorderCreationModificationTime\":3724973476,"), told);
        assertTrue(told.contains("\"multiRecorderDurationInMS\":44061,"), told);
        assertTrue(told.contains("\"recorderUri\":\"multi-recorder://room\""), told);
    }

    @Test
    void whatARestartInterruptedIsMixedAfterIt() throws Exception {
        Path file = recording("long.mp4", 60);
        String running;
        String waiting;
        try (Database database = new Database(EMBEDDED, folder);
                MixJobs jobs = jobs(database, LARGE)) {
            running = jobs.add(MixCallback.Recording.of(file)).orElseThrow().id();
            waiting = jobs.add(MixCallback.Recording.of(recording("short.mp4", 1)))
                    .orElseThrow()
                    .id();
            assertTrue(jobs.add(MixCallback.Recording.of(file)).isEmpty(), "it is being mixed already");
            MixJob begun = MixWait.until(jobs, running, job -> job.percent() > 0);
            assertEquals(MixJob.State.RUNNING, begun.state());
            assertEquals(MixJob.State.WAITING, MixWait.job(jobs, waiting).state());
        }
        assertEquals(List.of("long.mp4", "short.mp4"), names(), "nothing is left of the first attempt");
        try (Database database = new Database(EMBEDDED, folder);
                MixJobs jobs = jobs(database, SMALL)) {
            MixJob done = MixWait.until(jobs, running, MixJob::isOver);
            assertEquals(MixJob.State.DONE, done.state(), done.message());
            assertEquals(2, done.attempts());
            assertEquals(
                    MixJob.State.DONE,
                    MixWait.until(jobs, waiting, MixJob::isOver).state());
        }
    }

    @Test
    void aMixWhoseWorkerDiesIsBegunAnewAndOneThatIsNotWantedEnds() throws Exception {
        Path file = recording("long.mp4", 60);
        try (Database database = new Database(EMBEDDED, folder);
                MixJobs jobs = jobs(database, LARGE)) {
            String id = jobs.add(MixCallback.Recording.of(file)).orElseThrow().id();
            MixWait.until(jobs, id, job -> job.percent() > 0);
            MixWorkers.all().forEach(ProcessHandle::destroyForcibly);
            MixWait.until(jobs, id, job -> job.attempts() == 2 && job.percent() > 0);
            assertTrue(jobs.cancel(id));
            assertEquals(
                    MixJob.State.CANCELLED,
                    MixWait.until(jobs, id, MixJob::isOver).state());
            assertFalse(jobs.cancel(id));
            Await.await("nothing to be left", () -> {
                try {
                    return names().equals(List.of("long.mp4"));
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @Test
    void itIsAskedForAndFollowedOverRest() throws Exception {
        try (TestServer server =
                new TestServer(folder.resolve("data"), "record_dir=" + folder.resolve("data/records"))) {
            Path records = folder.resolve("data").resolve("records");
            recording("data.mp4", 1);
            Files.createDirectories(records);
            Files.move(folder.resolve("data.mp4"), records.resolve("room.mp4"));
            Await.await("the database", () -> post(server, "find_all", "{}").statusCode() == 200);
            assertEquals(
                    404, post(server, "startup", "{\"fileName\": \"none.mp4\"}").statusCode());
            assertEquals(
                    404,
                    post(server, "startup", "{\"fileName\": \"../../../etc/passwd\"}")
                            .statusCode());
            assertEquals(400, post(server, "startup", "{}").statusCode());
            assertEquals(
                    200, post(server, "startup", "{\"fileName\": \"room.mp4\"}").statusCode());
            Await.await("the mix", () -> post(server, "find_all", "{}").body().contains("\"state\":\"done\""));
            String all = post(server, "find_all", "{}").body();
            assertTrue(all.contains("\"mixedFile\":\"room_mixed.mp4\""), all);
            assertTrue(all.contains("\"percent\":100"), all);
            assertTrue(Files.exists(records.resolve("room_mixed.mp4")));
            assertEquals(404, post(server, "terminate", "{\"id\": \"none\"}").statusCode());
        }
    }

    @Test
    void whoAsksBeforeTheDatabaseIsThereHearsToComeAgain() throws Exception {
        String away = "jdbc:postgresql://127.0.0.1:1/secret";
        Path records = Files.createDirectories(folder.resolve("data").resolve("records"));
        Files.writeString(records.resolve("room.mp4"), "no movie");
        try (TestServer server =
                new TestServer(folder.resolve("data"), "record_dir=" + records, "database_url=" + away)) {
            for (String call : List.of("startup", "find_all", "terminate")) {
                HttpResponse<String> answer = post(server, call, "{\"fileName\": \"room.mp4\", \"id\": \"a\"}");
                assertEquals(503, answer.statusCode());
                assertEquals("1", answer.headers().firstValue("Retry-After").orElseThrow());
                assertFalse(answer.body().contains("secret"), answer.body());
            }
            String wish = "{\"fileName\": \"room.mp4\", \"recorderUri\": \"%s\"}".formatted("a".repeat(5000));
            assertEquals(400, post(server, "startup", wish).statusCode());
        }
    }

    private static HttpResponse<String> post(TestServer server, String call, String body) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/offlineMixer/" + call)))
                            .POST(HttpRequest.BodyPublishers.ofString(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
