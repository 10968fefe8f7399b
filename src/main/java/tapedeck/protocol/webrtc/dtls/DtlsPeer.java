package tapedeck.protocol.webrtc.dtls;

import tapedeck.rtp.sdp.Fingerprint;

/// Who is to be on the other end of a handshake.
///
/// @param certificate what it promised to show
/// @param side which part in the handshake is the peer's: the other one is ours
public record DtlsPeer(Fingerprint certificate, Side side) {
    /// RFC 5763 5: the active endpoint is the client, who speaks first.
    public enum Side {
        CLIENT,
        SERVER
    }

    public static DtlsPeer client(Fingerprint certificate) {
        return new DtlsPeer(certificate, Side.CLIENT);
    }

    public static DtlsPeer server(Fingerprint certificate) {
        return new DtlsPeer(certificate, Side.SERVER);
    }
}
