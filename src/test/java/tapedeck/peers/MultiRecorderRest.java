package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A recorder of many streams, or a live mixer, as an application drives it: over REST, where each call has to succeed.
///
/// @param group of the calls
/// @param uri as in `multi-recorder://room`
public record MultiRecorderRest(TestServer server, String group, String uri) {
    public MultiRecorderRest(TestServer server, String uri) {
        this(server, "multipleRecorder", uri);
    }

    public void start() throws Exception {
        start("");
    }

    /// @param more members of the body, each behind a comma
    public void start(String more) throws Exception {
        String _ = call("startup", more);
    }

    /// Waits for the stream and both of its tracks.
    public void add(String streamName) throws Exception {
        String _ = call("add", member(streamName));
    }

    /// Does not wait.
    ///
    /// @param more members of the body, each behind a comma
    public void addAs(String more) throws Exception {
        String _ = call("add", more);
    }

    public void remove(String streamName) throws Exception {
        String _ = call("remove", member(streamName));
    }

    public void terminate() throws Exception {
        String _ = call("terminate", "");
    }

    /// The first of the list.
    public JsonNode found() throws Exception {
        return new JsonMapper().readTree(call("find_all", "")).path(0);
    }

    private String member(String streamName) throws InterruptedException {
        Stream stream =
                server.server().streams().find(new StreamName(streamName)).orElse(null);
        while (stream == null || stream.tracks().size() < 2) {
            TimeUnit.MILLISECONDS.sleep(20);
            stream = server.server().streams().find(new StreamName(streamName)).orElse(null);
        }
        return ", \"mediaSessionId\": \"%s\"".formatted(stream.mediaSessionId());
    }

    private String call(String name, String more) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/" + group + "/" + name)))
                .POST(HttpRequest.BodyPublishers.ofString("{\"uri\": \"%s\"%s}".formatted(uri, more)))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), name + more + ": " + answer.body());
            return answer.body();
        }
    }
}
