package tapedeck.rtp.payload;

import java.util.List;
import tapedeck.bytes.Bytes;

/// Audio with redundancy, RFC 2198: what was lost and comes again with a later packet is handed on in its place, with
/// its own timestamp, and each packet once.
final class RedDepacketizer implements Depacketizer {
    private final AudioDepacketizer plain;
    private final int payloadType;

    /// @param plain which also gets the packets that come without redundancy
    /// @param payloadType that of the blocks that `plain` takes; others (comfort noise, DTMF) are passed over
    RedDepacketizer(AudioDepacketizer plain, int payloadType) {
        this.plain = plain;
        this.payloadType = payloadType;
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (payload.isEmpty()) {
            return;
        }
        List<RedPayload.Block> blocks = RedPayload.parse(payload);
        for (RedPayload.Block block : blocks.subList(0, blocks.size() - 1)) {
            if (block.payloadType() == payloadType && block.timestampOffset() > 0) {
                plain.repeated(block.data(), timestamp - block.timestampOffset(), sink);
            }
        }
        RedPayload.Block newest = blocks.getLast();
        if (newest.payloadType() == payloadType) {
            plain.packet(newest.data(), timestamp, marker, sink);
        }
    }

    @Override
    public void gap(long packets) {
        plain.gap(packets);
    }

    @Override
    public boolean needsKeyframe() {
        return false;
    }

    @Override
    public long missingFrames() {
        return plain.missingFrames();
    }
}
