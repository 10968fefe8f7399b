package tapedeck.protocol.webrtc.sctp;

/// A data channel, RFC 8831 6.4: one stream in each direction with the same id.
///
/// @param label what the opener calls it; several channels may have the same
/// @param protocol the subprotocol, or ""
/// @param ordered whether messages come in the order in which they were sent
public record DataChannel(int id, String label, String protocol, boolean ordered, Reliability reliability) {
    /// How long a message is sent again that was lost.
    public sealed interface Reliability {
        /// Until it has come.
        record Full() implements Reliability {}

        /// At most so many times.
        record Retransmits(int most) implements Reliability {}

        /// For so long.
        record Lifetime(int millis) implements Reliability {}
    }
}
