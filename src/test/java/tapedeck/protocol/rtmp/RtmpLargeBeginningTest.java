package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tapedeck.peers.Await.await;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// A group of pictures that is larger than what may wait in a connection, and that goes out in one go: the connection
/// is full and empty again while it is sent.
@Timeout(120)
class RtmpLargeBeginningTest {
    private static final int PLAYERS = 20;
    private static final int PICTURES = 15;
    private static final int PICTURE_BYTES = 120_000;
    private static final long PICTURE_MILLIS = 40;
    private static final int VIDEO = 9;

    @Test
    void eachPictureComesOnce() throws Exception {
        Track track = TestMedia.h264(1).getFirst().track();
        Publisher who =
                new Publisher(Publisher.Protocol.RTSP, "x", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.VIDEO);
        try (RtmpHouse house = new RtmpHouse();
                Publication publication = house.streams.publish(new StreamName("a"), who, Feedback.NONE)) {
            for (int i = 0; i < PICTURES; i++) {
                publication.write(picture(track, i));
            }
            List<RtmpClient> players = new ArrayList<>();
            for (int i = 0; i < PLAYERS; i++) {
                players.add(house.client().play("a"));
            }
            await("players", () -> publication.stream().statistics().liveReaders() == PLAYERS);
            publication.write(picture(track, PICTURES));
            for (RtmpClient player : players) {
                List<Long> seen = new ArrayList<>();
                while (seen.isEmpty() || seen.getLast() != PICTURES * PICTURE_MILLIS) {
                    RtmpClient.Message message = player.read();
                    if (message.type() == VIDEO && message.body().u8(1) == 1) {
                        seen.add((long) message.timestampMillis());
                    }
                }
                assertEquals(
                        LongStream.rangeClosed(0, PICTURES)
                                .map(i -> i * PICTURE_MILLIS)
                                .boxed()
                                .toList(),
                        seen);
                player.close();
            }
        }
    }

    private static Frame picture(Track track, int number) {
        long nanos = number * PICTURE_MILLIS * 1_000_000L;
        return new Frame(track, nanos, nanos, number == 0, Bytes.wrap(new byte[PICTURE_BYTES]));
    }
}
