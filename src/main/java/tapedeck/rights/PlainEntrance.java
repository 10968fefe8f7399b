package tapedeck.rights;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tapedeck.net.http.AddressRange;

/// Who may publish over a protocol that has no place for a password or a token: everybody where nobody is asked, whom
/// `publish_auth_exempt` names, and whom a webhook lets in.
public final class PlainEntrance {
    private final Rights rights;
    private final List<AddressRange> exempt;
    private final String protocol;

    /// @param exempt addresses and networks
    /// @param protocol as webhooks and the log name it
    public PlainEntrance(Rights rights, List<String> exempt, String protocol) {
        this.rights = rights;
        this.exempt = exempt.stream().map(AddressRange::parse).toList();
        this.protocol = protocol;
    }

    /// Whether there is nothing to ask.
    public boolean isFree(InetAddress address) {
        return rights.isFree(Request.Action.PUBLISH) || exempt.stream().anyMatch(range -> range.contains(address));
    }

    /// @param then gets the answer at once, or later on another thread
    public void ask(String stream, InetAddress address, Consumer<Decision> then) {
        if (isFree(address)) {
            then.accept(new Decision.Allowed(""));
            return;
        }
        rights.ask(
                new Request(Request.Action.PUBLISH, stream, protocol, address, Request.Credentials.NONE, Map.of()),
                then);
    }
}
