package tapedeck.protocol.webrtc;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import tapedeck.bytes.Bytes;
import tapedeck.net.Attempts;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;

/// How much signalling one address may do, so that a flood of offers leaves the sessions and the CPU to others (OWASP
/// ASVS 5.0 17.3.1). An IPv6 network of 64 bits counts as one address, since whoever has one address of it has them
/// all.
///
/// Wide enough for a hall behind one NAT address: the limits are about what an attacker could hold, not about users.
final class OfferLimits {
    /// Offers of one address at once, and how many it gets back each second.
    static final int OFFER_BURST = 300;

    static final int OFFERS_PER_SECOND = 30;
    /// Sessions of one address that wait for their peer: each lasts for up to half a minute.
    static final int MAX_UNCONNECTED = 300;
    /// Addresses remembered at once; the one that was heard of first is forgotten first.
    static final int MAX_ADDRESSES = 16_384;

    static final int RETRY_AFTER_SECONDS = 5;

    private final LongSupplier nanoClock;

    // Guarded by this.
    private final Map<Bytes, Address> addresses = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Address> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    OfferLimits(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    private final class Address {
        private final RateLimit offers = new RateLimit(OFFER_BURST, OFFERS_PER_SECOND, nanoClock);
        private final List<PeerSession> waiting = new ArrayList<>();
    }

    /// @throws HttpProblem 429, with Retry-After, if the address has to wait
    void demandTurn(InetAddress from, HttpExchange exchange) throws HttpProblem {
        String reason = reasonToWait(from);
        if (!reason.isEmpty()) {
            exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
            throw new HttpProblem(429, reason);
        }
    }

    private synchronized String reasonToWait(InetAddress from) {
        Address address = addresses.computeIfAbsent(Attempts.network(from), _ -> new Address());
        if (!address.offers.take()) {
            return "more than %d offers a second from one address".formatted(OFFERS_PER_SECOND);
        }
        address.waiting.removeIf(PeerSession::isConnected);
        return address.waiting.size() < MAX_UNCONNECTED
                ? ""
                : "%d sessions of one address are not connected yet".formatted(MAX_UNCONNECTED);
    }

    synchronized void opened(InetAddress from, PeerSession session) {
        addresses
                .computeIfAbsent(Attempts.network(from), _ -> new Address())
                .waiting
                .add(session);
    }

    synchronized void ended(InetAddress from, PeerSession session) {
        Bytes key = Attempts.network(from);
        Address address = addresses.get(key);
        if (address != null) {
            address.waiting.remove(session);
            if (address.waiting.isEmpty() && address.offers.isFull()) {
                addresses.remove(key);
            }
        }
    }
}
