package tapedeck.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.net.tls.ClientTls;

/// From names to addresses that may be connected to.
record RelayNetwork(AllowedAddresses allowed, ClientTls tls, Resolver resolver) {
    /// How names are looked up.
    interface Resolver {
        InetAddress[] all(String host) throws UnknownHostException;
    }

    /// Looks the host up, every time anew: it may have moved.
    ///
    /// @throws RelayRefusedException if it may not be used
    /// @throws IOException if nobody knows the host now
    RelayTarget target(RelayAddress typed, Map<String, String> options, int redirects) throws IOException {
        if (typed.isFile()) {
            return new RelayTarget(typed, InetSocketAddress.createUnresolved("", 0), options, this, redirects);
        }
        if (typed.port() == 0) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.ADDRESS, "address: %s:// needs a port".formatted(typed.scheme()));
        }
        InetSocketAddress address = new InetSocketAddress(resolved(typed.host()), typed.port());
        return new RelayTarget(typed, address, options, this, redirects);
    }

    boolean allows(InetAddress address) {
        try {
            allowed.check(address);
            return true;
        } catch (RelayRefusedException _) {
            return false;
        }
    }

    private InetAddress resolved(String host) throws IOException {
        InetAddress[] found;
        try {
            found = resolver.all(host);
        } catch (UnknownHostException e) {
            throw new IOException("unknown host %s".formatted(host), e);
        }
        @Nullable RelayRefusedException refused = null;
        for (InetAddress address : found) {
            try {
                allowed.check(address);
                return address;
            } catch (RelayRefusedException e) {
                refused = e;
            }
        }
        throw refused == null ? new IOException("unknown host %s".formatted(host)) : refused;
    }
}
