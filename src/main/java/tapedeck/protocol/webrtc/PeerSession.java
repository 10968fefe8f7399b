package tapedeck.protocol.webrtc;

import tapedeck.protocol.webrtc.ice.IceCredentials;

/// A publisher's or viewer's session as the HTTP side sees it. All calls come from other threads than the loop.
interface PeerSession {
    /// Names the session at the outside; nobody can guess it.
    String id();

    /// Begins to listen for the peer. False if there are too many sessions.
    boolean open();

    /// Whether the peer has proved who it is.
    boolean isConnected();

    /// The peer begins ICE anew, RFC 8445 9: from now on checks with these credentials are its own too.
    void restart(IceCredentials local, String remoteUfrag);

    /// Again without effect.
    void close(String reason);
}
