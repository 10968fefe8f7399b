package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Players of streams with codecs that RTMP does not have.
@Timeout(120)
class RtmpLeftOutTest {
    private static final int SOUND = 8;
    private static final int VIDEO = 9;
    private static final int DATA = 18;

    private RtmpHouse house;

    @BeforeEach
    void open() {
        house = new RtmpHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    private Publication publish(Publisher.Expects expects) throws NameTakenException {
        Publisher who = new Publisher(Publisher.Protocol.WEBRTC, "", "", "", Publisher.RecordWish.NO, expects);
        return house.streams.publish(new StreamName("web"), who, Feedback.NONE);
    }

    private static Frame opus(long nanos) {
        return new Frame(new Track(Track.AUDIO, new Codec.Opus(2, 0)), nanos, nanos, true, Bytes.ofU8(1, 2, 3));
    }

    @Test
    void picturesAreNamed() throws Exception {
        try (Publication web = publish(Publisher.Expects.BOTH);
                RtmpClient client = house.client()) {
            web.announce(new Track(Track.VIDEO, new Codec.Vp8(640, 360)));
            RtmpClient.Status status = client.tryPlay("web");
            assertEquals("NetStream.Play.Failed", status.code());
            assertEquals("RTMP cannot carry vp8 of \"web\".", status.description());
            client.awaitClosed();
        }
    }

    @Test
    void soundThatIsAllThereIsIsNamed() throws Exception {
        try (Publication web = publish(Publisher.Expects.AUDIO);
                RtmpClient early = house.client();
                RtmpClient late = house.client()) {
            early.play("web");
            web.write(opus(0));
            assertEquals(
                    "RTMP cannot carry opus of \"web\".", early.awaitStatus().description());
            early.awaitClosed();
            assertEquals(
                    "RTMP cannot carry opus of \"web\".", late.tryPlay("web").description());
            late.awaitClosed();
        }
    }

    /// Nobody has said what is going to come: it is waited for as long as for any track.
    @Test
    void soundThatTurnsOutToBeAllThereIsIsNamed() throws Exception {
        try (Publication web = publish(Publisher.Expects.UNKNOWN);
                RtmpClient client = house.client()) {
            client.play("web");
            web.write(opus(0));
            web.write(opus(2_000_000_000L));
            assertEquals(
                    "RTMP cannot carry opus of \"web\".", client.awaitStatus().description());
            client.awaitClosed();
        }
    }

    @Test
    void soundBesidePicturesIsLeftOutAndNamed() throws Exception {
        List<Frame> pictures = TestMedia.of("h264", 1);
        try (Publication web = publish(Publisher.Expects.BOTH);
                RtmpClient early = house.client();
                RtmpClient late = house.client()) {
            early.play("web");
            web.write(opus(0));
            pictures.forEach(web::write);
            web.write(opus(1_000_000_000L));
            assertEquals(
                    "Playing \"web\" without opus, which RTMP cannot carry.",
                    late.tryPlay("web").description());
            web.write(pictures.getLast());
            for (RtmpClient player : List.of(early, late)) {
                Map<?, ?> metadata = Map.of();
                for (int seen = 0; seen < 3; ) {
                    RtmpClient.Message message = player.read();
                    assertNotEquals(SOUND, message.type());
                    seen += message.type() == VIDEO ? 1 : 0;
                    if (message.type() == DATA && message.values().getLast() instanceof Map<?, ?> map) {
                        metadata = map;
                    }
                }
                assertEquals(Boolean.FALSE, metadata.get("hasAudio"), "nobody waits for it");
            }
        }
    }
}
