package tapedeck.rtp.srtp;

import java.util.ArrayList;
import java.util.List;
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
    /// A handful: looked through faster than hashed.
    private final List<Sequence> sources = new ArrayList<>(4);

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
        private final int ssrc;
        private long index;

        private Sequence(int ssrc, int first) {
            this.ssrc = ssrc;
            this.index = first;
        }
    }

    private @Nullable Sequence source(int ssrc) {
        for (int i = 0; i < sources.size(); i++) {
            if (sources.get(i).ssrc == ssrc) {
                return sources.get(i);
            }
        }
        return null;
    }

    /// Writes the protected packet to `out` and returns its length.
    public int protectRtp(byte[] packet, int offset, int length, byte[] out, int outOffset) {
        int head = length < 12 ? -1 : SrtpReceiver.headerBytes(packet, offset, length);
        if (head < 0) {
            throw new IllegalArgumentException("not an RTP packet");
        }
        int ssrc = SrtpCipher.i32(packet, offset + 8);
        int number = (packet[offset + 2] & 0xFF) << 8 | packet[offset + 3] & 0xFF;
        Sequence source = source(ssrc);
        if (source == null) {
            source = new Sequence(ssrc, number);
            sources.add(source);
        } else {
            int step = (short) (number - (int) source.index);
            if (step <= 0) {
                throw new IllegalStateException("sequence number %d after %d".formatted(number, source.index & 0xFFFF));
            }
            source.index += step;
        }

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
