package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestServer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `./run mix --server`, as hook scripts start it: the server's own queue mixes.
@Tag("peer")
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class MixQueueTest {
    @TempDir
    private Path folder;

    private Path recording(String name) throws Exception {
        return OneSecond.in(folder.resolve("records"), name);
    }

    private TestServer server(String... settings) throws Exception {
        List<String> all = new ArrayList<>(List.of("record_dir=" + folder.resolve("records")));
        all.addAll(List.of(settings));
        return new TestServer(folder.resolve("data"), all.toArray(String[]::new));
    }

    private int run(String url, Path file) {
        return new CommandLine(new MixCommand())
                .execute(
                        file.toString(),
                        "3724973476",
                        "1000",
                        "multi-recorder://room",
                        "--server",
                        url,
                        "--token-file",
                        folder.resolve("data/admin-token").toString());
    }

    private List<Integer> together(String url, Path... files) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Integer>> tools = new ArrayList<>();
            for (Path file : files) {
                tools.add(() -> run(url, file));
            }
            List<Integer> exits = new ArrayList<>();
            for (Future<Integer> tool : threads.invokeAll(tools)) {
                exits.add(tool.get());
            }
            return exits;
        }
    }

    private HttpResponse<String> answer(String url) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/rest-api/offlineMixer/find_all"))
                    .header(
                            "Authorization",
                            "Bearer "
                                    + Files.readString(folder.resolve("data/admin-token"))
                                            .strip())
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private JsonNode jobs(String url) {
        HttpResponse<String> answer = answer(url);
        assertEquals(200, answer.statusCode(), answer.body());
        return JsonMapper.builder().build().readTree(answer.body());
    }

    /// The tool is less patient with a server whose database is not there yet.
    ///
    /// @return its address
    private String untilOpen(TestServer server) {
        String url = server.httpUrl("");
        Await.await("the database", () -> answer(url).statusCode() == 200);
        return url;
    }

    /// Also by a server that wants its token from everybody.
    @Test
    void whatEndsTogetherIsMixedByTheServerAndAFileTwiceAskedForOnce() throws Exception {
        // Its mix is not over before the last one asks.
        Path one = OneSecond.manyIn(folder.resolve("records"), "one.mp4");
        Path other = recording("other.mp4");
        try (TestServer server = server("http_trust_loopback=false")) {
            String url = untilOpen(server);
            assertEquals(List.of(0, 0, 0), together(url, one, other, one));
            JsonNode jobs = jobs(url);
            assertEquals(2, jobs.size(), jobs.toString());
            for (JsonNode job : jobs) {
                assertEquals("done", job.path("state").asString(), jobs.toString());
                assertEquals(0, job.path("exitCode").asInt());
            }
            for (String name : List.of("one_mixed.mp4", "other_mixed.mp4")) {
                assertEquals("", Ffmpeg.decodeErrors(folder.resolve("records").resolve(name)));
            }
        }
    }

    /// Where too many wait a file is refused as well, though nobody is going to mix it.
    @Test
    void aMixOfAnotherTimeIsNotTheOneThatIsWaitedFor() {
        JsonNode all = JsonMapper.builder().build().readTree("""
                [{"id": "3", "fileName": "other.mp4", "state": "running"},
                 {"id": "2", "fileName": "room.mp4", "state": "failed"},
                 {"id": "1", "fileName": "room.mp4", "state": "done"}]""");
        assertEquals(Optional.empty(), MixQueue.open(all, "room.mp4"));
        assertEquals(Optional.of("3"), MixQueue.open(all, "other.mp4"));
    }

    @Test
    void theExitCodesAreThoseOfTheToolAlone() throws Exception {
        Path bad =
                Files.write(Files.createDirectories(folder.resolve("records")).resolve("bad.mp4"), new byte[1000]);
        try (TestServer server = server()) {
            String url = untilOpen(server);
            assertEquals(67, run(url, bad));
            assertEquals("failed", jobs(url).get(0).path("state").asString());
            assertEquals(67, jobs(url).get(0).path("exitCode").asInt());
        }
    }

    @Test
    void whatNoServerTakesIsMixedAtOnce() throws Exception {
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere")).resolve("room.mp4");
        Files.move(recording("room.mp4"), elsewhere);
        try (TestServer server = server()) {
            String url = untilOpen(server);
            assertEquals(0, run(url, elsewhere), "the server does not know the folder");
            assertEquals(0, jobs(url).size());
        }
        Files.delete(elsewhere.resolveSibling("room_mixed.mp4"));
        int closed;
        try (ServerSocket socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        assertEquals(0, run("http://127.0.0.1:" + closed, elsewhere), "there is no server");
        assertTrue(Files.exists(elsewhere.resolveSibling("room_mixed.mp4")));
    }
}
