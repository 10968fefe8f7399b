package tapedeck.protocol.webrtc.transport;

import java.util.concurrent.atomic.AtomicLong;
import tapedeck.net.BoundPorts;

/// What a port counts. Written by its loop, read by any thread.
final class PortCounters {
    /// Over UDP.
    final AtomicLong datagrams = new AtomicLong();
    /// Wake-ups that read them.
    final AtomicLong turns = new AtomicLong();
    /// They belong to nobody.
    final AtomicLong junk = new AtomicLong();
    /// Dropped, because their peer does not read.
    final AtomicLong unwritten = new AtomicLong();
    /// Dropped by the kernel, because we did not read in time; looked at every 10 s.
    final AtomicLong overflowed = new AtomicLong();
    /// TCP connections beyond the limits.
    final AtomicLong refused = new AtomicLong();

    void registerWith(BoundPorts ports) {
        ports.count("tapedeck.webrtc.datagrams.received", "Datagrams that came by UDP", datagrams::get);
        ports.count("tapedeck.webrtc.reads", "Turns in which the UDP socket was read", turns::get);
        ports.count("tapedeck.webrtc.datagrams.junk", "Datagrams that belong to nobody", junk::get);
        ports.count(
                "tapedeck.webrtc.datagrams.unwritten",
                "Datagrams that their peer did not take in time",
                unwritten::get);
        ports.count(
                "tapedeck.webrtc.datagrams.overflowed",
                "Datagrams that the kernel dropped because they were not read in time",
                overflowed::get);
        ports.count("tapedeck.webrtc.connections.refused", "TCP connections beyond the limits", refused::get);
    }
}
