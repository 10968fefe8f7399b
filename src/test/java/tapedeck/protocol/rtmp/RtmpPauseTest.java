package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.peers.FlvFile;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

@Timeout(120)
class RtmpPauseTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final int VIDEO = 9;

    private RtmpHouse house;

    @BeforeEach
    void open() {
        house = new RtmpHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    private static void pause(RtmpClient player, boolean pause) throws IOException {
        player.command(player.streamId(), "pause", 0, null, pause, 0);
    }

    /// The next picture that can be shown.
    private static RtmpClient.Message picture(RtmpClient player) throws IOException {
        RtmpClient.Message message = player.read();
        while (message.type() != VIDEO || message.body().u8(1) != 1) {
            message = player.read();
        }
        return message;
    }

    @Test
    void aPlayerThatPausesGoesOnAtTheLastKeyframe() throws Exception {
        List<FlvFile.Tag> tags = CLIP.tags();
        int half = tags.size() / 2;
        try (RtmpClient publisher = house.client().publish("a");
                RtmpClient player = house.client().play("a")) {
            Stream stream = house.streams.find(new StreamName("a")).orElseThrow();
            publisher.send(tags.subList(0, half));
            picture(player);
            pause(player, true);
            assertEquals("NetStream.Pause.Notify", player.awaitStatus().code());
            assertEquals(0, stream.statistics().liveReaders(), "nothing is queued for it");
            publisher.send(tags.subList(half, tags.size()));
            await(
                    "all is published",
                    () -> stream.statistics().frames() == CLIP.media().size());
            pause(player, false);
            assertEquals("NetStream.Unpause.Notify", player.awaitStatus().code());
            RtmpClient.Message next = picture(player);
            FlvFile.Tag keyframe = tags.stream()
                    .filter(tag -> tag.video() && tag.keyframe() && tag.media())
                    .reduce((_, last) -> last)
                    .orElseThrow();
            assertEquals(keyframe.data(), next.body().slice(5), "the last keyframe");
        }
    }

    @Test
    void aPlayerThatPausesHearsOfTheEnd() throws Exception {
        try (RtmpClient publisher = house.client().publish("a");
                RtmpClient player = house.client().play("a")) {
            publisher.send(CLIP);
            pause(player, true);
            assertEquals("NetStream.Pause.Notify", player.awaitStatus().code());
            publisher.unpublish();
            assertEquals("NetStream.Play.UnpublishNotify", player.awaitStatus().code());
        }
    }
}
