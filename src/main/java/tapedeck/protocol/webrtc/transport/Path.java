package tapedeck.protocol.webrtc.transport;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.ice.Addresses;

/// One way between a peer and us: its address on the UDP socket, or its TCP connection. It belongs to one session at
/// most, and only an authenticated check makes it so.
final class Path {
    /// Who has a path keeps it for so long after its last check. RFC 7675 5.1 has checks every 6 s at most; a peer that
    /// was started anew on the same port of a NAT waits for less than ICE's own patience.
    static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Link link;
    private final InetSocketAddress address;
    private @Nullable PeerTransport owner;
    private long checkedNanos;
    private long priority;

    Path(Link link, InetSocketAddress address) {
        this.link = link;
        this.address = address;
    }

    InetSocketAddress address() {
        return address;
    }

    Link link() {
        return link;
    }

    @Nullable
    PeerTransport owner() {
        return owner;
    }

    long checkedNanos() {
        return checkedNanos;
    }

    /// Of the pair, as the peer sees it; larger is better.
    long priority() {
        return priority;
    }

    /// After an authenticated check of `peer`. False if another session keeps the path: then nothing changes.
    boolean bind(PeerTransport peer, long pairPriority, long now) {
        PeerTransport before = owner;
        if (before != null && before != peer) {
            if (now - checkedNanos <= KEPT_NANOS) {
                return false;
            }
            before.lost(this);
        }
        owner = peer;
        checkedNanos = now;
        priority = pairPriority;
        if (before == null) {
            link.bound(this);
        }
        return true;
    }

    /// Authenticated media came on it, which is as good as a check.
    void heard(long now) {
        checkedNanos = now;
    }

    /// The session gives the path up.
    void release(PeerTransport peer) {
        if (owner == peer) {
            owner = null;
            link.released(this);
        }
    }

    void write(byte[] bytes, int offset, int length) {
        link.write(bytes, offset, length, address);
    }

    /// For people: `udp 192.0.2.1:5000`.
    @Override
    public String toString() {
        return link.transport() + " " + Addresses.text(address);
    }
}
