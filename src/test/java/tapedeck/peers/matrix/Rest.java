package tapedeck.peers.matrix;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import tapedeck.peers.TestServer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// Orders that are given over REST.
final class Rest {
    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private Rest() {}

    /// @param call behind `/rest-api/`
    static JsonNode post(TestServer server, String call, Map<String, ?> body) throws IOException, InterruptedException {
        HttpResponse<String> answer = CLIENT.send(
                HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/" + call)))
                        .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("%s %s: %d %s".formatted(call, body, answer.statusCode(), answer.body()));
        }
        return answer.body().isBlank() ? JSON.createObjectNode() : JSON.readTree(answer.body());
    }

    /// How a pull or push does.
    ///
    /// @param call `pull` or `push`
    static JsonNode relay(TestServer server, String call, String id) throws IOException, InterruptedException {
        return post(server, call + "/find", Map.of("mediaSessionId", id)).get(0);
    }
}
