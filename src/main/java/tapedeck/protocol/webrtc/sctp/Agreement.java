package tapedeck.protocol.webrtc.sctp;

/// What INIT and INIT ACK settled about the peer.
///
/// @param outboundStreams how many streams we may use
/// @param forwardsTsn whether it understands FORWARD TSN, RFC 3758: else everything is reliable
/// @param resetsStreams whether it understands RE-CONFIG, RFC 6525: else a closed channel's stream is not used again
record Agreement(
        long peerTag,
        long peerInitialTsn,
        long peerWindow,
        int outboundStreams,
        boolean forwardsTsn,
        boolean resetsStreams) {}
