package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import tapedeck.stream.StreamName;

/// A server fetches streams of its own, one after the other.
final class Pulled {
    private static final long DEADLINE_SECONDS = 60;

    private final HttpClient http = HttpClient.newHttpClient();
    private final TestServer server;
    private final String name;
    private int pulls;

    /// @param name what the streams' names begin with
    Pulled(TestServer server, String name) {
        this.server = server;
        this.name = name + "-p";
    }

    /// Whether it got it; whatever else goes wrong than that it may not, fails.
    boolean from(String address) throws Exception {
        String stream = name + pulls++;
        rest(
                "pull/startup",
                "{\"uri\": \"%s\", \"localStreamName\": \"%s\", \"record\": false}".formatted(address, stream));
        String named = "{\"localStreamName\": \"%s\"}".formatted(stream);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!isLive(server, stream)) {
            String state = rest("pull/find", named);
            assertTrue(System.nanoTime() < deadline, state);
            // By RTMP it is not said whether another try is worth it.
            boolean failed = state.contains("NetStream.Play.Failed");
            if (failed || state.contains("\"ENDED\"")) {
                assertTrue(failed || state.contains("401"), state);
                rest("pull/terminate", named);
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        rest("pull/terminate", named);
        return true;
    }

    static boolean isLive(TestServer server, String name) {
        return server.server().streams().find(new StreamName(name)).isPresent();
    }

    private String rest(String call, String body) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/" + call)))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        // 404: what has ended has nothing to be ended.
        boolean over = call.equals("pull/terminate") && answer.statusCode() == 404;
        assertTrue(answer.statusCode() == 200 || over, answer.body());
        return answer.body();
    }
}
