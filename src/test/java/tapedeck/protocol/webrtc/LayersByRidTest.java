package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.stream.SessionReport.TrackReport;

/// Packets of a simulcast as browsers send them: no SSRC was signalled, and the rid is there until the sender knows
/// that we know it (RFC 8852 3).
class LayersByRidTest {
    private static final int RID_ID = 10;
    private static final int REPAIRED_ID = 11;
    private static final int VP8 = 96;
    private static final int RTX = 97;
    private static final long MILLI = 1_000_000;
    private static final List<String> RIDS = List.of("q", "h", "f");
    private static final int[] WIDTHS = {160, 320, 640};

    private final List<Frame> out = new ArrayList<>();
    private long missing;
    private final InboundTrack track = new InboundTrack(
            new AgreedMedia(
                    AgreedMedia.Kind.VIDEO,
                    "0",
                    List.of(
                            new PayloadFormat(VP8, "VP8", 90_000, 1, "", List.of("nack", "nack pli")),
                            new PayloadFormat(RTX, "rtx", 90_000, 1, "apt=" + VP8, List.of())),
                    Map.of(AgreedMedia.RID, RID_ID, AgreedMedia.REPAIRED_RID, REPAIRED_ID),
                    RIDS,
                    true),
            1,
            new PeerClock(0),
            out::add,
            count -> missing += count);
    private final int[] sequences = {100, 200, 300};

    private final List<Frame> media = TestMedia.vp8(3);

    /// A keyframe says its size in the bytes 6 to 9, RFC 6386 9.1.
    private static Bytes sized(Frame frame, int width) {
        byte[] data = frame.data().toByteArray();
        if (frame.keyframe()) {
            data[6] = (byte) width;
            data[7] = (byte) (width >> 8);
        }
        return Bytes.wrap(data);
    }

    private List<RtpPacket> packets(int layer, int number, boolean named) {
        Frame frame = media.get(number);
        Frame sized = new Frame(
                frame.track(), frame.dtsNanos(), frame.ptsNanos(), frame.keyframe(), sized(frame, WIDTHS[layer]));
        return packets(sized, layer, number, named);
    }

    private List<RtpPacket> packets(Frame frame, int layer, int number, boolean named) {
        List<RtpPacket> packets = new ArrayList<>();
        Packetizer packetizer = Packetizer.of(frame.track().codec(), 1_000);
        packetizer.packetize(
                frame,
                (header, body, marker) -> packets.add(RtpPacket.of(
                        VP8,
                        marker,
                        sequences[layer]++,
                        number * 3_000L,
                        1_000L + layer,
                        named ? List.of(new RtpPacket.Extension(RID_ID, Bytes.ofUtf8(RIDS.get(layer)))) : List.of(),
                        Packetizer.joined(header, body))));
        return packets;
    }

    private static RtpPacket repair(RtpPacket lost, int layer, int number, boolean named) {
        return RtpPacket.of(
                RTX,
                lost.marker(),
                number,
                lost.timestamp(),
                2_000L + layer,
                named ? List.of(new RtpPacket.Extension(REPAIRED_ID, Bytes.ofUtf8(RIDS.get(layer)))) : List.of(),
                new ByteWriter()
                        .u16(lost.sequenceNumber())
                        .bytes(lost.payload())
                        .toBytes());
    }

    @Test
    void theLargestLayerIsTheTrackAlsoWhenItsPacketsNoLongerSayWhoTheyAre() {
        long now = 0;
        for (int number = 0; number < media.size(); number++) {
            now = number * 33 * MILLI;
            for (int layer = 0; layer < RIDS.size(); layer++) {
                for (RtpPacket packet : packets(layer, number, number < 5)) {
                    assertTrue(track.receive(packet, now));
                }
            }
            track.tick(now, new ArrayList<>());
        }
        track.tick(now + 1_000 * MILLI, new ArrayList<>());
        assertEquals(media.size(), out.size());
        for (Frame frame : out) {
            assertEquals(640, ((Codec.Vp8) frame.track().codec()).width());
        }
        List<TrackReport> reports = new ArrayList<>();
        track.report(reports);
        assertEquals(RIDS, reports.stream().map(TrackReport::layer).toList());
        assertTrue(reports.stream().allMatch(report -> report.frames() == media.size()));
        assertEquals(0, missing);
    }

    @Test
    void repairsFindTheirLayerByNameAndThenBySource() {
        int repairs = 0;
        long now = 0;
        for (int number = 0; number < media.size(); number++) {
            now = number * 33 * MILLI;
            for (int layer = 0; layer < RIDS.size(); layer++) {
                List<RtpPacket> packets = packets(layer, number, number < 5);
                for (RtpPacket packet : packets) {
                    if (packet == packets.getLast() && (number == 10 || number == 20)) {
                        assertTrue(track.receive(repair(packet, layer, repairs++, number == 10), now + MILLI));
                    } else {
                        assertTrue(track.receive(packet, now));
                    }
                }
            }
        }
        track.tick(now + 1_000 * MILLI, new ArrayList<>());
        assertEquals(6, repairs);
        assertEquals(media.size(), out.size());
        assertEquals(0, missing);
    }

    /// What viewers of a layer get is guarded as the track is: each change of size costs decoders and receivers
    /// something.
    @Test
    void aLayerThatChangesItsSizeWithEachPictureIsNotHandedOnForEver() {
        List<Frame> lower = new ArrayList<>();
        track.to(new Layers.Sink() {
            @Override
            public boolean wants(int layer) {
                return layer == 0;
            }

            @Override
            public void frame(int layer, Frame frame) {
                assertEquals(0, layer);
                lower.add(frame);
            }
        });
        long now = 0;
        for (int number = 0; number < 60; number++) {
            now = number * 33 * MILLI;
            for (int layer = 0; layer < RIDS.size(); layer++) {
                Frame keyframe = media.getFirst();
                Bytes data = sized(keyframe, WIDTHS[layer] - (layer == 0 ? number : 0));
                Frame frame = new Frame(keyframe.track(), now, now, true, data);
                for (RtpPacket packet : packets(frame, layer, number, true)) {
                    assertTrue(track.receive(packet, now));
                }
            }
        }
        track.tick(now + 1_000 * MILLI, new ArrayList<>());
        assertEquals(60, out.size(), "the others are not touched");
        assertTrue(lower.size() >= 8 && lower.size() <= 10, lower.size() + " sizes");
    }

    @Test
    void whoIsNotKnownIsNobody() {
        assertFalse(track.receive(packets(0, 0, false).getFirst(), 0), "no name, and a source that nobody named");
        RtpPacket other = RtpPacket.of(
                VP8,
                true,
                1,
                0,
                7,
                List.of(new RtpPacket.Extension(RID_ID, Bytes.ofUtf8("x"))),
                packets(1, 0, true).getFirst().payload());
        assertFalse(track.receive(other, 0), "a name that was not agreed on");
        assertEquals(0, out.size());
    }
}
