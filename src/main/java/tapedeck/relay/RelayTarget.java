package tapedeck.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/// Where one connection goes. Its host was looked up and checked: whoever connects, connects to [#address()], never to
/// the name, which may mean another address by now.
public final class RelayTarget {
    /// Redirects that are followed in a row.
    static final int MAX_REDIRECTS = 5;

    /// Who logs in there.
    public record Login(String user, String password) {
        @Override
        public String toString() {
            return "Login[…]";
        }
    }

    private final RelayAddress typed;
    private final URI uri;
    private final InetSocketAddress address;
    private final Map<String, String> options;
    private final RelayNetwork network;
    private final int redirects;

    RelayTarget(
            RelayAddress typed,
            InetSocketAddress address,
            Map<String, String> options,
            RelayNetwork network,
            int redirects)
            throws RelayRefusedException {
        this.typed = typed;
        this.uri = typed.uri();
        this.address = address;
        this.options = options;
        this.network = network;
        this.redirects = redirects;
    }

    /// What was asked for, without user and password. Its host may be null, as [URI] does not take every name that is
    /// in use: [#host()] has it.
    public URI uri() {
        return uri;
    }

    public String scheme() {
        return typed.scheme();
    }

    /// Whether the connection is one over TLS.
    public boolean isEncrypted() {
        return typed.isEncrypted();
    }

    /// Whether media may go there, which the other side names beside its own address.
    public boolean allows(InetAddress other) {
        return network.allows(other);
    }

    /// Whether this is the same server, as far as secrets are concerned.
    public boolean isSameServer(RelayTarget other) {
        return typed.host().equalsIgnoreCase(other.typed.host())
                && typed.port() == other.typed.port()
                && isEncrypted() == other.isEncrypted();
    }

    /// As it was typed, an IPv6 address without brackets; "" for files.
    public String host() {
        return typed.host();
    }

    /// Host, and port where it is not the scheme's, as they stand in headers.
    public String hostAndPort() {
        return typed.hostAndPort();
    }

    /// To connect to. Unresolved where the address names no host, which is so for files.
    public InetSocketAddress address() {
        return address;
    }

    public Optional<Login> login() {
        return typed.login();
    }

    /// What was said beside the address, for the protocol.
    public Map<String, String> options() {
        return options;
    }

    public String option(String name, String byDefault) {
        return options.getOrDefault(name, byDefault);
    }

    /// Where the other side sends us: an address of the same protocol (encrypted or not), looked up and checked
    /// like the first one. Its login is that of the address given; else ours, where host, port and scheme stay.
    ///
    /// @param location an address, or one relative to this
    /// @throws RelayRefusedException if that may not be
    public RelayTarget redirected(String location) throws IOException {
        RelayAddress next = typed.resolved(location);
        if (redirects == MAX_REDIRECTS) {
            throw new IOException("redirected more than %d times".formatted(MAX_REDIRECTS));
        }
        if (!next.speaksAs(typed)) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.ADDRESS,
                    "redirected from %s to %s, which is not followed".formatted(typed.scheme(), next.scheme()));
        }
        boolean same = next.host().equalsIgnoreCase(typed.host())
                && next.port() == typed.port()
                && next.scheme().equals(typed.scheme());
        if (next.login().isEmpty() && same) {
            next = new RelayAddress(next.scheme(), next.host(), next.port(), next.rest(), typed.login());
        }
        return network.target(next, options, redirects + 1);
    }

    /// Whom to trust, as `relay_tls_ca` says.
    public SSLContext tls() {
        return network.tls().context();
    }

    /// The same for one connection to this host, whose name the certificate has to bear.
    public SSLEngine tlsEngine() {
        return network.tls().engine(typed.host(), address.getPort());
    }

    /// Without secrets, whichever way the stream goes.
    @Override
    public String toString() {
        return typed.shownTarget();
    }
}
