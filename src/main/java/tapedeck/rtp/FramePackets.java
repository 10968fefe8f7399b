package tapedeck.rtp;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.rtp.payload.Packetizer;

/// A frame cut into payloads, once for all who get it.
///
/// @param entryPoint whether a viewer can begin here
/// @param bytes of all payloads
/// @param layer 0 for a picture that all later ones may depend on; a number for one on which only those of as high a
///     number depend (a temporal layer), or [#NONE_DEPENDS]
public record FramePackets(Frame frame, boolean entryPoint, List<Payload> payloads, int bytes, int layer) {
    /// The layer of a picture that no other refers to.
    public static final int NONE_DEPENDS = Integer.MAX_VALUE;

    public FramePackets {
        payloads = List.copyOf(payloads);
    }

    public static FramePackets of(Frame frame, boolean entryPoint, Packetizer packetizer) {
        Cut cut = new Cut();
        packetizer.packetize(frame, cut::add);
        return new FramePackets(frame, entryPoint, cut.payloads, cut.bytes, entryPoint ? 0 : TemporalLayer.of(frame));
    }

    private static final class Cut {
        private final List<Payload> payloads = new ArrayList<>();
        private int bytes;

        private void add(Bytes header, Bytes body, boolean marker) {
            Payload payload = new Payload(header, body, marker);
            payloads.add(payload);
            bytes += payload.length();
        }
    }
}
