package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;

/// A publisher that speaks AMF 3, as Flash does with `objectEncoding` 3.
@Timeout(60)
class RtmpAmf3Test {
    private static final FlvFile CLIP = TestFlv.bothTracks();

    private RtmpHouse house;

    @BeforeEach
    void open() {
        house = new RtmpHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    /// A byte 0, name and transaction in AMF 0, the rest in AMF 3.
    private static Bytes command(String name, double transaction, String amf3) {
        ByteWriter out = new ByteWriter().u8(0);
        return Amf0.write(out, name, transaction).bytes(Bytes.ofHex(amf3)).toBytes();
    }

    @Test
    void publishesInAmf3() throws Exception {
        FrameCollector collector = FrameCollector.of(house.streams, "a");
        try (RtmpClient client = RtmpClient.open(house.port()).handshake()) {
            // {app: "live", objectEncoding: 3}, a dynamic object without a class.
            String asked = "11 0a 0b 01 07 617070 06 09 6c697665 1d 6f626a656374456e636f64696e67 04 03 01";
            client.message(3, RtmpMessage.COMMAND_AMF3, 0, 0, command("connect", 1, asked));
            client.awaitResult(1);
            client.createStream();
            client.message(
                    3, RtmpMessage.COMMAND_AMF3, client.streamId(), 0, command("publish", 3, "11 01 11 06 03 61"));
            assertEquals("NetStream.Publish.Start", client.awaitStatus().code());
            // onMetaData with an array that has names.
            Bytes metadata =
                    Bytes.ofHex("00 02 000a 6f6e4d65746144617461 11 09 01 19 766964656f636f6465636964 04 07 01");
            client.message(4, RtmpMessage.DATA_AMF3, client.streamId(), 0, metadata);
            client.send(CLIP.tags().stream().filter(tag -> !tag.script()).toList());
            client.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }

    @Test
    void aMessageThatContainsItselfEndsItsConnectionAlone() throws Exception {
        try (RtmpClient bad = RtmpClient.open(house.port()).handshake();
                RtmpClient good = house.client().publish("b")) {
            bad.message(3, RtmpMessage.COMMAND_AMF3, 0, 0, command("connect", 1, "11 09 03 01 09 00"));
            bad.awaitClosed();
            good.send(CLIP);
            good.unpublish();
        }
    }
}
