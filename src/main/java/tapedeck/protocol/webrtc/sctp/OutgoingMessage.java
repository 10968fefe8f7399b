package tapedeck.protocol.webrtc.sctp;

import tapedeck.bytes.Bytes;

/// A message on its way to the peer.
final class OutgoingMessage {
    static final int UNLIMITED = -1;

    final int streamId;
    final boolean unordered;
    final long ppid;
    final Bytes data;
    /// How often a fragment may be sent again before the message is given up, or [#UNLIMITED].
    final int maxRetransmits;
    /// When it is given up, or [Long#MAX_VALUE].
    final long expiresNanos;

    int ssn;
    int sentBytes;
    boolean abandoned;

    OutgoingMessage(int streamId, boolean unordered, long ppid, Bytes data, int maxRetransmits, long expiresNanos) {
        this.streamId = streamId;
        this.unordered = unordered;
        this.ppid = ppid;
        this.data = data;
        this.maxRetransmits = maxRetransmits;
        this.expiresNanos = expiresNanos;
    }

    int leftBytes() {
        return data.length() - sentBytes;
    }
}
