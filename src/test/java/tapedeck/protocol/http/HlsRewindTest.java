package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.rights.Tokens;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.Publication;

/// Who goes back in a live stream. What there is to be had is said by a room that records nothing.
class HlsRewindTest {
    private static LiveHouse house(Proof play) throws Exception {
        return new LiveHouse(
                new Settings.Rights(
                        Proof.NONE,
                        play,
                        Path.of("none"),
                        new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                        new Settings.AuthWebhook(Optional.empty(), 30)),
                KeptBytes.ofHeap(),
                (exchange, name, file, query) ->
                        exchange.respond(200, "text/plain", Bytes.ofUtf8(name + " " + file + query)));
    }

    @Test
    void aViewerIsAdmittedOnceHoweverOftenItsPlaylistIsLoaded() throws Exception {
        String token = "token=" + Tokens.signed(Tokens.claims(60).build());
        try (LiveHouse house = house(Proof.JWT);
                Publication _ = house.publish("cam")) {
            int viewers = 0;
            for (String address : List.of("dvr.m3u8?", "index.m3u8?rewind=30&")) {
                HttpResponse<String> sent = house.text("GET", "/hls/cam/" + address + token);
                assertEquals(302, sent.statusCode());
                String to = sent.headers().firstValue("Location").orElseThrow();
                String file = address.substring(0, address.indexOf('?'));
                assertTrue(to.matches(file + "\\?session=[0-9a-f]{32}(&rewind=30)?"), to);
                assertEquals(address.contains("rewind"), to.contains("rewind=30"));
                String session = to.replaceFirst("&rewind=30", "").substring(file.length());
                for (int reload = 0; reload < 3; reload++) {
                    HttpResponse<String> playlist = house.text("GET", "/hls/cam/" + to);
                    assertEquals(200, playlist.statusCode());
                    assertEquals("cam " + file + session, playlist.body());
                }
                assertEquals(
                        200, house.text("GET", "/hls/cam/past.mp4" + session).statusCode());
                assertEquals(++viewers, house.players().size());
            }
            assertEquals(401, house.text("GET", "/hls/cam/dvr.m3u8").statusCode());
            assertEquals(401, house.text("GET", "/hls/cam/past.mp4?session=00").statusCode());
            assertEquals(200, house.text("GET", "/hls/cam/past.mp4?" + token).statusCode());
            assertEquals(viewers, house.players().size());
        }
    }

    @Test
    void addressesAreGoodForWhoeverComesWhenTheStreamHasEnded() throws Exception {
        String token = "token=" + Tokens.signed(Tokens.claims(60).build());
        try (LiveHouse house = house(Proof.JWT)) {
            HttpResponse<String> sent = house.text("GET", "/hls/cam/index.m3u8?rewind=30&" + token);
            String to = sent.headers().firstValue("Location").orElseThrow();
            String playlist = house.text("GET", "/hls/cam/" + to).body();
            String session = playlist.substring(playlist.indexOf('?'));
            assertEquals(200, house.text("GET", "/hls/cam/past.mp4" + session).statusCode());
        }
    }

    @Test
    void whereEverybodyMayPlayTheAddressesAreTheSameForAll() throws Exception {
        try (LiveHouse house = house(Proof.NONE);
                Publication _ = house.publish("cam")) {
            for (int reload = 0; reload < 3; reload++) {
                assertEquals(
                        "cam dvr.m3u8", house.text("GET", "/hls/cam/dvr.m3u8").body());
            }
            assertEquals(0, house.players().size());
        }
    }
}
