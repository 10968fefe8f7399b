package tapedeck.protocol.webrtc;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.RtpPacket;

/// Numbers of the header extensions of a section, -1 where one was not agreed on.
record ExtensionIds(int transportWide, int absoluteSendTime, int rid, int repairedRid, int orientation) {
    static ExtensionIds of(AgreedMedia agreed) {
        return new ExtensionIds(
                agreed.extension(AgreedMedia.TRANSPORT_WIDE).orElse(-1),
                agreed.extension(AgreedMedia.ABS_SEND_TIME).orElse(-1),
                agreed.extension(AgreedMedia.RID).orElse(-1),
                agreed.extension(AgreedMedia.REPAIRED_RID).orElse(-1),
                agreed.extension(AgreedMedia.ORIENTATION).orElse(-1));
    }

    /// The value of one of them in a packet, or null.
    static @Nullable Bytes of(RtpPacket packet, int id) {
        return id < 0 ? null : packet.extension(id);
    }
}
