package tapedeck.protocol.mpegts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.rights.Hook;
import tapedeck.stream.StreamName;

/// Transport streams that a webhook lets in, or not.
@Timeout(120)
class TsWebhookTest {
    @TempDir
    Path folder;

    private byte[] made(String service) throws Exception {
        Path file = folder.resolve(service + ".ts");
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=2 -c:v libx264 -g 25 -metadata service_name="
                        + service + " -f mpegts " + file)
                .split(" "));
        return Files.readAllBytes(file);
    }

    private static TsHouse asking(Hook hook) throws Exception {
        return new TsHouse("publish_auth=webhook", "auth_webhook_url=" + hook.url());
    }

    @Test
    void whomTheHookLetsInPublishesAndItIsToldWho() throws Exception {
        try (Hook hook = new Hook();
                TsHouse house = asking(hook);
                Socket socket = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "welcome");
            socket.getOutputStream().write(made("welcome"));
            assertTrue(collector.until(40).size() >= 40);
            String asked = hook.asked().getFirst();
            assertTrue(asked.contains("\"action\":\"publish\""), asked);
            assertTrue(asked.contains("\"stream\":\"welcome\""), asked);
            assertTrue(asked.contains("\"protocol\":\"mpegts\""), asked);
            assertTrue(asked.contains("\"address\":\"127.0.0.1\""), asked);
            assertEquals(1, hook.asked().size(), "once for a connection");
        }
    }

    @Test
    void whomItRefusesIsClosedAndNothingIsPublished() throws Exception {
        try (Hook hook = new Hook()) {
            hook.answers(Hook.status(403));
            try (TsHouse house = asking(hook);
                    Socket socket = house.connect()) {
                socket.getOutputStream().write(made("unwelcome"));
                assertEquals(-1, socket.getInputStream().read(), "it is closed");
                assertTrue(house.streams.find(new StreamName("unwelcome")).isEmpty());
                await("it was asked", () -> hook.asked().size() == 1);
            }
        }
    }
}
