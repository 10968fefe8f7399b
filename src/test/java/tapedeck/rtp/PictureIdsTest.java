package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

/// Browsers take each picture to depend on the one whose id is one less: for a viewer that did not get all pictures, or
/// got them of two layers, none may be missing.
class PictureIdsTest {
    private static final HeaderExtensions NONE =
            new HeaderExtensions(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), null);
    private static final int PICTURES = 40_000;

    private final byte[] buffer = new byte[2_048];

    private static RtpSender sender(String name) {
        return new RtpSender(
                List.of(
                        new PayloadFormat(96, name, 90_000, 1, "", List.of("nack")),
                        new PayloadFormat(97, "rtx", 90_000, 1, "apt=96", List.of())),
                NONE,
                1,
                OptionalLong.of(2));
    }

    private static FramePackets cut(Codec codec, int number, Packetizer packetizer) {
        Track track = new Track(Track.VIDEO, codec);
        long nanos = number * 20_000_000L;
        byte[] data = new byte[1_500];
        // Neither a keyframe of VP8 nor a superframe of VP9.
        data[0] = 1;
        return FramePackets.of(new Frame(track, nanos, nanos, false, Bytes.wrap(data)), false, packetizer);
    }

    private RtpPacket send(RtpSender sender, Payload payload, long timestamp) {
        int length = sender.write(payload, timestamp, 0, 0, buffer);
        sender.sent(payload, timestamp, null, 0);
        return RtpPacket.parse(Bytes.wrap(Arrays.copyOf(buffer, length)));
    }

    private static int id(Bytes payload, int place) {
        return payload.u16(place) & 0x7FFF;
    }

    /// Two packetizers take turns, and every third picture is left out.
    private void idsFollowOnEachOther(Codec codec, String name, int place) {
        RtpSender sender = sender(name);
        List<Packetizer> layers = List.of(Packetizer.of(codec, 1_000), Packetizer.of(codec, 1_000));
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            FramePackets frame = cut(codec, i, layers.get(i / 100 % 2));
            if (i % 3 == 2) {
                continue;
            }
            List<RtpPacket> packets = frame.payloads().stream()
                    .map(payload ->
                            send(sender, payload, sender.timestamp(frame.frame().ptsNanos())))
                    .toList();
            assertEquals(2, packets.size());
            int id = id(packets.getFirst().payload(), place);
            assertEquals(id, id(packets.getLast().payload(), place), "all packets of one picture");
            for (int p = 0; p < 2; p++) {
                Bytes sent = packets.get(p).payload();
                Payload whole = frame.payloads().get(p);
                assertEquals(whole.header().slice(0, place), sent.slice(0, place));
                assertEquals(whole.body(), sent.slice(whole.header().length()));
            }
            ids.add(id);
        }
        for (int i = 1; i < ids.size(); i++) {
            assertEquals(ids.get(i - 1) + 1 & 0x7FFF, ids.get(i), "picture " + i);
        }
    }

    @Test
    void idsOfVp8FollowOnEachOther() {
        idsFollowOnEachOther(new Codec.Vp8(640, 480), "VP8", 2);
    }

    @Test
    void idsOfVp9FollowOnEachOther() {
        idsFollowOnEachOther(new Codec.Vp9(0, 8, 640, 480), "VP9", 1);
    }

    @Test
    void aRepeatHasTheIdOfItsPicture() {
        RtpSender sender = sender("VP8");
        Packetizer packetizer = Packetizer.of(new Codec.Vp8(640, 480), 1_000);
        List<RtpPacket> sent = new ArrayList<>();
        for (int i = 0; i < 20; i += 2) {
            cut(new Codec.Vp8(640, 480), i, packetizer);
            FramePackets frame = cut(new Codec.Vp8(640, 480), i + 1, packetizer);
            for (Payload payload : frame.payloads()) {
                sent.add(send(sender, payload, sender.timestamp(frame.frame().ptsNanos())));
            }
        }
        for (RtpPacket packet : sent) {
            RtpSender.Repeat repeat = sender.repeat(packet.sequenceNumber(), 0, 1, buffer);
            assertNotNull(repeat);
            RtpPacket again = RtpPacket.parse(Bytes.wrap(Arrays.copyOf(buffer, repeat.length())));
            assertEquals(packet.payload(), again.payload().slice(2));
        }
    }
}
