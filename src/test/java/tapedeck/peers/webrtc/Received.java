package tapedeck.peers.webrtc;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// What the server's REST calls say of its sessions.
final class Received {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private Received() {}

    /// Packets over all tracks of all sessions that publish.
    static long total(Fleet fleet, URI sessions) throws Exception {
        long packets = 0;
        for (JsonNode session :
                JSON.readTree(send(fleet, HttpRequest.newBuilder(sessions).GET().build()))) {
            for (JsonNode track : session.path("tracks")) {
                packets += track.path("packets").longValue();
            }
        }
        return packets;
    }

    static String post(Fleet fleet, URI uri) throws Exception {
        return send(
                fleet,
                HttpRequest.newBuilder(uri)
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build());
    }

    private static String send(Fleet fleet, HttpRequest request) throws Exception {
        HttpResponse<String> response = fleet.http().send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(request.uri() + ": " + response.statusCode());
        }
        return response.body();
    }
}
