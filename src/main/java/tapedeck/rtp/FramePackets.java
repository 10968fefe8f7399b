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
public record FramePackets(Frame frame, boolean entryPoint, List<Payload> payloads, int bytes) {
    public FramePackets {
        payloads = List.copyOf(payloads);
    }

    public static FramePackets of(Frame frame, boolean entryPoint, Packetizer packetizer) {
        Cut cut = new Cut();
        packetizer.packetize(frame, cut::add);
        return new FramePackets(frame, entryPoint, cut.payloads, cut.bytes);
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
