package tapedeck.rtp.srtp;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Protects what is sent to one peer. Packets of a source are given in the order of their sequence numbers, each one
/// once: a nonce that is used twice would give the key stream away. Repeats are RTX packets with numbers of their own,
/// or the same protected bytes again.
///
/// Used by one thread.
public final class SrtpSender {
    /// What a packet grows by at most.
    public static final int MAX_OVERHEAD_BYTES = 20;

    private static final int RTCP_HEADER = 8;

    private final int tagBytes;
    private final SrtpCipher rtp;
    private final SrtpCipher rtcp;
    private final Map<Integer, Sequence> sources = new HashMap<>();
    private @Nullable Sequence last;
    private int lastSsrc;
    private int rtcpIndex;

    public SrtpSender(SrtpKeys keys) {
        this(SessionKeys.ofRtp(keys), SessionKeys.ofRtcp(keys));
    }

    SrtpSender(SessionKeys rtpKeys, SessionKeys rtcpKeys) {
        tagBytes = rtpKeys.profile().tagBytes();
        rtp = SrtpCipher.of(rtpKeys);
        rtcp = SrtpCipher.of(rtcpKeys);
    }

    private static final class Sequence {
        private long index;

        private Sequence(int first) {
            index = first;
        }
    }

    /// Writes the protected packet to `out` and returns its length.
    public int protectRtp(byte[] packet, int offset, int length, byte[] out, int outOffset) {
        int head = length < 12 ? -1 : SrtpReceiver.headerBytes(packet, offset, length);
        if (head < 0) {
            throw new IllegalArgumentException("not an RTP packet");
        }
        int ssrc = SrtpCipher.i32(packet, offset + 8);
        int number = (packet[offset + 2] & 0xFF) << 8 | packet[offset + 3] & 0xFF;
        Sequence source = ssrc == lastSsrc ? last : sources.get(ssrc);
        if (source == null) {
            source = new Sequence(number);
            sources.put(ssrc, source);
        } else {
            int step = (short) (number - (int) source.index);
            if (step <= 0) {
                throw new IllegalStateException("sequence number %d after %d".formatted(number, source.index & 0xFFFF));
            }
            source.index += step;
        }
        last = source;
        lastSsrc = ssrc;
        rtp.sealRtp(packet, offset, head, length, source.index, out, outOffset);
        return length + tagBytes;
    }

    /// Writes the protected compound to `out` and returns its length.
    public int protectRtcp(byte[] packet, int offset, int length, byte[] out, int outOffset) {
        if (length < RTCP_HEADER) {
            throw new IllegalArgumentException("not an RTCP packet");
        }
        if (rtcpIndex == Integer.MAX_VALUE) {
            throw new IllegalStateException("SRTCP index is used up: new keys are needed");
        }
        rtcp.sealRtcp(packet, offset, length, ++rtcpIndex, out, outOffset);
        return length + tagBytes + 4;
    }
}
