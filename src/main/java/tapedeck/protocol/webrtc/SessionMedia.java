package tapedeck.protocol.webrtc;

import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.stream.SessionReport.TrackReport;

/// The media of one session, in the one direction that it has: what its session needs of either. Lives on the loop of
/// the port.
sealed interface SessionMedia permits InboundMedia, OutboundMedia {
    /// A decrypted compound packet. True if the peer said goodbye for all that it sends or wants.
    boolean rtcp(Bytes compound, long nowNanos);

    void tick(long nowNanos);

    /// One for each track or layer, always in the same order, without bitrates.
    List<TrackReport> reports();

    /// 0 while nobody knows.
    long roundTripNanos();

    /// What the way to or from the peer is estimated to carry; 0 where nobody estimates.
    long availableBitsPerSecond();

    /// Hands on what still waits. The peer is gone.
    void close();
}
