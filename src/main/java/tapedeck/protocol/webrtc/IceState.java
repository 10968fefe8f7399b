package tapedeck.protocol.webrtc;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.net.http.HttpProblem;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.sdp.IceFragment;

/// The ICE session of one peer as PATCH requests see it, RFC 9725 4.3: which credentials are the present ones. They may
/// come out of order and at the same time; the entity tag says which of them are late.
final class IceState {
    private final PeerSession session;

    // Guarded by this.
    private IceCredentials local;
    private String remoteUfrag;

    IceState(PeerSession session, IceCredentials local, String remoteUfrag) {
        this.session = session;
        this.local = local;
        this.remoteUfrag = remoteUfrag;
    }

    PeerSession session() {
        return session;
    }

    /// Strong, and another one after each restart: our fragment is both.
    static String etag(IceCredentials local) {
        return '"' + local.ufrag() + '"';
    }

    /// Other credentials than the peer's present ones restart ICE (RFC 8839 4.4.1.1.1); the old ones go on until the
    /// peer uses the new ones.
    ///
    /// @param tags of If-Match
    /// @return our new credentials after a restart, else null
    /// @throws HttpProblem 412 if the tags are those of an ICE session that is no more
    synchronized @Nullable IceCredentials patch(List<String> tags, IceFragment fragment) throws HttpProblem {
        if (!tags.contains("*") && !tags.contains(etag(local))) {
            throw new HttpProblem(412, "ICE was restarted, its ETag is now " + etag(local));
        }
        if (fragment.ufrag().isEmpty() || fragment.ufrag().equals(remoteUfrag)) {
            return null;
        }
        local = IceCredentials.random();
        remoteUfrag = fragment.ufrag();
        session.restart(local, remoteUfrag);
        return local;
    }
}
