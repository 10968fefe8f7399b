package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import tapedeck.bytes.Bytes;
import tapedeck.net.Attempts;

/// How many pairs of UDP ports each address holds: one peer with many connections cannot take them all. An IPv6 network
/// of 64 bits counts as one address. Safe for use by all event loops.
final class PortShares {
    // Guarded by this.
    private final Map<Bytes, Integer> held = new HashMap<>();

    /// Counts one pair more.
    ///
    /// @throws IOException if the address has as many as it may
    synchronized void take(InetAddress address) throws IOException {
        int before = held(address);
        if (before >= RtspLimits.MAX_PAIRS_PER_ADDRESS) {
            throw new IOException("this address has %d pairs of ports already".formatted(before));
        }
        held.put(Attempts.network(address), before + 1);
    }

    synchronized void giveBack(InetAddress address) {
        held.computeIfPresent(Attempts.network(address), (_, count) -> count == 1 ? null : count - 1);
    }

    synchronized int held(InetAddress address) {
        return held.getOrDefault(Attempts.network(address), 0);
    }
}
