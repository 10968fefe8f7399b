package tapedeck.protocol.mpegts;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tapedeck.net.http.AddressRange;
import tapedeck.rights.Decision;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;

/// Who may publish over a protocol that has no place for a password or a token: everybody where nobody is asked, whom
/// `publish_auth_exempt` names, and whom a webhook lets in.
final class TsAdmission {
    private final Rights rights;
    private final List<AddressRange> exempt;

    TsAdmission(Rights rights, List<String> exempt) {
        this.rights = rights;
        this.exempt = exempt.stream().map(AddressRange::parse).toList();
    }

    /// Whether there is nothing to ask.
    boolean isFree(TsPeer peer) {
        return rights.isFree(Request.Action.PUBLISH)
                || exempt.stream()
                        .anyMatch(range -> range.contains(peer.address().getAddress()));
    }

    /// @param then gets the answer at once, or later on another thread
    void ask(String stream, TsPeer peer, Consumer<Decision> then) {
        if (isFree(peer)) {
            then.accept(new Decision.Allowed(""));
            return;
        }
        rights.ask(
                new Request(
                        Request.Action.PUBLISH,
                        stream,
                        "mpegts",
                        peer.address().getAddress(),
                        Request.Credentials.NONE,
                        Map.of()),
                then);
    }
}
