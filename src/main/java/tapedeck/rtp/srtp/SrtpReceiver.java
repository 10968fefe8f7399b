package tapedeck.rtp.srtp;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// Takes the protection off what one peer sends. What is refused is counted, never thrown: anybody can send rubbish to
/// a port, and an attacker's packets must not cost more than the peer's own.
///
/// Used by one thread.
public final class SrtpReceiver {
    /// Sources per direction that replay is tracked for; a peer that is authenticated could otherwise make up any
    /// number.
    public static final int MAX_SOURCES = 128;

    private static final int RTP_HEADER = 12;
    private static final int RTCP_HEADER = 8;
    private static final int WORD_BYTES = 4;
    private static final int INDEX_MASK = 0x7FFF_FFFF;

    private final int tagBytes;
    private final SrtpCipher rtp;
    private final SrtpCipher rtcp;
    private final List<ReplayWindow> rtpSources = new ArrayList<>(4);
    private final List<ReplayWindow> rtcpSources = new ArrayList<>(4);
    private final Map<Refusal, Long> refused = new EnumMap<>(Refusal.class);

    public SrtpReceiver(SrtpKeys keys) {
        this(SessionKeys.ofRtp(keys), SessionKeys.ofRtcp(keys));
    }

    SrtpReceiver(SessionKeys rtpKeys, SessionKeys rtcpKeys) {
        tagBytes = rtpKeys.profile().tagBytes();
        rtp = SrtpCipher.of(rtpKeys);
        rtcp = SrtpCipher.of(rtcpKeys);
    }

    /// Why a packet was not accepted.
    public enum Refusal {
        /// Too short, or not of version 2.
        MALFORMED,
        NOT_AUTHENTIC,
        /// Seen before, or too old to tell.
        REPLAYED,
        TOO_MANY_SOURCES
    }

    /// How many packets were refused for this reason so far.
    public long refused(Refusal why) {
        return refused.getOrDefault(why, 0L);
    }

    /// The plain packet in an array of its own, or null if it was refused. The input is not changed.
    public @Nullable Bytes unprotectRtp(byte[] packet, int offset, int length) {
        int head = length < RTP_HEADER + tagBytes ? -1 : headerBytes(packet, offset, length - tagBytes);
        if (head < 0) {
            return refuse(Refusal.MALFORMED);
        }
        int ssrc = SrtpCipher.i32(packet, offset + 8);
        int sequence = (packet[offset + 2] & 0xFF) << 8 | packet[offset + 3] & 0xFF;
        ReplayWindow source = find(rtpSources, ssrc);
        if (source == null && rtpSources.size() == MAX_SOURCES) {
            return refuse(Refusal.TOO_MANY_SOURCES);
        }
        long index = source == null ? sequence : source.estimate(sequence);
        if (source != null && !source.isNew(index)) {
            return refuse(Refusal.REPLAYED);
        }
        byte[] plain = new byte[length - tagBytes];
        if (!rtp.openRtp(packet, offset, head, length, index, plain)) {
            return refuse(Refusal.NOT_AUTHENTIC);
        }
        (source == null ? add(rtpSources, ssrc) : source).add(index);
        return Bytes.wrap(plain);
    }

    /// As [#unprotectRtp(byte\[\], int, int)] for a compound of RTCP.
    public @Nullable Bytes unprotectRtcp(byte[] packet, int offset, int length) {
        int plainBytes = length - tagBytes - WORD_BYTES;
        if (plainBytes < RTCP_HEADER || (packet[offset] & 0xC0) != 0x80) {
            return refuse(Refusal.MALFORMED);
        }
        int ssrc = SrtpCipher.i32(packet, offset + 4);
        int index = rtcp.rtcpWord(packet, offset, length) & INDEX_MASK;
        ReplayWindow source = find(rtcpSources, ssrc);
        if (source == null && rtcpSources.size() == MAX_SOURCES) {
            return refuse(Refusal.TOO_MANY_SOURCES);
        }
        if (source != null && !source.isNew(index)) {
            return refuse(Refusal.REPLAYED);
        }
        byte[] plain = new byte[plainBytes];
        if (!rtcp.openRtcp(packet, offset, length, plain)) {
            return refuse(Refusal.NOT_AUTHENTIC);
        }
        (source == null ? add(rtcpSources, ssrc) : source).add(index);
        return Bytes.wrap(plain);
    }

    /// The bytes that stay clear (header, CSRCs, extension), RFC 3711 3.1; -1 if they do not fit.
    static int headerBytes(byte[] packet, int offset, int length) {
        if ((packet[offset] & 0xC0) != 0x80) {
            return -1;
        }
        int head = RTP_HEADER + 4 * (packet[offset] & 0x0F);
        if ((packet[offset] & 0x10) != 0) {
            if (head + 4 > length) {
                return -1;
            }
            head += 4 + 4 * ((packet[offset + head + 2] & 0xFF) << 8 | packet[offset + head + 3] & 0xFF);
        }
        return head <= length ? head : -1;
    }

    private @Nullable Bytes refuse(Refusal why) {
        refused.merge(why, 1L, Long::sum);
        return null;
    }

    /// A peer has a handful of sources: a list is shorter than a map's detour over boxed numbers.
    private static @Nullable ReplayWindow find(List<ReplayWindow> sources, int ssrc) {
        for (int i = 0; i < sources.size(); i++) {
            ReplayWindow source = sources.get(i);
            if (source.ssrc() == ssrc) {
                return source;
            }
        }
        return null;
    }

    /// Only after a packet proved authentic, so that nobody else can fill the list.
    private static ReplayWindow add(List<ReplayWindow> sources, int ssrc) {
        ReplayWindow source = new ReplayWindow(ssrc);
        sources.add(source);
        return source;
    }
}
